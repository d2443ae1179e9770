/* UDP, what leaves: datagrams are gathered until the end of the loop's turn and leave by one call;
 * on a wildcard socket the answer leaves from the address that the request was sent to. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sip/transports.h"

#define DEPARTURES  32          /* datagrams that may wait */
#define ROOM        (64u << 10) /* bytes of them */
#define PAYLOAD_MAX 65507       /* bytes of one, over IPv4 */

struct departures {
    struct event *flush;
    const struct listener *from; /* all leave by this socket */
    unsigned count;
    size_t used;
    struct mmsghdr m[DEPARTURES];
    struct iovec iov[DEPARTURES];
    struct sip_flow flow[DEPARTURES];
    struct sip_flow broken[DEPARTURES]; /* could not be sent to; told at the end of the turn */
    unsigned broken_count;
    struct sip_flow refused[DEPARTURES]; /* by ICMP; told with them */
    unsigned refused_count;
    struct sockaddr_storage to[DEPARTURES];
    union udp_control control[DEPARTURES];
    char bytes[ROOM];
};

typedef void tell(void *arg, const struct sip_flow *flow);

/* Not told in the middle of a send: whoever sends may be what ends. */
static void flows_tell(struct transport *t, struct sip_flow *flows, unsigned *count, tell *told)
{
    struct sip_flow copy[DEPARTURES];
    unsigned n = *count;

    memcpy(copy, flows, n * sizeof(*copy));
    *count = 0;
    for (unsigned i = 0; i < n; i++)
        told(t->handler.arg, &copy[i]);
    if (n)
        t->handler.turned(t->handler.arg);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    struct transport *t = arg;

    (void)fd;
    (void)what;
    udp_flush(t);
    flows_tell(t, t->departures->broken, &t->departures->broken_count, t->handler.broken);
    if (t->handler.refused)
        flows_tell(t, t->departures->refused, &t->departures->refused_count, t->handler.refused);
}

void departures_refuse(struct transport *t, const struct sip_flow *flow)
{
    struct departures *d = t->departures;

    if (d->refused_count == DEPARTURES) /* the rest finds out by its timers */
        return;
    d->refused[d->refused_count++] = *flow;
    event_active(d->flush, EV_TIMEOUT, 0);
}

enum error departures_new(struct transport *t)
{
    struct departures *d = calloc(1, sizeof(*d));

    t->departures = d;
    if (!d)
        return ERR_MEMORY;
    d->flush = event_new(t->base, -1, 0, on_flush, t);
    return d->flush ? OK : ERR_MEMORY;
}

void departures_free(struct transport *t)
{
    if (!t->departures)
        return;
    udp_flush(t);
    if (t->departures->flush)
        event_free(t->departures->flush);
    free(t->departures);
    t->departures = NULL;
}

static void local_put(const struct sip_flow *flow, struct msghdr *m, union udp_control *control)
{
    struct cmsghdr *h;

    memset(control, 0, sizeof(*control));
    m->msg_control = control->bytes;
    m->msg_controllen = sizeof(control->bytes);
    h = CMSG_FIRSTHDR(m);
    if (flow->family == 6) {
        struct in6_pktinfo info = {0};

        memcpy(&info.ipi6_addr, flow->local, 16);
        h->cmsg_level = IPPROTO_IPV6;
        h->cmsg_type = IPV6_PKTINFO;
        h->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(h), &info, sizeof(info));
        m->msg_controllen = CMSG_SPACE(sizeof(info));
    } else {
        struct in_pktinfo info = {0};

        memcpy(&info.ipi_spec_dst, flow->local, 4);
        h->cmsg_level = IPPROTO_IP;
        h->cmsg_type = IP_PKTINFO;
        h->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(h), &info, sizeof(info));
        m->msg_controllen = CMSG_SPACE(sizeof(info));
    }
}

/* A full buffer is loss, which UDP's timers repair; the rest will not get better. */
static bool is_loss(int number)
{
    return number == EAGAIN || number == ENOBUFS || number == EINTR || number == ECONNREFUSED;
}

void udp_flush(struct transport *t)
{
    struct departures *d = t->departures;
    unsigned count = d->count, done = 0;
    bool again = false;

    d->count = 0;
    d->used = 0;
    while (done < count) {
        int n = sendmmsg(d->from->fd, d->m + done, count - done, MSG_DONTWAIT);
        int number = errno;

        if (n > 0) {
            done += (unsigned)n;
            t->counts.sent += (unsigned)n;
            again = false;
            continue;
        }
        if (!again && udp_errors(d->from)) { /* it was another datagram's fault */
            again = true;
            continue;
        }
        if (is_loss(number)) {
            t->counts.sent++;
        } else {
            t->counts.send_failed++;
            if (number != EMSGSIZE &&
                d->broken_count < DEPARTURES) /* that says nothing of the peer */
                d->broken[d->broken_count++] = d->flow[done];
        }
        done++;
    }
}

static void departure_add(struct departures *d, const struct sip_flow *flow, struct view bytes)
{
    static const uint8_t zeros[16];
    unsigned i = d->count++;
    char *copy = d->bytes + d->used;

    memcpy(copy, bytes.p, bytes.n);
    d->used += bytes.n;
    d->flow[i] = *flow;
    d->iov[i] = (struct iovec){copy, bytes.n};
    d->m[i].msg_hdr = (struct msghdr){.msg_name = &d->to[i],
                                      .msg_namelen = flow_peer(flow, &d->to[i]),
                                      .msg_iov = &d->iov[i],
                                      .msg_iovlen = 1};
    if (d->from->wildcard && memcmp(flow->local, zeros, sizeof(zeros)) != 0)
        local_put(flow, &d->m[i].msg_hdr, &d->control[i]);
}

enum error udp_send(struct transport *t, const struct sip_flow *flow, struct view bytes)
{
    const struct listener *l = transport_listener(t, flow);
    struct departures *d = t->departures;

    if (!l || bytes.n > PAYLOAD_MAX)
        return ERR_CLOSED;
    if (d->count && (d->from != l || d->count == DEPARTURES || d->used + bytes.n > ROOM))
        udp_flush(t);
    d->from = l;
    if (!d->count)
        event_active(d->flush, EV_TIMEOUT, 0);
    departure_add(d, flow, bytes);
    return OK;
}
