/* TCP and TLS: connections by their peer, framed by Content-Length, with limits on who may sit
 * idle. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sip/tls_stream.h"
#include "sip/transports.h"

#define CONNECTIONS_MAX 20000
#define YOUNG_MAX       1000          /* of a thread that have not sent a message yet */
#define YOUNG_LIMIT     10000         /* ms for the first whole message */
#define MESSAGE_LIMIT   20000         /* ms for a message that has begun */
#define STRANGER_LIMIT  (300 * 1000)  /* ms without a message, for a peer who has proven nothing */
#define IDLE_LIMIT      (7500 * 1000) /* for one who has: longer than any registration */
#define ACCEPT_PAUSE    1000          /* ms, after accept() failed */
#define HOST_MAX        256           /* bytes of a name that a certificate is to be for */
#define OUTPUT_MAX      (1u << 20)    /* bytes that may wait for a slow reader */
#define OUTPUT_BUSY     (64u << 10)   /* from here on nothing more is read from him */

struct connection {
    struct table_node node; /* by peer */
    struct transport *owner;
    struct bufferevent *io;
    struct evbuffer *early; /* what waits for the socket */
    char *host;             /* TLS that we open: whom the peer's certificate has to be for */
    struct sip_flow flow;
    struct timer limit;
    struct connection *next, **link; /* among the young, or those waiting for a socket */
    struct connection *parked_next, **parked_link;
    int fd;              /* accepted, not admitted yet; else -1 */
    size_t seen, needed; /* of the first message in the buffer */
    bool young, waiting, begun, held, kept, secured, parked;
};

static uint64_t peer_hash(const struct sip_flow *flow)
{
    struct {
        uint8_t address[16];
        uint16_t port;
        uint8_t family, transport;
    } key;

    memset(&key, 0, sizeof(key));
    memcpy(key.address, flow->address, sizeof(key.address));
    key.port = flow->port;
    key.family = flow->family;
    key.transport = flow->transport;
    return hash_view((struct view){(const char *)&key, sizeof(key)});
}

static bool peer_matches(const struct table_node *node, const void *key)
{
    return flow_same_peer(&((const struct connection *)(const void *)node)->flow, key);
}

static struct connection *connection_find(const struct transport *t, const struct sip_flow *flow)
{
    return (void *)table_find(&t->connections, peer_hash(flow), peer_matches, flow);
}

bool tcp_is_open(const struct transport *t, const struct sip_flow *flow)
{
    return connection_find(t, flow) != NULL;
}

static void list_leave(struct connection *c)
{
    struct transport *t = c->owner;

    if (!c->link)
        return;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    else if (c->young)
        t->young_last = c->link;
    if (c->young)
        t->young_count--;
    c->young = c->waiting = false;
    c->next = NULL;
    c->link = NULL;
}

static void young_join(struct connection *c)
{
    struct transport *t = c->owner;

    c->young = true;
    c->link = t->young_last;
    *t->young_last = c;
    t->young_last = &c->next;
    t->young_count++;
}

static void waiting_join(struct connection *c)
{
    struct connection **link = &c->owner->waiting;

    while (*link)
        link = &(*link)->next;
    c->waiting = true;
    c->link = link;
    *link = c;
}

/* It has something to say while nothing is listened to. */
static void park(struct connection *c)
{
    struct transport *t = c->owner;

    bufferevent_disable(c->io, EV_READ); /* so that its end is not met before its last words */
    if (c->parked)
        return;
    c->parked = true;
    c->parked_link = t->parked_last;
    *t->parked_last = c;
    t->parked_last = &c->parked_next;
}

static void unpark(struct connection *c)
{
    if (!c->parked)
        return;
    *c->parked_link = c->parked_next;
    if (c->parked_next)
        c->parked_next->parked_link = c->parked_link;
    else
        c->owner->parked_last = c->parked_link;
    c->parked_next = NULL;
    c->parked = false;
}

static void connection_free(struct connection *c)
{
    list_leave(c);
    unpark(c);
    timer_disarm(&c->limit);
    table_take(&c->owner->connections, &c->node);
    c->owner->counts.connections--;
    if (c->io)
        bufferevent_free(c->io);
    if (c->early)
        evbuffer_free(c->early);
    if (c->fd >= 0)
        close(c->fd);
    free(c->host);
    free(c);
}

static void connection_break(struct connection *c)
{
    struct transport *t = c->owner;
    struct sip_flow flow = c->flow;

    connection_free(c);
    t->handler.broken(t->handler.arg, &flow);
}

static void limit_in(struct connection *c, uint64_t ms);

