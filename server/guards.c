/* What is done about guessing, floods and probing. */
#include "server/guards.h"

#include <stdlib.h>

#include "server/gate.h"
#include "server/held.h"
#include "server/notice.h"

enum error guards_new(struct worker *w)
{
    enum error error;

    if ((error = guard_new(&w->guard)) != OK || (error = bans_new(&w->bans)) != OK ||
        (error = held_new(w)) != OK)
        return error;
    guards_configure(w);
    return OK;
}

void guards_free(struct worker *w)
{
    held_free(w);
    bans_free(w->bans);
    guard_free(w->guard);
    w->bans = NULL;
    w->guard = NULL;
}

void guards_configure(struct worker *w)
{
    const struct config *c = w->config;
    struct network *trusted = calloc(c->guard.trusted_count + 1, sizeof(*trusted));
    size_t count = 0;

    for (size_t i = 0; trusted && i < c->guard.trusted_count; i++)
        count += network_parse(&trusted[count], view_of(c->guard.trusted[i]));
    if (!trusted || guard_trust(w->guard, trusted, count) != OK)
        w->counters.out_of_memory++;
    free(trusted);
    guard_configure(w->guard, c->guard.ban ? c->guard.users : 0);
}

static struct network source_of(const struct sip_flow *from)
{
    return network_source(from->family, from->address);
}

bool guards_turn_away(struct worker *w, const struct sip_flow *from)
{
    struct network source;

    if (!bans_count(w->bans) || !bans_hold(w->bans, from->family, from->address))
        return false;
    source = source_of(from);
    if (guard_trusts(w->guard, &source))
        return false;
    w->counters.guard_dropped++;
    return true;
}

struct asker {
    const struct worker *w;
    const struct request *r;
    const struct claim *claim;
};

static size_t phones_of(void *arg)
{
    const struct asker *a = arg;
    struct network source = source_of(&a->r->from);

    return location_bound(a->w->location, &source);
}

bool guards_know(const struct worker *w, const struct sip_flow *from)
{
    struct network source = source_of(from);

    return guard_trusts(w->guard, &source) || location_bound(w->location, &source);
}

bool guards_admit(struct worker *w, const struct request *r)
{
    struct network source = source_of(&r->from);
    struct asker asker = {.w = w, .r = r};
    bool claims =
        sip_header(r->m, HEADER_AUTHORIZATION) || sip_header(r->m, HEADER_PROXY_AUTHORIZATION);

    if (guard_trusts(w->guard, &source) ||
        guard_admit(w->guard, &source, claims, phones_of, &asker))
        return true;
    if (request_is_refresh(w, r) || request_is_emergency(w, r) ||
        (request_is_from_phone(w, r) && guard_admit_phone(w->guard, &source)))
        return true;
    w->counters.rate_limited++;
    if (!r->m->fault)
        notice_refusal(r, "more requests than its address may send");
    if (r->m->method_id == METHOD_INVITE && phones_of(&asker))
        refuse_for_now(w, r);
    return false;
}

static struct user *claimed_user(const struct worker *w, const struct claim *claim)
{
    struct user *u = location_user(w->location, claim_user(claim), claim->domain);
    char number[NUMBER_MAX];

    if (u || number_canonical(claim_user(claim), number) != OK)
        return u;
    return location_user(w->location, view_of(number), claim->domain);
}

static enum guard_bond bond_of(void *arg)
{
    const struct asker *a = arg;
    const struct user *u = claimed_user(a->w, a->claim);
    enum guard_bond bond = BOND_NONE;

    for (const struct binding *b = u ? u->bindings : NULL; b; b = b->next) {
        struct sip_flow flow = binding_flow(b);

        if (flow_same_peer(&flow, &a->r->from) || (a->r->m->method_id == METHOD_REGISTER &&
                                                   view_eq(binding_call_id(b), a->r->m->call_id)))
            return BOND_FLOW;
        if (flow_same_address(&flow, &a->r->from))
            bond = BOND_ADDRESS;
    }
    return bond;
}

