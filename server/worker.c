/* The worker: its parts put together, its clock, and what comes from the network. */
#include "server/worker.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "server/anchor.h"
#include "server/calls.h"
#include "server/context.h"
#include "server/credential.h"
#include "server/guards.h"
#include "server/history.h"
#include "server/keepalive.h"
#include "server/keeper_link.h"
#include "server/media_link.h"
#include "server/trace.h"
#include "server/trunk.h"

void worker_turn(struct worker *w)
{
    alarm_turn(w->alarm);
}

static enum error link_send(void *self, const struct sip_flow *to, struct view bytes)
{
    struct worker *w = self;

    trace_record(w->trace, TRACE_OUT, to, bytes);
    return transport_send(w->transport, to, bytes);
}

static void on_network(void *arg, const struct sip_flow *from, struct view bytes)
{
    worker_receive(arg, from, bytes);
}

static void on_turned(void *arg)
{
    worker_turn(arg);
}

static void on_broken(void *arg, const struct sip_flow *flow)
{
    struct worker *w = arg;

    client_transactions_fail(w->transactions, flow);
}

static bool on_accept(void *arg, const struct sip_flow *from)
{
    return !guards_turn_away(arg, from);
}

static void on_refused(void *arg, const struct sip_flow *flow)
{
    struct worker *w = arg;

    w->counters.icmp++;
    client_transactions_refuse(w->transactions, flow);
}

static void on_want_stream(void *arg, uint8_t family)
{
    struct worker *w = arg;

    if (w->role)
        (void)channel_send(w->role->parent, ROLE_WANT_STREAM, family,
                           (struct view){(const char *)&family, 1}, -1);
    else
        transport_give_stream(w->transport, family, -1);
}

static enum error parts_make(struct worker *w)
{
    struct transport_handler handler = {.message = on_network,
                                        .broken = on_broken,
                                        .refused = on_refused,
                                        .want_stream = on_want_stream,
                                        .turned = on_turned,
                                        .arg = w,
                                        .admit = on_accept};
    enum error error;

    if ((error = uri_init()) != OK || (error = wheel_new(&w->wheel, clock_ms())) != OK ||
        (error = alarm_new(&w->alarm, w->base, w->wheel)) != OK || (error = trace_new(w)) != OK ||
        (error = transport_new(&w->transport, w->base, w->wheel, &handler, w->addresses,
                               w->address_count)) != OK ||
        (error = transactions_new(&w->transactions, w->wheel, &w->link)) != OK ||
        (error = location_new(&w->location, w->wheel)) != OK || (error = keepalives_new(w)) != OK ||
        (error = gateways_new(&w->gateways)) != OK || (error = anchors_new(w)) != OK ||
        (error = media_link_new(w)) != OK || (error = history_new(w)) != OK ||
        (error = calls_new(w)) != OK || (error = guards_new(w)) != OK)
        return error;
    return keeper_link_new(w);
}

enum error worker_init(struct worker *w, struct event_base *base, const struct config *config)
{
    enum error error;

    w->base = base;
    w->config = config;
    w->started = w->overload.since = clock_ms();
    w->link = (struct sip_link){link_send, w};
    random_bytes(w->token_key, sizeof(w->token_key)); /* until the keeper tells the lasting ones */
    random_bytes(w->tag_key, sizeof(w->tag_key));
    error = parts_make(w);
    if (error != OK) {
        worker_free(w);
        return error;
    }
    w->plan = (struct plan){.domains = config->domains,
                            .domain_count = config->domain_count,
                            .transport = w->transport,
                            .gateways = w->gateways,
                            .emergency = config->emergency,
                            .emergency_count = config->emergency_count};
    return OK;
}

void worker_free(struct worker *w)
{
    keeper_link_free(w);
    guards_free(w);
    contexts_free(w);
    trunks_free(w);
    credentials_free(w);
    calls_free(w);
    anchors_free(w);
    history_free(w);
    media_link_free(w);
    transactions_free(w->transactions);
    location_free(w->location);
    keepalives_free(w);
    gateways_free(w->gateways);
    resolver_free(w->resolver);
    transport_free(w->transport);
    nonces_free(w->nonces);
    trace_free(w);
    alarm_free(w->alarm);
    if (w->tick)
        event_free(w->tick);
    wheel_free(w->wheel);
    w->transactions = NULL;
    w->location = NULL;
    w->gateways = NULL;
    w->resolver = NULL;
    w->transport = NULL;
    w->nonces = NULL;
    w->alarm = NULL;
    w->tick = NULL;
    w->wheel = NULL;
}

/* One key for each purpose, from the one secret. */
static void key_derive(const uint8_t secret[32], const char *purpose, uint8_t out[16])
{
    struct view parts[] = {{(const char *)secret, 32}, view_of(purpose)};
    uint8_t digest[DIGEST_SIZE_MAX] = {0};

    (void)digest_join(DIGEST_SHA256, parts, 2, digest);
    memcpy(out, digest, 16);
}

enum error worker_set_secret(struct worker *w, const uint8_t secret[32])
{
    uint8_t nonce_key[16];

    key_derive(secret, "record-route", w->token_key);
    key_derive(secret, "to-tag", w->tag_key);
    key_derive(secret, "nonce", nonce_key);
    if (w->nonces) /* a restarted keeper: the secret is the same */
        return OK;
    return nonces_new(&w->nonces, nonce_key, w->config->auth.nonce_lifetime);
}

void worker_receive(struct worker *w, const struct sip_flow *from, struct view bytes)
{
    static __thread struct sip_message m;

    if (!w->nonces && from->transport == FLOW_UDP) { /* repeated, it finds somebody who can judge */
        w->counters.early++;
        return;
    }
    if (guards_turn_away(w, from))
        return;
    if (sip_message_parse(&m, bytes) != OK) {
        w->counters.hopeless++;
        return;
    }
    trace_record(w->trace, TRACE_IN, from, bytes);
    if (m.request) {
        w->counters.requests++;
        dispatch_request(w, &m, from);
    } else {
        w->counters.responses++;
        dispatch_response(w, &m);
    }
}