static void on_limit(struct timer *timer)
{
    struct connection *c = TIMER_OWNER(timer, struct connection, limit);

    if (c->parked) { /* it is not its fault */
        limit_in(c, MESSAGE_LIMIT);
        return;
    }
    c->owner->counts.timed_out_connections++;
    connection_break(c);
}

static void limit_in(struct connection *c, uint64_t ms)
{
    timer_arm(c->owner->wheel, &c->limit, ms, on_limit);
}

/* The time that the peer may now be silent. */
static void idle_begin(struct connection *c)
{
    limit_in(c, c->young ? YOUNG_LIMIT : c->kept ? IDLE_LIMIT : STRANGER_LIMIT);
}

void tcp_keep(struct transport *t, const struct sip_flow *flow)
{
    struct connection *c = connection_find(t, flow);

    if (!c)
        return;
    c->kept = true;
    if (!c->begun && !c->held) /* those have a nearer limit, and keep it */
        idle_begin(c);
}

void tcp_close(struct transport *t, const struct sip_flow *flow)
{
    struct connection *c = connection_find(t, flow);

    if (c)
        connection_break(c);
}

static uint64_t share_of(const struct transport *t, unsigned limit)
{
    return t->share ? limit / t->share : limit;
}

static struct connection *connection_new(struct transport *t, const struct sip_flow *flow)
{
    struct connection *c;

    if (t->counts.connections >= share_of(t, CONNECTIONS_MAX) || !(c = calloc(1, sizeof(*c)))) {
        t->counts.refused_connections++;
        return NULL;
    }
    c->owner = t;
    c->fd = -1;
    c->flow = *flow;
    table_put(&t->connections, &c->node, peer_hash(flow));
    t->counts.connections++;
    return c;
}

/* Takes the message of `size` bytes off the input and hands it over. False: the connection died. */
static bool message_deliver(struct connection *c, struct evbuffer *input, size_t size)
{
    static __thread char buffer[SIP_STREAM_MAX];
    struct transport *t = c->owner;
    struct sip_flow flow = c->flow;

    if (size > sizeof(buffer) || evbuffer_remove(input, buffer, size) != (int)size)
        return false;
    list_leave(c);
    c->begun = false;
    idle_begin(c);
    t->counts.stream_messages++;
    t->handler.message(t->handler.arg, &flow, (struct view){buffer, size});
    return connection_find(t, &flow) == c;
}

static void partial(struct connection *c, size_t bytes)
{
    if (bytes && !c->begun) {
        c->begun = true;
        limit_in(c, c->young ? YOUNG_LIMIT : MESSAGE_LIMIT);
    }
}

/* Who does not read his answers is not listened to until he does, and not for long. */
static bool is_held(struct connection *c)
{
    if (evbuffer_get_length(bufferevent_get_output(c->io)) < OUTPUT_BUSY)
        return false;
    c->held = true;
    bufferevent_disable(c->io, EV_READ);
    limit_in(c, MESSAGE_LIMIT);
    return true;
}

static void input_take(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->io);

    while (!is_held(c)) {
        if (c->owner->paused) {
            park(c);
            return;
        }

        size_t n = evbuffer_get_length(input), size = c->needed;
        const char *bytes = n && n >= size ? (const char *)evbuffer_pullup(input, -1) : "";
        enum sip_frame found = sip_frame_next((struct view){bytes, n}, &c->seen, &size);

        c->needed = found == SIP_PARTIAL ? size : 0;
        switch (found) {
        case SIP_FRAMED:
            if (!message_deliver(c, input, size))
                return;
            break;
        case SIP_PING:
            evbuffer_drain(input, size);
            c->owner->counts.pings += size / 4;
            for (size_t i = 0; i < size / 4; i++)
                evbuffer_add(bufferevent_get_output(c->io), "\r\n", 2);
            break;
        case SIP_NOISE:
            evbuffer_drain(input, size);
            break;
        case SIP_PARTIAL:
            partial(c, n);
            return;
        case SIP_HOPELESS:
            c->owner->counts.hopeless++;
            connection_break(c);
            return;
        }
    }
}

static void on_input(struct bufferevent *io, void *arg)
{
    struct connection *c = arg;
    struct transport *t = c->owner;

    (void)io;
    clock_update();
    input_take(c);
    t->handler.turned(t->handler.arg);
}

/* All that waited was sent. */
static void on_output(struct bufferevent *io, void *arg)
{
    struct connection *c = arg;
    struct transport *t = c->owner;

    if (!c->held)
        return;
    clock_update();
    c->held = c->begun = false;
    idle_begin(c);
    if (!c->parked) {
        bufferevent_enable(io, EV_READ);
        input_take(c);
    }
    t->handler.turned(t->handler.arg);
}

