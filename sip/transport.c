/* The transports of one worker, and which address of ours a peer sees. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sip/crew.h"

enum error transport_new(struct transport **out, struct event_base *base, struct wheel *wheel,
                         const struct transport_handler *handler,
                         const struct transport_address *addresses, size_t count)
{
    struct transport *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (!t)
        return ERR_MEMORY;
    t->base = base;
    t->wheel = wheel;
    t->handler = *handler;
    t->young_last = &t->young_first;
    t->parked_last = &t->parked_first;
    t->addresses = calloc(count + 1, sizeof(*addresses));
    if (!t->addresses || table_init(&t->connections) != OK || departures_new(t) != OK) {
        transport_free(t);
        return ERR_MEMORY;
    }
    if (count)
        memcpy(t->addresses, addresses, count * sizeof(*addresses));
    t->address_count = count;
    *out = t;
    return OK;
}

void transport_free(struct transport *t)
{
    if (!t)
        return;
    crew_free(t->crew);
    departures_free(t);
    if (t->connections.slots)
        tcp_close_all(t);
    for (unsigned i = 0; i < t->listener_count; i++) {
        if (t->listeners[i].readable)
            event_free(t->listeners[i].readable);
        if (t->listeners[i].poll)
            event_free(t->listeners[i].poll);
        timer_disarm(&t->listeners[i].pause);
        if (t->listeners[i].accepting)
            evconnlistener_free(t->listeners[i].accepting);
    }
    table_free(&t->connections);
    tls_free(t->tls);
    free(t->addresses);
    free(t);
}

/* The place for one more; it counts once it serves. NULL: there is none. */
static struct listener *listener_next(struct transport *t, int fd, enum flow_transport transport,
                                      const struct sockaddr *bound, unsigned index)
{
    static const uint8_t zeros[16];
    struct listener *l = &t->listeners[t->listener_count];
    struct sip_flow address = {0};

    if (t->listener_count == LISTENERS_MAX || index > UINT8_MAX)
        return NULL;
    flow_set_peer(&address, bound);
    *l = (struct listener){.owner = t,
                           .fd = fd,
                           .transport = (uint8_t)transport,
                           .family = address.family,
                           .index = (uint8_t)index,
                           .port = address.port};
    memcpy(l->address, address.address, sizeof(l->address));
    l->wildcard = memcmp(l->address, zeros, sizeof(zeros)) == 0;
    return l;
}

enum error transport_listen(struct transport *t, int fd, enum flow_transport transport,
                            const struct sockaddr *bound, unsigned index)
{
    struct listener *l = listener_next(t, fd, transport, bound, index);
    enum error error;

    if (!l)
        return ERR_LIMIT;
    error = transport == FLOW_UDP ? udp_listen(l) : tcp_listen(l);
    if (error == OK)
        t->listener_count++;
    return error;
}

enum error transport_lend(struct transport *t, int fd, const struct sockaddr *bound, unsigned index)
{
    if (!listener_next(t, fd, FLOW_UDP, bound, index))
        return ERR_LIMIT;
    t->listener_count++;
    return OK;
}

enum error transport_hire(struct transport *t, unsigned count)
{
    t->share = count + 1;
    return crew_new(&t->crew, t, count);
}

enum error transport_begin(struct transport *t)
{
    return t->crew ? crew_begin(t->crew) : OK;
}

enum error transport_assign(struct transport *t, unsigned thread, int fd,
                            enum flow_transport transport, const struct sockaddr *bound,
                            unsigned index)
{
    return crew_listen(t->crew, thread, fd, transport, bound, index);
}

/* The thread that is to send along flow: a connection's own, for datagrams one of all. NULL: t's.
 */
static struct hired *sender_for(const struct transport *t, const struct sip_flow *flow)
{
    if (!t->crew)
        return NULL;
    if (flow->transport == FLOW_UDP)
        return crew_share(t->crew, flow);
    return tcp_is_open(t, flow) ? NULL : crew_find(t->crew, flow);
}

