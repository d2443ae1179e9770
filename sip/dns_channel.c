/* c-ares in an event loop: its sockets, its clock, its questions. */
#include "sip/dns_channel.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "sip/dns_sockets.h"

#define TRY_WAIT    1000 /* ms; the second try waits twice as long */
#define TRIES       2
#define SOCKETS_MAX (4 * DNS_SERVERS_MAX)

/* A socket that c-ares uses. */
struct watched {
    int fd;
    struct event *event; /* NULL: unused */
};

struct dns_channel {
    ares_channel ares;
    struct event_base *base;
    struct dns_channel_handler handler;
    struct dns_sockets sockets;
    struct watched watched[SOCKETS_MAX];
    struct event *timer;
    unsigned asked; /* questions that are open */
};

struct question {
    struct dns_channel *channel;
    dns_channel_done *done;
    void *arg;
};

/* sockets, as c-ares sees them */

static ares_socket_t on_socket(int domain, int type, int protocol, void *arg)
{
    struct dns_channel *c = arg;
    int fd = dns_sockets_take(&c->sockets, domain, type);

    (void)protocol;
    if (fd < 0)
        errno = EMFILE;
    return fd;
}

static int on_close(ares_socket_t fd, void *arg)
{
    (void)arg;
    return close(fd);
}

static int on_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t size, void *arg)
{
    (void)arg;
    return connect(fd, to, size);
}

static ares_ssize_t on_receive(ares_socket_t fd, void *bytes, size_t size, int flags,
                               struct sockaddr *from, ares_socklen_t *from_size, void *arg)
{
    (void)arg;
    return recvfrom(fd, bytes, size, flags, from, from_size);
}

/* An ICMP error of an earlier datagram fails the next one: c-ares would move that on to another
 * server and leave the earlier one waiting. Sent again, both fail where c-ares reads. */
static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *parts, int count, void *arg)
{
    struct msghdr m = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);

    (void)arg;
    if (n < 0 && errno == ECONNREFUSED)
        n = sendmsg(fd, &m, MSG_NOSIGNAL);
    return n;
}

static const struct ares_socket_functions socket_functions = {on_socket, on_close, on_connect,
                                                              on_receive, on_send};

/* the loop */

static void timer_set(struct dns_channel *c)
{
    struct timeval wait;

    if (ares_timeout(c->ares, NULL, &wait))
        event_add(c->timer, &wait);
    else
        event_del(c->timer);
}

