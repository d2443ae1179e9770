/* UDP: each socket is drained per wake-up; on a wildcard socket the answer leaves from the address
 * that the request was sent to. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sip/transports.h"

#define DRAIN_MAX      64  /* datagrams a wake-up, so that timers and connections get their turn */
#define BUSY_PERIOD    128 /* ms */
#define BUSY_DATAGRAMS 128 /* within a period, from which on arrivals are gathered */
#define GATHER_MS      2

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

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

static ssize_t datagram_receive(struct listener *l, char *buffer, size_t size,
                                struct sip_flow *flow)
{
    struct sockaddr_storage from;
    union control control;
    struct iovec iov = {buffer, size};
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof(from),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = l->wildcard ? control.bytes : NULL,
                       .msg_controllen = l->wildcard ? sizeof(control.bytes) : 0};
    ssize_t n = recvmsg(l->fd, &m, MSG_TRUNC | MSG_DONTWAIT);

    if (n < 0)
        return n;
    *flow = (struct sip_flow){.transport = FLOW_UDP, .listener = l->index};
    flow_set_peer(flow, (struct sockaddr *)&from);
    if (l->wildcard)
        local_take(flow, &m);
    else
        memcpy(flow->local, l->address, sizeof(flow->local));
    return n;
}

static void datagram_handle(struct listener *l, const struct sip_flow *from, struct view bytes)
{
    struct transport *t = l->owner;

    if (bytes.n <= 4) { /* keep-alives: CRLF, CRLFCRLF, four zeros */
        t->counts.pings++;
        return;
    }
    if (bytes.n > SIP_DATAGRAM_MAX) {
        t->counts.hopeless++;
        return;
    }
    t->counts.datagrams++;
    t->handler.message(t->handler.arg, from, bytes);
}

/* Is there so much traffic that waking for each datagram costs more than handling it? */
static bool busy_update(struct listener *l, int heard)
{
    uint64_t period = clock_ms() / BUSY_PERIOD;

    l->heard += (unsigned)heard;
    if (period != l->period) {
        l->busy = period == l->period + 1 && l->heard >= BUSY_DATAGRAMS;
        l->period = period;
        l->heard = 0;
    }
    return l->busy;
}

/* In busy times the socket is looked at every GATHER_MS, otherwise when something arrives. */
static void next_arm(struct listener *l, int heard)
{
    struct timeval gather = {0, heard == DRAIN_MAX ? 0 : GATHER_MS * 1000};

    if (busy_update(l, heard) && event_add(l->poll, &gather) == 0)
        (void)event_del(l->readable);
    else
        (void)event_add(l->readable, NULL);
}

static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
    static __thread char buffer[SIP_DATAGRAM_MAX + 1];
    struct listener *l = arg;
    int heard;

    (void)fd;
    (void)what;
    clock_update();
    for (heard = 0; heard < DRAIN_MAX; heard++) {
        struct sip_flow flow;
        ssize_t n = datagram_receive(l, buffer, sizeof(buffer), &flow);

        if (n < 0 && errno != EINTR && errno != ECONNREFUSED)
            break;
        if (n >= 0)
            datagram_handle(l, &flow, (struct view){buffer, (size_t)n});
    }
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

static void local_put(const struct sip_flow *flow, struct msghdr *m, union control *control)
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

enum error udp_send(struct transport *t, const struct sip_flow *flow, struct view bytes)
{
    static const uint8_t zeros[16];
    const struct listener *l = transport_listener(t, flow);
    struct sockaddr_storage to;
    union control control;
    struct iovec iov = {(void *)bytes.p, bytes.n};
    struct msghdr m = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1};

    if (!l)
        return ERR_CLOSED;
    m.msg_namelen = flow_peer(flow, &to);
    if (l->wildcard && memcmp(flow->local, zeros, sizeof(zeros)) != 0)
        local_put(flow, &m, &control);
    if (sendmsg(l->fd, &m, MSG_DONTWAIT) >= 0)
        return OK;
    /* a full buffer is loss, which UDP's timers repair; the rest will not get better */
    return errno == EAGAIN || errno == ENOBUFS || errno == EINTR || errno == ECONNREFUSED
               ? OK
               : ERR_CLOSED;
}
