/* Questions to the keeper and its answers, snapshots and changes. */
#include "server/keeper_link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/credential.h"
#include "server/guards.h"
#include "server/history.h"
#include "server/kept.h"
#include "server/question.h"
#include "server/trunk.h"

#define PENDING_MAX     20000
#define COMMIT_LIMIT    2000 /* ms: then 503 (durable or nothing) */
#define WINDOW_CHECK    5    /* ms that a question may wait for company under load */
#define WINDOW_REGISTER 40
#define WINDOW_FULL     60   /* the same under full load */
#define BUSY_RATE       100  /* questions a second from which windows are used */
#define FULL_RATE       1000 /* and from which the longer one is */

struct keeper_link {
    struct channel *channel;
    struct table pending;
    uint64_t next_id;
    uint64_t second; /* the running one, and the questions in it and in the one before */
    unsigned asked, asked_before;
};

enum error keeper_link_new(struct worker *w)
{
    struct keeper_link *k = calloc(1, sizeof(*k));

    w->keeper = k;
    if (!k || table_init(&k->pending) != OK) {
        free(k);
        w->keeper = NULL;
        return ERR_MEMORY;
    }
    random_bytes(&k->next_id, 4); /* ids of a former life are not met again */
    k->next_id <<= 24;
    return OK;
}

static void free_one(struct table_node *node, void *arg)
{
    (void)arg;
    pending_free((struct pending *)(void *)node);
}

void keeper_link_free(struct worker *w)
{
    if (!w->keeper)
        return;
    channel_free(w->keeper->channel);
    table_each(&w->keeper->pending, free_one, NULL);
    table_free(&w->keeper->pending);
    free(w->keeper);
    w->keeper = NULL;
}

bool keeper_link_is_up(const struct worker *w)
{
    return w->keeper->channel != NULL && w->nonces != NULL;
}

static bool id_matches(const struct table_node *node, const void *key)
{
    return ((const struct pending *)(const void *)node)->id == *(const uint64_t *)key;
}

struct pending *pending_new(struct worker *w, const struct request *r, uint16_t type,
                            pending_done *done)
{
    struct keeper_link *k = w->keeper;
    struct pending *p = k->pending.count < PENDING_MAX ? calloc(1, sizeof(*p)) : NULL;
    struct request kept;

    if (!p || !request_keep(&kept, r)) {
        free(p);
        return NULL;
    }
    *p = (struct pending){.owner = w,
                          .id = k->next_id++,
                          .type = type,
                          .tx = r->tx,
                          .from = r->from,
                          .m = kept.m,
                          .uri = kept.uri,
                          .done = done};
    table_put(&k->pending, &p->node, p->id);
    return p;
}

void pending_free(struct pending *p)
{
    table_take(&p->owner->keeper->pending, &p->node);
    timer_disarm(&p->limit);
    pack_free(&p->body);
    free((void *)p->m);
    free(p);
}

struct request pending_request(const struct pending *p)
{
    return (struct request){.m = p->m, .from = p->from, .uri = p->uri, .tx = p->tx};
}

static void pending_finish(struct pending *p, enum verdict verdict, struct user *user)
{
    struct request r = pending_request(p);

    r.user = user;
    timer_disarm(&p->limit);
    p->done(p->owner, &r, verdict, p);
    pending_free(p);
}

static void on_limit(struct timer *timer)
{
    pending_finish(TIMER_OWNER(timer, struct pending, limit), VERDICT_UNAVAILABLE, NULL);
}

static unsigned window_for(struct keeper_link *k, uint16_t type)
{
    uint64_t second = clock_ms() / 1000;

    if (second != k->second) {
        k->asked_before = second == k->second + 1 ? k->asked : 0;
        k->asked = 0;
        k->second = second;
    }
    k->asked++;
    if (k->asked_before < BUSY_RATE && k->asked < BUSY_RATE)
        return 0;
    if (type != KEEPER_REGISTER)
        return WINDOW_CHECK;
    return k->asked_before < FULL_RATE ? WINDOW_REGISTER : WINDOW_FULL;
}