enum error transport_send(struct transport *t, const struct sip_flow *flow, struct view bytes)
{
    bool udp = flow->transport == FLOW_UDP;
    struct hired *other = sender_for(t, flow);
    enum error error = other ? hired_send(other, flow, bytes)
                       : udp ? udp_send(t, flow, bytes)
                             : tcp_send(t, flow, bytes);

    if (error != OK)
        t->counts.send_failed++;
    else if (!udp && !other) /* datagrams are counted when they leave, and so do the others */
        t->counts.sent++;
    return error;
}

void transport_set_tls(struct transport *t, struct tls *tls)
{
    tls_free(t->tls);
    t->tls = tls;
    if (t->crew && tls)
        crew_set_tls(t->crew, tls);
}

enum error transport_name(struct transport *t, const struct sip_flow *flow, struct view host)
{
    return flow->transport == FLOW_TLS ? tcp_name(t, flow, host) : OK;
}

bool transport_is_open(const struct transport *t, const struct sip_flow *flow)
{
    return flow->transport == FLOW_UDP || tcp_is_open(t, flow) ||
           (t->crew && crew_find(t->crew, flow));
}

void transport_keep(struct transport *t, const struct sip_flow *flow)
{
    struct hired *other;

    if (!flow_is_reliable(flow))
        return;
    other = sender_for(t, flow);
    if (other)
        hired_keep(other, flow);
    else
        tcp_keep(t, flow);
}

const struct listener *transport_listener(const struct transport *t, const struct sip_flow *flow)
{
    const struct listener *fitting = NULL;

    for (unsigned i = 0; i < t->listener_count; i++) {
        const struct listener *l = &t->listeners[i];

        if (l->transport != flow->transport || l->family != flow->family)
            continue;
        if (l->index == flow->listener)
            return l;
        if (!fitting)
            fitting = l;
    }
    return fitting;
}

static bool same_network(const uint8_t *a, const uint8_t *b, unsigned prefix)
{
    unsigned bytes = prefix / 8, bits = prefix % 8;

    if (memcmp(a, b, bytes) != 0)
        return false;
    return bits == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits) == 0;
}

static bool is_loopback(const uint8_t *address, uint8_t family)
{
    static const uint8_t one[16] = {[15] = 1};

    return family == 4 ? address[0] == 127 : memcmp(address, one, 16) == 0;
}

/* The address of ours in the peer's network, else the first that is no loopback. */
static const uint8_t *nearest_address(const struct transport *t, const struct sip_flow *flow)
{
    const uint8_t *other = NULL;

    for (size_t i = 0; i < t->address_count; i++) {
        const struct transport_address *a = &t->addresses[i];

        if (a->family != flow->family)
            continue;
        if (same_network(a->address, flow->address, a->prefix))
            return a->address;
        if (!other && !is_loopback(a->address, a->family))
            other = a->address;
    }
    return other;
}

/* Can a socket bound to l talk to the peer at all? */
static bool listener_fits(const struct listener *l, const struct sip_flow *flow)
{
    if (l->transport != flow->transport || l->family != flow->family)
        return false;
    return l->wildcard ||
           is_loopback(l->address, l->family) == is_loopback(flow->address, flow->family);
}

enum error transport_reach(const struct transport *t, struct sip_flow *flow)
{
    const struct listener *fitting = NULL;
    const uint8_t *nearest = nearest_address(t, flow);

    for (unsigned i = 0; i < t->listener_count; i++) {
        const struct listener *l = &t->listeners[i];

        if (!listener_fits(l, flow))
            continue;
        if (!fitting || (nearest && memcmp(l->address, nearest, 16) == 0))
            fitting = l;
    }
    if (!fitting || flow_is_group(flow))
        return ERR_NOT_FOUND;
    flow->listener = fitting->index;
    if (!fitting->wildcard)
        memcpy(flow->local, fitting->address, sizeof(flow->local));
    else if (nearest)
        memcpy(flow->local, nearest, sizeof(flow->local));
    else
        memset(flow->local, 0, sizeof(flow->local));
    return OK;
}