static void channel_turned(struct dns_channel *c)
{
    dns_sockets_fill(&c->sockets);
    timer_set(c);
    c->handler.turned(c->handler.arg);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct dns_channel *c = arg;

    clock_update();
    ares_process_fd(c->ares, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    channel_turned(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct dns_channel *c = arg;

    (void)fd;
    (void)what;
    clock_update();
    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    channel_turned(c);
}

static struct watched *watched_find(struct dns_channel *c, int fd)
{
    struct watched *unused = NULL;

    for (int i = 0; i < SOCKETS_MAX; i++) {
        if (c->watched[i].event && c->watched[i].fd == fd)
            return &c->watched[i];
        if (!c->watched[i].event)
            unused = &c->watched[i];
    }
    return unused;
}

/* What c-ares waits for on fd. Without memory for it, its own timeout ends the question. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns_channel *c = arg;
    struct watched *w = watched_find(c, fd);
    short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);

    if (!w)
        return;
    if (w->event)
        event_free(w->event);
    w->fd = fd;
    w->event = readable || writable ? event_new(c->base, fd, what, on_ready, c) : NULL;
    if (w->event)
        event_add(w->event, NULL);
}

/* making */

static enum error error_of(int status)
{
    if (status == ARES_SUCCESS)
        return OK;
    return status == ARES_ENOMEM ? ERR_MEMORY : ERR_SYSTEM;
}

static void server_node(struct ares_addr_port_node *node, const struct sip_flow *server)
{
    *node = (struct ares_addr_port_node){.family = server->family == 6 ? AF_INET6 : AF_INET,
                                         .udp_port = server->port,
                                         .tcp_port = server->port};
    memcpy(&node->addr, server->address, server->family == 6 ? 16 : 4);
}

static int servers_set(struct dns_channel *c, const struct sip_flow *servers, unsigned count)
{
    struct ares_addr_port_node nodes[DNS_SERVERS_MAX];

    if (!count)
        return ARES_SUCCESS;
    if (count > DNS_SERVERS_MAX)
        count = DNS_SERVERS_MAX;
    for (unsigned i = 0; i < count; i++) {
        server_node(&nodes[i], &servers[i]);
        nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
    }
    return ares_set_servers_ports(c->ares, nodes);
}

/* Leaves out the servers behind the first ones; tells the families of those that stay. */
static int servers_trim(struct dns_channel *c, bool families[2])
{
    struct ares_addr_port_node *all = NULL, *rest = NULL, *last = NULL;
    int status = ares_get_servers_ports(c->ares, &all);
    unsigned count = 0;

    for (struct ares_addr_port_node *n = all; n && count < DNS_SERVERS_MAX; n = n->next, count++) {
        families[n->family == AF_INET6] = true;
        last = n;
    }
    if (status == ARES_SUCCESS && last && last->next) {
        rest = last->next;
        last->next = NULL;
        status = ares_set_servers_ports(c->ares, all);
        last->next = rest;
    }
    if (all)
        ares_free_data(all);
    return status;
}

/* No search lists, no aliases, no files at the time of a question. */
static int channel_init(struct dns_channel *c)
{
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = TRY_WAIT,
                                   .tries = TRIES,
                                   .ndots = 1,
                                   .lookups = (char[]){"b"},
                                   .sock_state_cb = on_state,
                                   .sock_state_cb_data = c};

    return ares_init_options(&c->ares, &options,
                             ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                                 ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB);
}

enum error dns_channel_new(struct dns_channel **out, const struct sip_flow *servers, unsigned count)
{
    struct dns_channel *c = calloc(1, sizeof(*c));
    bool families[2] = {false, false};
    int status;

    *out = NULL;
    if (!c)
        return ERR_MEMORY;
    if ((status = ares_library_init(ARES_LIB_INIT_ALL)) != ARES_SUCCESS) {
        free(c);
        return error_of(status);
    }
    if ((status = channel_init(c)) != ARES_SUCCESS ||
        (status = servers_set(c, servers, count)) != ARES_SUCCESS ||
        (status = servers_trim(c, families)) != ARES_SUCCESS) {
        dns_channel_free(c);
        return error_of(status);
    }
    ares_set_socket_functions(c->ares, &socket_functions, c);
    dns_sockets_init(&c->sockets, &c->handler, families);
    *out = c;
    return OK;
}

void dns_channel_free(struct dns_channel *c)
{
    if (!c)
        return;
    if (c->ares)
        ares_destroy(c->ares);
    ares_library_cleanup();
    if (c->timer)
        event_free(c->timer);
    dns_sockets_close(&c->sockets);
    free(c);
}

enum error dns_channel_open(struct dns_channel *c, struct event_base *base,
                            const struct dns_channel_handler *handler)
{
    c->base = base;
    c->handler = *handler;
    c->timer = event_new(base, -1, 0, on_timer, c);
    if (!c->timer)
        return ERR_MEMORY;
    dns_sockets_fill(&c->sockets);
    return OK;
}

/* questions */

bool dns_channel_ready(const struct dns_channel *c)
{
    return c->asked || !dns_sockets_wait(&c->sockets);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int size)
{
    struct question *q = arg;
    bool answered = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
    struct view answer = {(const char *)bytes, bytes && answered ? (size_t)size : 0};

    (void)timeouts;
    q->channel->asked--;
    q->done(q->arg, status == ARES_ETIMEOUT, answer);
    free(q);
}

void dns_channel_ask(struct dns_channel *c, const char *name, enum dns_type type,
                     dns_channel_done *done, void *arg)
{
    struct question *q = malloc(sizeof(*q));

    if (!q) {
        done(arg, false, VIEW_NONE);
        return;
    }
    *q = (struct question){c, done, arg};
    c->asked++;
    ares_query(c->ares, name, ns_c_in, (int)type, on_answer, q);
    dns_sockets_fill(&c->sockets);
    timer_set(c);
}

void dns_channel_give(struct dns_channel *c, uint8_t family, bool stream, int fd)
{
    dns_sockets_put(&c->sockets, family, stream, fd);
    c->handler.ready(c->handler.arg);
}