static void pending_send(struct pending *p)
{
    struct keeper_link *k = p->owner->keeper;

    if (k->channel)
        (void)channel_send_within(k->channel, p->type, p->id, pack_bytes_view(&p->body),
                                  window_for(k, p->type));
}

void pending_ask(struct pending *p)
{
    timer_arm(p->owner->wheel, &p->limit, COMMIT_LIMIT, on_limit);
    pending_send(p);
}

static void ask_again(struct table_node *node, void *arg)
{
    struct pending *p = (struct pending *)(void *)node;

    (void)arg;
    if (timer_armed(&p->limit)) /* the others queue behind one of these */
        pending_send(p);
}

/* The user that a verdict names; most often the one that p holds. */
static struct user *verdict_user(const struct worker *w, const struct pending *p,
                                 struct view number, struct view domain)
{
    struct user *u = p->busy;

    if (u && !u->gone && view_eq(user_number(u), number) && view_eq(user_domain(u), domain))
        return u;
    return location_user(w->location, number, domain);
}

static void verdict_receive(struct worker *w, const struct channel_message *m)
{
    struct pending *p =
        (void *)table_find(&w->keeper->pending, m->id, id_matches, &(uint64_t){m->id});
    struct view rest = m->body, number, domain;
    struct user *user = NULL;
    bool bad = false;
    uint8_t verdict = unpack_u8(&rest, &bad);

    number = unpack_view(&rest, &bad);
    domain = unpack_view(&rest, &bad);
    if (!p)
        return;
    if (bad)
        verdict = VERDICT_UNAVAILABLE;
    if (verdict == VERDICT_OK || verdict == VERDICT_FORBIDDEN)
        user = verdict_user(w, p, number, domain);
    if (verdict == VERDICT_OK && !user) /* removed in this very moment */
        verdict = VERDICT_DENIED;
    pending_finish(p, (enum verdict)verdict, user);
}

/* A fact that is not about users is about where else calls go, or about who may not speak. */
static enum error change_apply(struct worker *w, const struct change *change)
{
    enum error e;

    if (change->kind == CHANGE_BAN || change->kind == CHANGE_BAN_GONE)
        return guards_apply(w, change);
    e = gateways_apply(w->gateways, change);
    return e == ERR_SYNTAX ? location_apply(w->location, change) : e;
}

static void snapshot_receive(struct worker *w, const struct channel_message *m)
{
    struct view rest = m->body;
    bool bad = false;
    uint64_t size = unpack_u64(&rest, &bad);
    void *map = m->fd >= 0 && size ? mmap(NULL, size, PROT_READ, MAP_SHARED, m->fd, 0) : MAP_FAILED;
    struct change change;
    size_t failed = 0;

    if (m->fd >= 0)
        close(m->fd);
    if (size && map == MAP_FAILED) {
        log_errno("the snapshot cannot be read; what was known stays");
        return;
    }
    location_clear(w->location);
    gateways_clear(w->gateways);
    bans_clear(w->bans);
    if (size) {
        rest = (struct view){map, size};
        while (rest.n && change_unpack(&change, &rest))
            failed += change_apply(w, &change) != OK;
        munmap(map, size);
    }
    trunks_update(w);
    if (failed)
        log_warning("%zu facts of the database could not be used", failed);
    struct location_counts counts = location_counts(w->location);

    log_info("%zu users, %zu aliases, %zu bindings", counts.users, counts.aliases, counts.bindings);
}

static void change_receive(struct worker *w, struct view body)
{
    struct change change;

    if (!change_unpack(&change, &body))
        return;
    if (change_apply(w, &change) == ERR_MEMORY)
        w->counters.out_of_memory++;
    if (change.kind == CHANGE_GATEWAY || change.kind == CHANGE_GATEWAY_GONE)
        trunks_update(w);
}