void transport_local(const struct transport *t, const struct sip_flow *flow, uint8_t out[16])
{
    static const uint8_t zeros[16];
    const struct listener *l = transport_listener(t, flow);
    const uint8_t *local = flow->local;

    if (memcmp(local, zeros, sizeof(zeros)) == 0) {
        const uint8_t *nearest = nearest_address(t, flow);

        local = l && !l->wildcard ? l->address : nearest ? nearest : zeros;
    }
    memcpy(out, local, sizeof(zeros));
}

bool transport_hears(const struct transport *t, uint8_t family, const uint8_t address[16])
{
    for (unsigned i = 0; i < t->listener_count; i++) {
        const struct listener *l = &t->listeners[i];

        if (l->family == family && (l->wildcard || !memcmp(l->address, address, 16)))
            return true;
    }
    return false;
}

void transport_sent_by(const struct transport *t, const struct sip_flow *flow, struct text *out)
{
    const struct listener *l = transport_listener(t, flow);
    uint8_t local[16];

    transport_local(t, flow, local);
    flow_address_text(local, flow->family, true, out);
    text_string(out, ":");
    text_number(out, l ? l->port : flow_default_port(flow->transport));
}

/* 0.0.0.0 and :: lead to this host as well. */
static bool is_unspecified(const uint8_t *address)
{
    static const uint8_t zeros[16];

    return memcmp(address, zeros, sizeof(zeros)) == 0;
}

bool transport_is_own(const struct transport *t, const struct sip_flow *address)
{
    for (size_t i = 0; i < t->address_count; i++)
        if (t->addresses[i].family == address->family &&
            memcmp(t->addresses[i].address, address->address, 16) == 0)
            return true;
    return is_loopback(address->address, address->family) || is_unspecified(address->address);
}

bool transport_is_self(const struct transport *t, const struct sip_flow *flow)
{
    for (unsigned i = 0; i < t->listener_count; i++) {
        const struct listener *l = &t->listeners[i];

        if (l->transport != flow->transport || l->family != flow->family || l->port != flow->port)
            continue;
        if (l->wildcard
                ? transport_is_own(t, flow)
                : memcmp(l->address, flow->address, 16) == 0 || is_unspecified(flow->address))
            return true;
    }
    return false;
}

bool transport_is_own_port(const struct transport *t, uint16_t port)
{
    for (unsigned i = 0; i < t->listener_count; i++)
        if (t->listeners[i].port == port)
            return true;
    return port == 0;
}

uint64_t transport_lag(const struct transport *t)
{
    uint64_t lag = 0, now = clock_ms();

    for (unsigned i = 0; i < t->listener_count; i++) {
        uint64_t since = t->listeners[i].full_since;

        if (since && now - since > lag)
            lag = now - since;
    }
    if (t->paused && now - t->paused > lag)
        lag = now - t->paused;
    return t->crew && crew_lag(t->crew) > lag ? crew_lag(t->crew) : lag;
}

unsigned transport_threads(const struct transport *t)
{
    return 1 + (t->crew ? crew_count(t->crew) : 0);
}

struct transport_counts transport_counts_of(const struct transport *t, unsigned thread)
{
    return thread == 0 ? t->counts : crew_counts(t->crew, thread);
}

struct transport_counts transport_counts(const struct transport *t)
{
    struct transport_counts sum = t->counts;

    for (unsigned i = 1; i < transport_threads(t); i++) {
        struct transport_counts one = transport_counts_of(t, i);

        for (size_t k = 0; k < sizeof(one) / sizeof(uint64_t); k++)
            ((uint64_t *)&sum)[k] += ((const uint64_t *)&one)[k];
    }
    return sum;
}
