/* The group: rows that REGISTERs and ended calls write until `drained`, one commit for all of them,
 * and the answers that wait for it. */
#include <stdlib.h>

#include "db/keeper_inside.h"

#define PRUNE_GROUPS 2 /* a commit, which adds one */

static struct waiting *waiting_add(struct keeper *k)
{
    if (k->waiting_count == k->waiting_room) {
        size_t room = k->waiting_room ? k->waiting_room * 2 : 64;
        struct waiting *more = reallocarray(k->waiting, room, sizeof(*more));

        if (!more)
            return NULL;
        k->waiting = more;
        k->waiting_room = room;
    }
    return &k->waiting[k->waiting_count];
}

bool group_wait(struct keeper *k, enum keeper_message type, uint64_t id)
{
    struct waiting *w = waiting_add(k);
    size_t offset = k->answers.n;

    if (!w || k->scratch.error)
        return false;
    pack_bytes(&k->answers, k->scratch.p, k->scratch.n);
    if (k->answers.error) {
        k->answers.n = offset;
        k->answers.error = OK;
        return false;
    }
    *w = (struct waiting){type, id, offset, k->scratch.n};
    k->waiting_count++;
    return true;
}

bool group_begin(struct keeper *k)
{
    if (!k->group_error)
        k->group_error = k->store->ops->begin(k->store);
    return k->group_error == OK;
}

void group_put(struct keeper *k, enum error e)
{
    k->group_error = e;
    k->rows++;
}

/* Dead rows leave in the same transaction, so that they cost no sync of their own. */
static enum error dead_prune(struct keeper *k, bool *more)
{
    enum error e = OK;

    if (k->prunable)
        e = k->store->ops->binding_prune(k->store, clock_wall(), PRUNE_GROUPS, more);
    return e ? e : history_prune_along(k);
}

/* A failed row fails the whole group. */
static enum error rows_commit(struct keeper *k)
{
    enum error e = k->group_error;
    bool more = k->prunable;

    if (!e && !k->rows)
        return OK;
    if (!e)
        e = dead_prune(k, &more);
    if (!e)
        e = k->store->ops->commit(k->store);
    else
        k->store->ops->rollback(k->store);
    if (!e)
        k->prunable = more;
    k->rows = k->calls = 0;
    k->group_error = OK;
    k->used = true;
    keeper_store_result(k, e);
    return e;
}

/* After a failure registrars are told of it, and calls stay unanswered. */
static void answer_send(struct keeper *k, const struct waiting *w, enum error e)
{
    struct view body = view_from(pack_bytes_view(&k->answers), w->offset);

    if (e && w->type == KEEPER_CALL_KEPT)
        return;
    if (e && *body.p == VERDICT_OK)
        k->answers.p[w->offset] = VERDICT_UNAVAILABLE;
    body.n = w->n;
    if (channel_send(k->sip, (uint16_t)w->type, w->id, body, -1))
        log_warning("the sip role does not take its answers; one was dropped");
}

void group_commit(struct keeper *k)
{
    enum error e;

    if (!k->waiting_count)
        return;
    e = rows_commit(k);
    for (size_t i = 0; i < k->waiting_count && k->sip; i++)
        answer_send(k, &k->waiting[i], e);
    k->waiting_count = 0;
    pack_reset(&k->answers);
}
