/* One timer a binding; the phases are random, so that the packets are spread. */
#include "server/keepalive.h"

#include <stdlib.h>
#include <string.h>

#define EVERY      25000 /* ms: NATs forget a UDP mapping after 30 s and more */
#define MISSES_MAX 3
#define CALL_ID    "keepalive-"
#define ID_DIGITS  16

struct keepalive {
    struct table_node node;    /* by id */
    struct table_node silence; /* by peer, once its binding was given up */
    struct worker *owner;
    struct binding *binding;
    struct timer due;
    uint64_t id; /* in the Call-ID: nobody else can answer */
    uint32_t cseq;
    uint8_t misses;
    bool waiting; /* the last one has no answer yet */
    bool silent;  /* is it in the table of those given up? */
    bool heard;   /* the phone answers such requests: its silence means something */
};

struct keepalives {
    struct table table, silent;
};

static bool id_matches(const struct table_node *node, const void *key)
{
    return ((const struct keepalive *)(const void *)node)->id == *(const uint64_t *)key;
}

static uint64_t peer_hash(const struct sip_flow *flow)
{
    uint8_t bytes[3 + sizeof(flow->address)] = {flow->transport, (uint8_t)(flow->port >> 8),
                                                (uint8_t)flow->port};

    memcpy(bytes + 3, flow->address, sizeof(flow->address));
    return hash_view((struct view){(const char *)bytes, sizeof(bytes)});
}

/* It may have found a voice, or another address, since. */
static bool is_silent_at(const struct table_node *node, const void *flow)
{
    const struct keepalive *k = TIMER_OWNER(node, struct keepalive, silence);
    struct sip_flow known = binding_flow(k->binding);

    return k->binding->unreachable && flow_same_peer(&known, flow);
}

bool keepalive_is_dead(const struct worker *w, const struct sip_flow *flow)
{
    const struct table *silent = &w->keepalives->silent;

    return silent->count && table_find(silent, peer_hash(flow), is_silent_at, flow);
}

static void silence_end(struct keepalive *k)
{
    if (k->silent)
        table_take(&k->owner->keepalives->silent, &k->silence);
    k->silent = false;
}

static void silence_begin(struct keepalive *k)
{
    struct sip_flow flow = binding_flow(k->binding);

    silence_end(k);
    table_put(&k->owner->keepalives->silent, &k->silence, peer_hash(&flow));
    k->silent = true;
}

static void binding_dead(struct keepalive *k)
{
    struct binding *b = k->binding;

    if (b->unreachable)
        return;
    b->unreachable = true;
    silence_begin(k);
    k->owner->counters.keepalive_dead++;
    log_info("%.*s: %.*s does not answer any more", VIEW_ARG(user_number(b->user)),
             VIEW_ARG(binding_contact(b)));
}

static void options_write(struct text *out, struct keepalive *k, const struct sip_flow *flow)
{
    char branch[BRANCH_SIZE + 1];
    struct view contact = binding_contact(k->binding);

    (void)branch_new(0, branch);
    text_string(out, "OPTIONS ");
    text_view(out, contact);
    text_string(out, " SIP/2.0\r\nVia: SIP/2.0/UDP ");
    transport_sent_by(k->owner->transport, flow, out);
    text_string(out, ";branch=");
    text_string(out, branch);
    text_string(out, ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:");
    text_view(out, user_domain(k->binding->user));
    text_string(out, ">;tag=keepalive\r\nTo: <");
    text_view(out, contact);
    text_string(out, ">\r\nCall-ID: " CALL_ID);
    text_hex(out, &k->id, sizeof(k->id));
    text_string(out, "\r\nCSeq: ");
    text_number(out, ++k->cseq);
    text_string(out, " OPTIONS\r\nContent-Length: 0\r\n\r\n");
}

static void options_send(struct keepalive *k, const struct sip_flow *flow)
{
    static __thread char buffer[SIP_DATAGRAM_MAX];
    struct text out = TEXT(buffer);

    if (k->waiting && k->heard && ++k->misses >= MISSES_MAX)
        binding_dead(k);
    options_write(&out, k, flow);
    if (out.full)
        return;
    k->waiting = true;
    k->owner->counters.keepalives++;
    (void)k->owner->link.send(k->owner->link.self, flow, text_done(&out));
}

/* A CRLF needs no answer: an end that is gone lets the connection break. */
static void crlf_send(struct keepalive *k, const struct sip_flow *flow)
{
    if (!transport_is_open(k->owner->transport, flow)) {
        binding_dead(k);
        return;
    }
    k->owner->counters.keepalives++;
    (void)transport_send(k->owner->transport, flow, VIEW("\r\n"));
}

static void on_due(struct timer *timer)
{
    struct keepalive *k = TIMER_OWNER(timer, struct keepalive, due);
    struct sip_flow flow = binding_flow(k->binding);

    timer_arm(k->owner->wheel, &k->due, EVERY, on_due);
    if (flow_is_reliable(&flow))
        crlf_send(k, &flow);
    else
        options_send(k, &flow);
}

static void on_bound(void *arg, struct binding *b)
{
    struct worker *w = arg;
    struct keepalive *k = b->watch;

    if (k) {
        k->misses = 0;
        k->waiting = false;
        return;
    }
    k = b->nat ? calloc(1, sizeof(*k)) : NULL;
    if (!k) {
        w->counters.out_of_memory += b->nat;
        return;
    }
    b->watch = k;
    k->owner = w;
    k->binding = b;
    random_bytes(&k->id, sizeof(k->id));
    table_put(&w->keepalives->table, &k->node, k->id);
    timer_arm(w->wheel, &k->due, 1 + k->id % EVERY, on_due);
}

static void keepalive_free(struct keepalive *k)
{
    timer_disarm(&k->due);
    silence_end(k);
    table_take(&k->owner->keepalives->table, &k->node);
    free(k);
}

static void on_unbound(void *arg, struct binding *b)
{
    (void)arg;
    if (b->watch)
        keepalive_free(b->watch);
    b->watch = NULL;
}

bool keepalive_answered(struct worker *w, const struct sip_message *m)
{
    struct view digits = view_from(m->call_id, sizeof(CALL_ID) - 1);
    struct keepalive *k;
    uint64_t id;

    if (m->method_id != METHOD_OPTIONS || !view_istarts(m->call_id, VIEW(CALL_ID)) ||
        !hex_take(digits, &id, sizeof(id)) ||
        !(k = (void *)table_find(&w->keepalives->table, id, id_matches, &id)))
        return false;
    k->waiting = false;
    k->heard = true;
    k->misses = 0;
    k->binding->unreachable = false;
    w->counters.keepalive_answers++;
    return true;
}

enum error keepalives_new(struct worker *w)
{
    const struct location_watch watch = {on_bound, on_unbound, w};
    enum error error;

    w->keepalives = calloc(1, sizeof(*w->keepalives));
    if (!w->keepalives)
        return ERR_MEMORY;
    location_watch(w->location, &watch);
    error = table_init(&w->keepalives->table);
    return error == OK ? table_init(&w->keepalives->silent) : error;
}

void keepalives_free(struct worker *w)
{
    if (!w->keepalives)
        return;
    table_free(&w->keepalives->table);
    table_free(&w->keepalives->silent);
    free(w->keepalives);
    w->keepalives = NULL;
}