bool guards_let(struct worker *w, const struct request *r, const struct claim *claim)
{
    struct network source = source_of(&r->from);
    struct asker asker = {w, r, claim};
    unsigned wait = 0;

    if (guard_trusts(w->guard, &source))
        return true;
    if (held_waits(w, r->key)) /* it comes again; its answer will */
        return false;
    switch (guard_ask(w->guard, &source, guard_key(claim_user(claim), claim->domain), bond_of,
                      &asker, &wait)) {
    case GUARD_JUDGE:
        return true;
    case GUARD_REFUSE:
        w->counters.guard_refused++;
        notice_refusal(r, "too early after a wrong password");
        refuse_until(w, r, wait);
        return false;
    case GUARD_DROP:
        w->counters.guard_refused++;
        break;
    }
    return false;
}

static void ban_send(void *arg, struct ban *ban)
{
    struct worker *w = arg;
    char text[NETWORK_TEXT_MAX];
    struct change change = {.kind = CHANGE_BAN,
                            .ban = {.network = view_of(network_text(&ban->network, text)),
                                    .until = ban->until,
                                    .users = ban->users,
                                    .reason = view_of(ban->reason)}};

    if (!ban->told)
        keeper_link_tell(w, &change);
}

void guards_tell(struct worker *w)
{
    bans_each(w->bans, ban_send, w);
}

static bool ban_make(struct worker *w, const struct network *source, unsigned users)
{
    char text[NETWORK_TEXT_MAX];
    struct ban *ban;

    if (bans_put(w->bans, source, clock_wall() + w->config->guard.ban, users,
                 VIEW("passwords guessed"), &ban) != OK ||
        !ban)
        return false;
    w->counters.bans++;
    log_warning("%s is banned for %u s: %u users failed from it", network_text(source, text),
                w->config->guard.ban, users);
    ban_send(w, ban);
    return true;
}

void guards_refuse(struct worker *w, const struct request *r, const struct pending *p)
{
    struct network source = source_of(&r->from);
    struct guard_failure failure;

    w->counters.guard_failures++;
    if (guard_trusts(w->guard, &source)) {
        gate_challenge(w, r, false);
        return;
    }
    failure = guard_failed(w->guard, &source, p->claimed, location_bound(w->location, &source));
    if (failure.ban && ban_make(w, &source, failure.users))
        return;
    if (held_put(w, r, failure.delay))
        w->counters.guard_delayed++;
    else
        refuse_until(w, r, failure.delay / 1000);
}

void guards_proven(struct worker *w, const struct request *r, const struct pending *p)
{
    struct network source = source_of(&r->from);
    bool by_number = guard_key(user_number(r->user), user_domain(r->user)) == p->claimed;

    guard_succeeded(w->guard, &source, p->claimed, !by_number);
}

bool guards_hide(struct worker *w, struct request *r, bool unknown)
{
    struct network source = source_of(&r->from);

    if (guard_trusts(w->guard, &source))
        return false;
    if (unknown)
        guard_probed(w->guard, &source, guard_key(r->uri.user, r->uri.host));
    if (!guard_probes(w->guard, &source))
        return false;
    w->counters.guard_refused++;
    answer(w, r, 404, VIEW_NONE);
    return true;
}

enum error guards_apply(struct worker *w, const struct change *change)
{
    struct network n;
    struct ban *ban;
    enum error error;

    if (!network_parse(&n, change->ban.network))
        return ERR_SYNTAX;
    if (change->kind == CHANGE_BAN_GONE) {
        bans_drop(w->bans, &n);
        return OK;
    }
    error = bans_put(w->bans, &n, change->ban.until, change->ban.users, change->ban.reason, &ban);
    if (ban)
        ban->told = true;
    return error;
}