/* Connected; over TLS: and the handshake is done. */
static void established(struct connection *c)
{
    if (c->flow.transport == FLOW_TLS) {
        c->secured = true;
        c->owner->counts.handshakes++;
    }
    if (!c->young) /* a handshake is no message yet */
        idle_begin(c);
}

static void handshake_failed(struct connection *c)
{
    char text[FLOW_TEXT_MAX];

    c->owner->counts.handshakes_failed++;
    if (c->host)
        log_info("no TLS with %s as %s: %s", flow_text(&c->flow, text), c->host,
                 tls_failure(c->io));
    else
        log_debug("no TLS with %s: %s", flow_text(&c->flow, text), tls_failure(c->io));
}

static void on_change(struct bufferevent *io, short what, void *arg)
{
    struct connection *c = arg;
    struct transport *t = c->owner;

    (void)io;
    clock_update();
    if (what & BEV_EVENT_CONNECTED) {
        established(c);
    } else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        if (c->flow.transport == FLOW_TLS && !c->secured)
            handshake_failed(c);
        connection_break(c);
    }
    t->handler.turned(t->handler.arg);
}

static struct bufferevent *stream_new(const struct connection *c, int fd)
{
    const struct transport *t = c->owner;

    if (c->flow.transport != FLOW_TLS)
        return bufferevent_socket_new(t->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!t->tls)
        return NULL;
    return c->host ? tls_connect(t->tls, t->base, fd, c->host) : tls_accept(t->tls, t->base, fd);
}

/* Takes fd over, unless it returns false. */
static bool connection_open(struct connection *c, int fd)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->io = stream_new(c, fd);
    if (!c->io)
        return false;
    bufferevent_setcb(c->io, on_input, on_output, on_change, c);
    bufferevent_setwatermark(c->io, EV_READ, 0, 2 * SIP_STREAM_MAX);
    return true;
}

static void flow_set_local(struct sip_flow *flow, int fd)
{
    struct sockaddr_storage local;
    socklen_t n = sizeof(local);
    struct sip_flow own = {0};

    if (getsockname(fd, (struct sockaddr *)&local, &n) < 0)
        return;
    flow_set_peer(&own, (struct sockaddr *)&local);
    memcpy(flow->local, own.address, sizeof(flow->local));
}

/* From now on it is listened to. */
static void connection_admit(struct connection *c)
{
    struct transport *t = c->owner;
    int fd = c->fd;

    if (t->young_count && t->young_count >= YOUNG_MAX) { /* the oldest makes room */
        t->counts.timed_out_connections++;
        connection_break(t->young_first);
    }
    if (!connection_open(c, fd)) {
        connection_break(c);
        return;
    }
    c->fd = -1;
    young_join(c);
    bufferevent_enable(c->io, EV_READ | EV_WRITE);
}

static bool is_not_admitted(const struct table_node *node, const void *key)
{
    return ((const struct connection *)(const void *)node)->fd >= 0 && peer_matches(node, key);
}

void tcp_admit(struct transport *t, const struct sip_flow *flow)
{
    struct connection *c =
        (void *)table_find(&t->connections, peer_hash(flow), is_not_admitted, flow);

    if (c)
        connection_admit(c);
}

static void on_accept(struct evconnlistener *accepting, evutil_socket_t fd, struct sockaddr *from,
                      int size, void *arg)
{
    struct listener *l = arg;
    struct transport *t = l->owner;
    struct sip_flow flow = {.transport = l->transport, .listener = l->index};
    struct connection *c;

    (void)accepting;
    (void)size;
    clock_update();
    flow_set_peer(&flow, from);
    if (t->handler.admit && !t->handler.admit(t->handler.arg, &flow)) {
        close(fd);
        return;
    }
    flow_set_local(&flow, fd);
    c = connection_new(t, &flow);
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    limit_in(c, YOUNG_LIMIT);
    if (t->handler.accepted)
        t->handler.accepted(t->handler.arg, &flow);
    else
        connection_admit(c);
    t->handler.turned(t->handler.arg);
}

static void on_accept_again(struct timer *timer)
{
    evconnlistener_enable(TIMER_OWNER(timer, struct listener, pause)->accepting);
}

/* Without descriptors the waiting connection would wake us again and again. */
static void on_accept_error(struct evconnlistener *accepting, void *arg)
{
    struct listener *l = arg;

    log_errno("no connection can be accepted for a second");
    evconnlistener_disable(accepting);
    timer_arm(l->owner->wheel, &l->pause, ACCEPT_PAUSE, on_accept_again);
    l->owner->handler.turned(l->owner->handler.arg);
}

