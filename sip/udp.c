/* UDP, what arrives: each socket is drained per wake-up; on a wildcard socket it is noted which
 * address a request was sent to. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
/* wants those above first */
#include <linux/errqueue.h>

#include "sip/stun.h"
#include "sip/transports.h"

#define DRAIN_MAX  64 /* datagrams a wake-up, so that timers and connections get their turn */
#define ERRORS_MAX 32 /* ICMP errors looked at a time */
#define ARRIVALS   32 /* of them, at a time */

/* From where on arrivals are gathered: a wake-up for each datagram costs more than the datagram. */
static const struct pace_steps steps = {.busy = 128, .busy_ms = 2, .full = 384, .full_ms = 10};

static void local_take(struct sip_flow *flow, struct msghdr *m)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(h), sizeof(info));
            memcpy(flow->local, &info.ipi_addr, 4);
        } else if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(h), sizeof(info));
            memcpy(flow->local, &info.ipi6_addr, 16);
        }
    }
}

/* Room for what one call takes from a socket. */
struct arrivals {
    struct mmsghdr m[ARRIVALS];
    struct iovec iov[ARRIVALS];
    struct sockaddr_storage from[ARRIVALS];
    union udp_control control[ARRIVALS];
    char bytes[ARRIVALS][SIP_DATAGRAM_MAX + 1];
};

static int datagrams_receive(const struct listener *l, struct arrivals *a)
{
    for (int i = 0; i < ARRIVALS; i++) {
        a->iov[i] = (struct iovec){a->bytes[i], sizeof(a->bytes[i])};
        a->m[i].msg_hdr =
            (struct msghdr){.msg_name = &a->from[i],
                            .msg_namelen = sizeof(a->from[i]),
                            .msg_iov = &a->iov[i],
                            .msg_iovlen = 1,
                            .msg_control = l->wildcard ? a->control[i].bytes : NULL,
                            .msg_controllen = l->wildcard ? sizeof(a->control[i].bytes) : 0};
    }
    return recvmmsg(l->fd, a->m, ARRIVALS, MSG_TRUNC | MSG_DONTWAIT, NULL);
}

static void ping_answer(struct transport *t, const struct sip_flow *from, struct view bytes)
{
    char buffer[64];
    struct text out = TEXT(buffer);

    if (!stun_answer(&out, bytes, from)) {
        t->counts.hopeless++;
        return;
    }
    t->counts.pings++;
    (void)udp_send(t, from, text_done(&out));
}

static void datagram_handle(struct listener *l, struct arrivals *a, int i)
{
    struct transport *t = l->owner;
    struct view bytes = {a->bytes[i], a->m[i].msg_len};
    struct sip_flow from = {.transport = FLOW_UDP, .listener = l->index};

    if (bytes.n <= 4) { /* keep-alives: CRLF, CRLFCRLF, four zeros */
        t->counts.pings++;
        return;
    }
    if (bytes.n > SIP_DATAGRAM_MAX) {
        t->counts.hopeless++;
        return;
    }
    flow_set_peer(&from, (struct sockaddr *)&a->from[i]);
    if (l->wildcard)
        local_take(&from, &a->m[i].msg_hdr);
    else
        memcpy(from.local, l->address, sizeof(from.local));
    if ((uint8_t)bytes.p[0] < 4) { /* STUN, RFC 5626 8 */
        ping_answer(t, &from, bytes);
        return;
    }
    t->counts.datagrams++;
    t->handler.message(t->handler.arg, &from, bytes);
}

/* In busy times the socket is looked at now and then, otherwise when something arrives. */
static void next_arm(struct listener *l, int heard)
{
    unsigned gather = pace_count(&l->pace, &steps, (unsigned)heard);
    struct timeval wait = {0, heard >= DRAIN_MAX ? 0 : gather * 1000};

    l->full_since = heard < DRAIN_MAX ? 0 : l->full_since ? l->full_since : clock_ms();
    if (gather && event_add(l->poll, &wait) == 0)
        (void)event_del(l->readable);
    else
        (void)event_add(l->readable, NULL);
}

/* Does this say that the peer cannot be reached, now and by this way? */
static bool is_unreachable(const struct sock_extended_err *e)
{
    if (e->ee_origin == SO_EE_ORIGIN_ICMP)
        return e->ee_type == ICMP_DEST_UNREACH && e->ee_code != ICMP_FRAG_NEEDED;
    return e->ee_origin == SO_EE_ORIGIN_ICMP6 && e->ee_type == ICMP6_DST_UNREACH;
}

static void error_handle(const struct listener *l, struct msghdr *m, const struct sockaddr *to)
{
    struct sip_flow flow = {.transport = FLOW_UDP, .listener = l->index};

    flow_set_peer(&flow, to);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        struct sock_extended_err e;

        if (!(h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_RECVERR) &&
            !(h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_RECVERR))
            continue;
        memcpy(&e, CMSG_DATA(h), sizeof(e));
        if (is_unreachable(&e))
            departures_refuse(l->owner, &flow);
    }
}

unsigned udp_errors(const struct listener *l)
{
    unsigned count = 0;

    for (; count < ERRORS_MAX; count++) {
        struct sockaddr_storage to = {0};
        char control[512], byte;
        struct iovec iov = {&byte, 1};
        struct msghdr m = {.msg_name = &to,
                           .msg_namelen = sizeof(to),
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};

        if (recvmsg(l->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        error_handle(l, &m, (struct sockaddr *)&to);
    }
    return count;
}

static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
    static __thread struct arrivals a;
    struct listener *l = arg;
    unsigned errors = 0;
    int heard = 0, n, number;

    (void)fd;
    (void)what;
    clock_update();
    do {
        n = datagrams_receive(l, &a);
        number = errno;
        for (int i = 0; i < n; i++)
            datagram_handle(l, &a, i);
        heard += n > 0 ? n : 0;
        if (n < 0) /* an empty socket wakes us for its error queue, too */
            errors = errors < ERRORS_MAX ? errors + udp_errors(l) + (number == EINTR) : 0;
    } while (heard < DRAIN_MAX && (n == ARRIVALS || (n < 0 && errors && number != EAGAIN)));
    next_arm(l, heard);
    l->owner->handler.turned(l->owner->handler.arg);
}

enum error udp_listen(struct listener *l)
{
    l->readable = event_new(l->owner->base, l->fd, EV_READ | EV_PERSIST, on_datagrams, l);
    l->poll = event_new(l->owner->base, -1, 0, on_datagrams, l);
    if (!l->readable || !l->poll || event_add(l->readable, NULL) < 0)
        return ERR_MEMORY;
    return OK;
}
