/* The sip role: a worker on the listeners that the parent opened. */
#include <event2/event.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/guards.h"
#include "server/keeper_link.h"
#include "server/media_link.h"
#include "server/tls_files.h"
#include "server/worker.h"

#define STOCK_WAIT 2000 /* ms that a start waits for ports for audio */

static uint8_t prefix_of(const struct sockaddr *mask)
{
    struct sip_flow bits = {0};
    unsigned prefix = 0;

    if (!mask)
        return 128;
    flow_set_peer(&bits, mask);
    while (prefix < 128 && bits.address[prefix / 8] & 0x80 >> prefix % 8)
        prefix++;
    return (uint8_t)prefix;
}

static void address_add(struct worker *w, const struct ifaddrs *i)
{
    struct transport_address *a = &w->addresses[w->address_count++];
    struct sip_flow flow = {0};

    flow_set_peer(&flow, i->ifa_addr);
    a->family = flow.family;
    a->prefix = prefix_of(i->ifa_netmask);
    memcpy(a->address, flow.address, sizeof(a->address));
}

static bool has_address(const struct ifaddrs *i)
{
    return i->ifa_addr && i->ifa_flags & IFF_UP &&
           (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
}

/* The name servers; a sip role without any goes on with numeric addresses. */
static void names_read(struct worker *w, const struct config *config)
{
    struct sip_flow servers[DNS_SERVERS_MAX];
    unsigned count = 0;
    enum error e;

    for (size_t i = 0; i < config->dns.server_count && count < DNS_SERVERS_MAX; i++)
        if (dns_server_set(&servers[count], view_of(config->dns.servers[i])) == OK)
            count++;
    e = resolver_new(&w->resolver, servers, count);
    if (e != OK)
        log_warning("no host names will be resolved: %s", error_text(e));
}

/* This host's addresses and the names that it knows: files and sockets that the sandbox forbids. */
static bool sip_early(struct role_context *c, char error[256])
{
    struct worker *w = calloc(1, sizeof(*w));
    struct ifaddrs *all = NULL;
    size_t count = 0;

    c->state = w;
    if (!w || getifaddrs(&all) < 0) {
        snprintf(error, 256, "the addresses of this host cannot be read");
        return false;
    }
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        count += has_address(i);
    w->addresses = calloc(count + 1, sizeof(*w->addresses));
    for (const struct ifaddrs *i = all; w->addresses && i; i = i->ifa_next)
        if (has_address(i))
            address_add(w, i);
    freeifaddrs(all);
    names_read(w, c->config);
    return w->addresses != NULL;
}

/* Serves a worker's share of a listener; the first worker is the thread of the role. */
static enum error listener_serve(struct worker *w, unsigned worker, unsigned index)
{
    static const enum flow_transport transports[] = {
        [LISTEN_UDP] = FLOW_UDP, [LISTEN_TCP] = FLOW_TCP, [LISTEN_TLS] = FLOW_TLS};
    const struct config_listen *l = &w->config->listens[index];
    const struct sockaddr *bound = (const struct sockaddr *)&l->address;
    bool own = l->transport != LISTEN_UDP; /* that socket is shared */
    int fd = w->role->listeners[(own ? worker * w->config->listen_count : 0) + index];

    if (fd < 0)
        return ERR_NOT_FOUND;
    return worker
               ? transport_assign(w->transport, worker, fd, transports[l->transport], bound, index)
               : transport_listen(w->transport, fd, transports[l->transport], bound, index);
}

static bool listeners_serve(struct worker *w, char error[256])
{
    const struct config *config = w->config;

    for (unsigned worker = 0; worker < config->workers; worker++)
        for (unsigned i = 0; i < config->listen_count; i++) {
            enum error e = listener_serve(w, worker, i);

            if (e != OK) {
                snprintf(error, 256, "%s cannot be served: %s", config->listens[i].text,
                         error_text(e));
                return false;
            }
        }
    return true;
}

static bool on_want_socket(void *arg, uint8_t family, bool stream)
{
    const struct worker *w = arg;
    uint64_t what = (family == 6 ? ROLE_SOCKET_IPV6 : 0) | (stream ? ROLE_SOCKET_STREAM : 0);

    return channel_send(w->role->parent, ROLE_WANT_SOCKET, what, VIEW_NONE, -1) == OK;
}

static void on_resolver_turned(void *arg)
{
    worker_turn(arg);
}

static uint64_t on_random(void *arg)
{
    uint64_t out;

    (void)arg;
    random_bytes(&out, sizeof(out));
    return out;
}

/* Ways to servers are those that there are listeners for, the family of the first one first. */
static enum error resolver_begin(struct worker *w)
{
    struct resolver_options options = {.random = on_random,
                                       .handler = {on_want_socket, NULL, on_resolver_turned, w}};
    const struct config *config = w->config;

    if (!w->resolver)
        return OK;
    for (size_t i = 0; i < config->listen_count; i++) {
        uint8_t family = config->listens[i].address.ss_family == AF_INET6 ? 6 : 4;

        options.transports |= config->listens[i].transport == LISTEN_TLS   ? RESOLVER_TLS
                              : config->listens[i].transport == LISTEN_TCP ? RESOLVER_TCP
                                                                           : RESOLVER_UDP;
        if (options.families[0] != family)
            options.families[options.families[0] != 0] = family;
    }
    return resolver_open(w->resolver, w->base, w->wheel, &options);
}

/* Makes TLS for config of the files that the parent has sent, if any; they are gone after it. */
static bool tls_make(struct worker *w, const struct config *config, char error[TLS_ERROR])
{
    struct role_context *c = w->role;
    enum error e;

    tls_free(w->tls_next);
    w->tls_next = NULL;
    if (c->tls < 0)
        return true;
    e = tls_files_open(&w->tls_next, c->tls, config, error);
    close(c->tls);
    c->tls = -1;
    return e == OK;
}

static void tls_switch(struct worker *w)
{
    if (w->tls_next)
        transport_set_tls(w->transport, w->tls_next);
    w->tls_next = NULL;
}

static bool sip_start(struct role_context *c, char error[256])
{
    struct worker *w = c->state;
    enum error e;

    w->role = c;
    clock_update();
    e = worker_init(w, c->base, c->config);
    if (e == OK)
        e = resolver_begin(w);
    if (e == OK)
        e = overload_watch(w);
    if (e == OK && c->config->workers > 1)
        e = transport_hire(w->transport, c->config->workers - 1);
    if (e != OK) {
        snprintf(error, 256, "the sip role cannot start: %s", error_text(e));
        return false;
    }
    if (!tls_make(w, c->config, error))
        return false;
    tls_switch(w);
    if (!listeners_serve(w, error))
        return false;
    e = transport_begin(w->transport);
    if (e != OK)
        snprintf(error, 256, "the threads of the workers cannot be started: %s", error_text(e));
    return e == OK;
}

/* Nobody is served without the keeper: calls are not to be refused for want of ports either, nor is
 * a BYE to pass before its call is known. */
static void on_stocked(struct worker *w)
{
    int fd = w->keeper_waits;

    timer_disarm(&w->patience);
    w->stocked = NULL;
    w->keeper_waits = 0;
    if (fd)
        keeper_link_connect(w, fd);
}

static void on_patience(struct timer *timer)
{
    on_stocked(TIMER_OWNER(timer, struct worker, patience));
}

static void keeper_take(struct worker *w, int fd)
{
    if (media_link_is_stocked(w) || w->nonces) {
        keeper_link_connect(w, fd);
        return;
    }
    if (w->keeper_waits)
        close(w->keeper_waits);
    w->keeper_waits = fd;
    w->stocked = on_stocked;
    timer_arm(w->wheel, &w->patience, STOCK_WAIT, on_patience);
}

static void sip_peer(struct role_context *c, enum role other, int fd)
{
    clock_update();
    if (other == ROLE_KEEPER)
        keeper_take(c->state, fd);
    else if (other == ROLE_MEDIA)
        media_link_connect(c->state, fd);
    else
        close(fd);
    worker_turn(c->state);
}

static bool sip_prepare(struct role_context *c, const struct config *next, char error[256])
{
    return tls_make(c->state, next, error);
}

static void sip_abort(struct role_context *c)
{
    struct worker *w = c->state;

    tls_free(w->tls_next);
    w->tls_next = NULL;
}

static void sip_commit(struct role_context *c)
{
    struct worker *w = c->state;

    tls_switch(w);
    w->config = c->config;
    w->plan.domains = c->config->domains;
    w->plan.domain_count = c->config->domain_count;
    w->plan.emergency = c->config->emergency;
    w->plan.emergency_count = c->config->emergency_count;
    guards_configure(w);
    if (w->nonces)
        nonces_set_lifetime(w->nonces, c->config->auth.nonce_lifetime);
}

static void sip_message(struct role_context *c, const struct channel_message *m)
{
    struct worker *w = c->state;

    clock_update();
    if (m->type == ROLE_STREAM)
        transport_give_stream(w->transport, (uint8_t)m->id, m->fd);
    else if (m->type == ROLE_SOCKET && w->resolver)
        resolver_give_socket(w->resolver, m->id & ROLE_SOCKET_IPV6 ? 6 : 4,
                             m->id & ROLE_SOCKET_STREAM, m->fd);
    else if (m->fd >= 0)
        close(m->fd);
    worker_turn(w);
}

static void sip_stop(struct role_context *c)
{
    struct worker *w = c->state;

    if (!w)
        return;
    timer_disarm(&w->patience);
    if (w->transport)
        worker_free(w);
    resolver_free(w->resolver);
    tls_free(w->tls_next);
    free(w->addresses);
    free(w);
    c->state = NULL;
}

const struct role_ops sip_role = {
    .name = "sip",
    .early = sip_early,
    .start = sip_start,
    .peer = sip_peer,
    .prepare = sip_prepare,
    .commit = sip_commit,
    .abort = sip_abort,
    .message = sip_message,
    .stop = sip_stop,
};
