/* Verdicts: claims checked against the hashes, bindings written in groups. */
#include <stdlib.h>

#include "db/keeper_inside.h"

#define PRUNE_GROUPS 2 /* a commit, which adds one */

static void verdict_pack(struct pack *k, enum verdict verdict, const struct store_user *user)
{
    pack_u8(k, (uint8_t)verdict);
    pack_view(k, user ? user->number : VIEW_NONE);
    pack_view(k, user ? user->domain : VIEW_NONE);
}

/* Is the claim proven? On VERDICT_OK *user is filled, until the next claim. Each refusal costs one
 * look into the store and one check of a response, whether or not the user exists or is remembered:
 * how long it takes tells a stranger nothing. */
static enum verdict verdict_of(struct keeper *k, const struct claim *claim, struct store_user *user)
{
    struct view name = claim_user(claim);
    bool remembered = remembered_get(k->remembered, name, claim->domain, user);
    bool proven = remembered && claim_verify(claim, &user->credentials);
    enum error e;

    if (proven)
        return VERDICT_OK;
    e = k->store->ops->user_get(k->store, name, claim->domain, user);
    if (e && e != ERR_NOT_FOUND) {
        keeper_store_result(k, e);
        return VERDICT_UNAVAILABLE;
    }
    if (!remembered)
        proven = claim_verify(claim, e ? NULL : &user->credentials);
    if (!proven || e)
        return VERDICT_DENIED;
    remembered_put(k->remembered, name, claim->domain, user);
    return VERDICT_OK;
}

void verdict_check(struct keeper *k, uint64_t id, struct view body)
{
    struct claim claim;
    struct store_user user;
    bool bad = false;
    enum verdict verdict;

    claim_unpack(&claim, &body, &bad);
    verdict = bad ? VERDICT_DENIED : verdict_of(k, &claim, &user);
    pack_reset(&k->scratch);
    verdict_pack(&k->scratch, verdict, verdict == VERDICT_OK ? &user : NULL);
    (void)keeper_tell(k, KEEPER_VERDICT, id);
}

/* Are all bindings in rows the user's own? */
static bool bindings_belong(struct view rows, unsigned count, const struct store_user *user)
{
    struct store_binding b;
    bool bad = false;

    while (count-- > 0 && !bad) {
        binding_unpack(&b, &rows, &bad);
        bad |= !view_eq(b.number, user->number) || !view_eq(b.domain, user->domain);
    }
    return !bad && rows.n == 0;
}

static void bindings_put(struct keeper *k, struct view rows, unsigned count)
{
    struct store_binding b;
    bool bad = false;

    if (count && !k->group_error)
        k->group_error = k->store->ops->begin(k->store);
    for (; count > 0 && !k->group_error; count--, k->rows++) {
        binding_unpack(&b, &rows, &bad);
        k->group_error = k->store->ops->binding_put(k->store, &b);
    }
}

static struct verdict_waiting *waiting_add(struct keeper *k)
{
    if (k->waiting_count == k->waiting_room) {
        size_t room = k->waiting_room ? k->waiting_room * 2 : 64;
        struct verdict_waiting *more = reallocarray(k->waiting, room, sizeof(*more));

        if (!more)
            return NULL;
        k->waiting = more;
        k->waiting_room = room;
    }
    return &k->waiting[k->waiting_count];
}

/* Queues the verdict until the commit. Without memory sip hears nothing and asks again. */
static bool verdict_wait(struct keeper *k, uint64_t id, enum verdict verdict,
                         const struct store_user *user)
{
    struct verdict_waiting *w = waiting_add(k);
    size_t offset = k->verdicts.n;

    if (!w)
        return false;
    verdict_pack(&k->verdicts, verdict, user);
    if (k->verdicts.error) {
        k->verdicts.n = offset;
        k->verdicts.error = OK;
        return false;
    }
    *w = (struct verdict_waiting){id, offset, k->verdicts.n - offset};
    k->waiting_count++;
    return true;
}

void verdict_register(struct keeper *k, uint64_t id, struct view body)
{
    struct claim claim;
    struct store_user user;
    bool bad = false;
    enum verdict verdict;
    unsigned count;

    claim_unpack(&claim, &body, &bad);
    count = unpack_u16(&body, &bad);
    verdict = bad ? VERDICT_DENIED : verdict_of(k, &claim, &user);
    if (verdict == VERDICT_OK && !bindings_belong(body, count, &user))
        verdict = VERDICT_FORBIDDEN;
    if (!verdict_wait(k, id, verdict,
                      verdict == VERDICT_OK || verdict == VERDICT_FORBIDDEN ? &user : NULL))
        return;
    if (verdict == VERDICT_OK)
        bindings_put(k, body, count);
}

/* Dead rows leave in the same transaction, so that they cost no sync of their own. A failed row
 * fails the whole group. */
static enum error group_commit(struct keeper *k)
{
    enum error e = k->group_error;
    bool more = k->prunable;

    if (!e && !k->rows)
        return OK;
    if (!e && k->prunable)
        e = k->store->ops->binding_prune(k->store, clock_wall(), PRUNE_GROUPS, &more);
    if (!e)
        e = k->store->ops->commit(k->store);
    else
        k->store->ops->rollback(k->store);
    if (!e)
        k->prunable = more;
    k->rows = 0;
    k->group_error = OK;
    k->used = true;
    keeper_store_result(k, e);
    return e;
}

void verdict_commit(struct keeper *k)
{
    enum error e;

    if (!k->waiting_count)
        return;
    e = group_commit(k);
    for (size_t i = 0; i < k->waiting_count && k->sip; i++) {
        struct verdict_waiting *w = &k->waiting[i];
        char *body = k->verdicts.p + w->offset;

        if (e && *body == VERDICT_OK)
            *body = VERDICT_UNAVAILABLE;
        if (channel_send(k->sip, KEEPER_VERDICT, w->id, (struct view){body, w->n}, -1))
            log_warning("the sip role does not take its verdicts; one was dropped");
    }
    k->waiting_count = 0;
    pack_reset(&k->verdicts);
}
