/* Verdicts: claims checked against the hashes. */
#include "db/keeper_inside.h"

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

    for (; count > 0 && group_begin(k); count--) {
        binding_unpack(&b, &rows, &bad);
        group_put(k, k->store->ops->binding_put(k->store, &b));
    }
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
    pack_reset(&k->scratch);
    verdict_pack(&k->scratch, verdict,
                 verdict == VERDICT_OK || verdict == VERDICT_FORBIDDEN ? &user : NULL);
    if (group_wait(k, KEEPER_VERDICT, id) && verdict == VERDICT_OK)
        bindings_put(k, body, count);
}
