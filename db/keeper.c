/* The keeper: its life, its channel to the sip role, its housekeeping. */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper_inside.h"

#define SECRET_SIZE     32
#define TICK_S          1
#define PRUNE_GROUPS    50
#define PRUNE_MS        50 /* between two batches while dead rows are left */
#define BAN_PRUNE_S     60
#define HISTORY_PRUNE_S 600
#define CALLS_AT_ONCE   256 /* in one commit, when no REGISTER comes */

void keeper_store_result(struct keeper *k, enum error e)
{
    if (e && !k->broken)
        log_error("%s; until the database works again, registrations are answered with 503",
                  k->store->error[0] ? k->store->error : error_text(e));
    if (!e && k->broken)
        log_info("the database works again");
    k->broken = e != OK;
}

bool keeper_tell(struct keeper *k, enum keeper_message type, uint64_t id)
{
    if (!k->sip || k->scratch.error)
        return false;
    return channel_send(k->sip, (uint16_t)type, id, pack_bytes_view(&k->scratch), -1) == OK;
}

static void send_snapshot(struct keeper *k)
{
    uint64_t size;
    int fd;
    enum error e = snapshot_make(k->store, &fd, &size);

    k->snapshot_due = true;
    if (e) {
        if (e == ERR_SYSTEM && !k->broken)
            log_errno("the snapshot for the sip role could not be written");
        keeper_store_result(k, e);
        return;
    }
    pack_reset(&k->scratch);
    pack_u64(&k->scratch, size);
    if (!k->scratch.error && k->sip &&
        !channel_send(k->sip, KEEPER_SNAPSHOT, 0, pack_bytes_view(&k->scratch), fd))
        k->snapshot_due = false;
    (void)close(fd);
}

static void send_secret(struct keeper *k)
{
    uint8_t secret[SECRET_SIZE];
    enum error e = k->store->ops->secret(k->store, "sip", secret, sizeof(secret));

    k->hello = false;
    if (e) {
        keeper_store_result(k, e);
        return;
    }
    pack_reset(&k->scratch);
    pack_bytes(&k->scratch, secret, sizeof(secret));
    k->hello = keeper_tell(k, KEEPER_SECRET, 0);
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(k->scratch.p, k->scratch.n);
}

static void greet(struct keeper *k)
{
    group_commit(k);
    k->snapshot_due = true;
    send_secret(k);
    if (k->hello)
        send_snapshot(k);
}

static void take_answer(struct keeper *k, uint64_t id, struct view body)
{
    bool bad = false;
    bool last = unpack_u8(&body, &bad) != 0;

    if (!bad && k->control)
        control_sip_answer(k->control, id, last, body);
}

static void take_ban(struct keeper *k, struct view body)
{
    struct change change;
    enum error e;

    if (!change_unpack(&change, &body) || change.kind != CHANGE_BAN)
        return;
    group_commit(k); /* a failure here must not take the group with it */
    e = k->store->ops->ban_put(k->store, &change.ban);
    keeper_store_result(k, e);
    if (e)
        return;
    pack_reset(&k->scratch);
    change_pack(&k->scratch, &change);
    (void)keeper_tell(k, KEEPER_CHANGE, 0);
}

static void on_message(void *arg, const struct channel_message *m)
{
    struct keeper *k = arg;

    if (m->fd >= 0)
        (void)close(m->fd);
    switch (m->type) {
    case KEEPER_HELLO:
        greet(k);
        break;
    case KEEPER_CHECK:
        verdict_check(k, m->id, m->body);
        break;
    case KEEPER_REGISTER:
        verdict_register(k, m->id, m->body);
        break;
    case KEEPER_ANSWER:
        take_answer(k, m->id, m->body);
        break;
    case KEEPER_GATEWAY_CHALLENGE:
        response_send(k, m->id, m->body);
        break;
    case KEEPER_BAN:
        take_ban(k, m->body);
        break;
    case KEEPER_CALL:
        history_keep(k, m->id, m->body);
        break;
    default:
        log_warning("the sip role sent a message of unknown type %u", m->type);
    }
}

/* Nobody waits for calls: they join the next REGISTER, or the tick. */
static void on_drained(void *arg)
{
    struct keeper *k = arg;

    if (k->waiting_count > k->calls || k->calls >= CALLS_AT_ONCE)
        group_commit(k);
}

static void sip_drop(struct keeper *k)
{
    group_commit(k);
    channel_free(k->sip);
    k->sip = NULL;
    k->hello = false;
    if (k->control)
        control_sip_gone(k->control);
}

static void on_closed(void *arg)
{
    sip_drop(arg);
}

enum error keeper_connect(struct keeper *k, int fd)
{
    struct channel_handler handler = {on_message, on_closed, on_drained, k};

    if (k->sip)
        sip_drop(k);
    return channel_new(&k->sip, k->base, fd, &handler);
}