static void secret_receive(struct worker *w, struct view body)
{
    if (body.n != 32 || worker_set_secret(w, (const uint8_t *)body.p) != OK)
        log_error("the keeper's secret could not be used");
}

static void on_message(void *arg, const struct channel_message *m)
{
    struct worker *w = arg;

    switch (m->type) {
    case KEEPER_SECRET:
        secret_receive(w, m->body);
        break;
    case KEEPER_SNAPSHOT:
        snapshot_receive(w, m);
        return;
    case KEEPER_VERDICT:
        verdict_receive(w, m);
        break;
    case KEEPER_CHANGE:
        change_receive(w, m->body);
        break;
    case KEEPER_GATEWAY_RESPONSE:
        credential_receive(w, m->id, m->body);
        break;
    case KEEPER_QUESTION:
        question_receive(w, m->id, m->body);
        break;
    case KEEPER_CALL_KEPT:
        history_kept(w, m->id);
        break;
    case KEEPER_QUESTION_END:
        question_end(w, m->id);
        break;
    default:
        break;
    }
    if (m->fd >= 0)
        close(m->fd);
}

static void on_drained(void *arg)
{
    worker_turn(arg);
}

static void on_closed(void *arg)
{
    struct worker *w = arg;

    log_warning("the keeper is gone; REGISTERs wait for the next one");
    channel_free(w->keeper->channel);
    w->keeper->channel = NULL;
    question_end_all(w);
}

void keeper_link_connect(struct worker *w, int fd)
{
    struct channel_handler handler = {on_message, on_closed, on_drained, w};
    struct keeper_link *k = w->keeper;

    channel_free(k->channel);
    question_end_all(w);
    if (channel_new(&k->channel, w->base, fd, &handler) != OK) {
        log_error("no memory for the channel to the keeper");
        close(fd);
        k->channel = NULL;
        return;
    }
    guards_tell(w); /* before the snapshot, which replaces all of them */
    (void)channel_send(k->channel, KEEPER_HELLO, 0, VIEW_NONE, -1);
    table_each(&k->pending, ask_again, NULL);
    history_tell_keeper(w);
}

bool keeper_link_record(struct worker *w, uint64_t id, struct view record)
{
    struct keeper_link *k = w->keeper;

    return k && k->channel &&
           channel_send_within(k->channel, KEEPER_CALL, id, record,
                               window_for(k, KEEPER_REGISTER)) == OK;
}

void keeper_link_answer(struct worker *w, uint64_t id, bool last, struct view json)
{
    struct pack k = {0};

    if (!w->keeper->channel)
        return;
    pack_u8(&k, last);
    pack_bytes(&k, json.p, json.n);
    if (!k.error)
        (void)channel_send(w->keeper->channel, KEEPER_ANSWER, id, pack_bytes_view(&k), -1);
    pack_free(&k);
}

uint64_t keeper_link_challenge(struct worker *w, struct view gateway, const struct claim *claim)
{
    struct keeper_link *k = w->keeper;
    uint64_t id = k->next_id++;
    struct pack question = {0};

    pack_view(&question, gateway);
    claim_pack(&question, claim);
    if (!k->channel || question.error ||
        channel_send(k->channel, KEEPER_GATEWAY_CHALLENGE, id, pack_bytes_view(&question), -1) !=
            OK)
        id = 0;
    pack_free(&question);
    return id;
}

size_t keeper_link_waiting(const struct worker *w)
{
    return w->keeper->pending.count;
}

void keeper_link_tell(struct worker *w, const struct change *ban)
{
    struct pack k = {0};

    change_pack(&k, ban);
    if (w->keeper->channel && !k.error)
        (void)channel_send(w->keeper->channel, KEEPER_BAN, 0, pack_bytes_view(&k), -1);
    pack_free(&k);
}