enum error tcp_listen(struct listener *l)
{
    l->accepting =
        evconnlistener_new(l->owner->base, on_accept, l, LEV_OPT_CLOSE_ON_EXEC, 0, l->fd);
    if (!l->accepting)
        return ERR_MEMORY;
    evconnlistener_set_error_cb(l->accepting, on_accept_error);
    return OK;
}

/* A connection that waits for its socket, and with it the bytes. */
static enum error connection_start(struct transport *t, const struct sip_flow *flow,
                                   struct view host, struct view bytes)
{
    struct connection *c = connection_new(t, flow);

    if (!c)
        return ERR_LIMIT;
    c->early = evbuffer_new();
    c->host = host.n ? view_dup(host) : NULL;
    if (!c->early || (host.n && !c->host) || evbuffer_add(c->early, bytes.p, bytes.n) < 0) {
        connection_free(c);
        return ERR_MEMORY;
    }
    waiting_join(c);
    limit_in(c, YOUNG_LIMIT);
    t->handler.want_stream(t->handler.arg, flow->family);
    return OK;
}

/* Whom a certificate has to be for when nobody was named: the address itself. */
static struct view address_name(const struct sip_flow *flow, struct text *out)
{
    if (flow->transport == FLOW_TLS)
        flow_address_text(flow->address, flow->family, false, out);
    return text_done(out);
}

static bool connection_is_for(const struct connection *c, struct view host)
{
    char name[HOST_MAX];

    if (c->host && view_ieq(view_of(c->host), host))
        return true;
    return c->secured && view_copy(host, name, sizeof(name)) && tls_peer_is(c->io, name);
}

enum error tcp_name(struct transport *t, const struct sip_flow *flow, struct view host)
{
    struct connection *c = connection_find(t, flow);

    if (!host.n || host.n >= HOST_MAX)
        return ERR_LIMIT;
    if (!t->tls)
        return ERR_CLOSED;
    if (c)
        return connection_is_for(c, host) ? OK : ERR_DENIED;
    return connection_start(t, flow, host, VIEW(""));
}

enum error tcp_send(struct transport *t, const struct sip_flow *flow, struct view bytes)
{
    struct connection *c = connection_find(t, flow);
    struct evbuffer *output;
    char name[INET6_ADDRSTRLEN];
    struct text host = TEXT(name);

    if (!c && flow->transport == FLOW_TLS && !t->tls)
        return ERR_CLOSED;
    if (!c)
        return connection_start(t, flow, address_name(flow, &host), bytes);
    output = c->io ? bufferevent_get_output(c->io) : c->early;
    if (!output)
        return ERR_CLOSED;
    if (evbuffer_get_length(output) + bytes.n > OUTPUT_MAX)
        return ERR_CLOSED;
    return evbuffer_add(output, bytes.p, bytes.n) == 0 ? OK : ERR_MEMORY;
}

/* Fd is the connection's as soon as there is c->io. */
static bool connecting_begin(struct connection *c, int fd)
{
    struct sockaddr_storage to;
    socklen_t size = flow_peer(&c->flow, &to);

    if (c->flow.transport == FLOW_TLS) { /* a handshake begins on a socket that is on its way */
        if (connect(fd, (struct sockaddr *)&to, size) < 0 && errno != EINPROGRESS)
            return false;
        if (!connection_open(c, fd))
            return false;
        bufferevent_enable(c->io, EV_READ | EV_WRITE);
    } else {
        if (!connection_open(c, fd))
            return false;
        bufferevent_enable(c->io, EV_READ | EV_WRITE);
        if (bufferevent_socket_connect(c->io, (struct sockaddr *)&to, (int)size) < 0)
            return false;
    }
    return evbuffer_add_buffer(bufferevent_get_output(c->io), c->early) == 0;
}

void transport_give_stream(struct transport *t, uint8_t family, int fd)
{
    struct connection *c = t->waiting;

    while (c && c->flow.family != family)
        c = c->next;
    if (!c) {
        if (fd >= 0)
            close(fd);
        return;
    }
    list_leave(c);
    if (fd >= 0 && connecting_begin(c, fd))
        return;
    if (fd >= 0 && !c->io)
        close(fd);
    connection_break(c);
}

void tcp_resume(struct transport *t)
{
    struct connection *c;

    t->paused = 0;
    while (!t->paused && (c = t->parked_first)) {
        unpark(c);
        if (c->held)
            continue;
        bufferevent_enable(c->io, EV_READ);
        input_take(c);
    }
}

static void close_one(struct table_node *node, void *arg)
{
    (void)arg;
    connection_free((struct connection *)(void *)node);
}

void tcp_close_all(struct transport *t)
{
    table_each(&t->connections, close_one, NULL);
}