static void prune_later(struct keeper *k)
{
    struct timeval wait = {0, PRUNE_MS * 1000};

    if (k->prunable)
        (void)event_add(k->prune, &wait);
}

/* Busy times prune with their own commits (group.c); this is for the idle ones. */
static void on_prune(evutil_socket_t fd, short what, void *arg)
{
    struct keeper *k = arg;
    enum error e;

    (void)fd;
    (void)what;
    group_commit(k);
    e = k->store->ops->binding_prune(k->store, clock_wall(), PRUNE_GROUPS, &k->prunable);
    if (e)
        keeper_store_result(k, e);
    else
        prune_later(k);
}

static void bans_prune(struct keeper *k)
{
    enum error e;

    group_commit(k);
    e = k->store->ops->ban_prune(k->store, clock_wall());
    if (e)
        keeper_store_result(k, e);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct keeper *k = arg;

    clock_update();
    group_commit(k);
    if (k->ticks % HISTORY_PRUNE_S == 0)
        k->history_prunable = true;
    if (!k->used && k->history_prunable)
        history_prune(k);
    if (!k->used)
        on_prune(fd, what, k);
    else
        k->prunable = true; /* the next group looks for dead rows */
    k->used = false;
    if (++k->ticks % BAN_PRUNE_S == 0)
        bans_prune(k);
    if (k->sip && k->snapshot_due && channel_queued(k->sip) == 0) {
        if (!k->hello)
            send_secret(k);
        if (k->hello)
            send_snapshot(k);
    }
    if (k->control)
        control_tick(k->control);
    k->store->ops->tidy(k->store);
}

enum error keeper_realm_fits(struct keeper *k, struct view realm, char error[256])
{
    uint64_t count;
    char other[256];
    enum error e = k->store->ops->realm_misfits(k->store, realm, &count, other);

    if (e) {
        (void)snprintf(error, 256, "%s", k->store->error);
        return e;
    }
    if (count == 0)
        return OK;
    (void)snprintf(error, 256,
                   "%" PRIu64 " user%s a password hashed for the realm \"%.60s\", not \"%.*s\" "
                   "(only hashes are stored): set auth.realm to the former, or give new passwords",
                   count, count == 1 ? " has" : "s have", other, (int)(realm.n < 60 ? realm.n : 60),
                   realm.p);
    return ERR_DENIED;
}

enum error keeper_configure(struct keeper *k, struct view default_domain, struct view realm)
{
    char *domain_copy = view_dup(default_domain), *realm_copy = view_dup(realm);

    if (!domain_copy || !realm_copy) {
        free(domain_copy);
        free(realm_copy);
        return ERR_MEMORY;
    }
    free(k->default_domain);
    free(k->realm);
    k->default_domain = domain_copy;
    k->realm = realm_copy;
    return OK;
}

static enum error timers_new(struct keeper *k)
{
    struct timeval second = {TICK_S, 0};

    k->tick = event_new(k->base, -1, EV_PERSIST, on_tick, k);
    k->prune = event_new(k->base, -1, 0, on_prune, k);
    if (!k->tick || !k->prune || event_add(k->tick, &second) < 0)
        return ERR_MEMORY;
    return OK;
}

enum error keeper_new(struct keeper **out, struct event_base *base,
                      const struct keeper_options *options, char error[256])
{
    struct keeper *k = calloc(1, sizeof(*k));
    enum error e = ERR_MEMORY;

    *out = NULL;
    (void)snprintf(error, 256, "no memory left for the keeper");
    if (!k)
        return ERR_MEMORY;
    k->base = base;
    k->hooks = options->hooks;
    k->owner = options->owner;
    if (!keeper_configure(k, options->default_domain, options->realm) && !timers_new(k) &&
        !remembered_new(&k->remembered))
        e = store_open(&k->store, options->database, STORE_SERVE, error);
    if (!e)
        e = keeper_realm_fits(k, options->realm, error);
    if (e)
        keeper_free(k);
    else
        *out = k;
    return e;
}

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    if (k->sip)
        sip_drop(k);
    control_free(k->control);
    if (k->tick)
        event_free(k->tick);
    if (k->prune)
        event_free(k->prune);
    if (k->store)
        k->store->ops->close(k->store);
    free(k->default_domain);
    free(k->realm);
    remembered_free(k->remembered);
    pack_free(&k->scratch);
    pack_free(&k->answers);
    free(k->waiting);
    free(k);
}

enum error keeper_control(struct keeper *k, int fd)
{
    control_free(k->control);
    k->control = NULL;
    return control_new(&k->control, k, fd);
}

void keeper_parent_answer(struct keeper *k, uint64_t id, bool last, struct view json)
{
    if (k->control)
        control_parent_answer(k->control, id, last, json);
}
