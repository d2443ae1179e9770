/* Challenges and claims (RFC 3261 section 22, RFC 7616, RFC 8760). */
#include "server/gate.h"

#include <string.h>

#include "server/guards.h"
#include "server/notice.h"

#define CHALLENGE_MAX 1024

static bool when_applies(enum auth_when when, bool automatic)
{
    return when == AUTH_ALWAYS || (when == AUTH_AUTO && automatic);
}

/* Peers that cannot handle several challenges, or qop: exactly one MD5 challenge. */
static bool is_legacy(const struct worker *w, const struct sip_message *m)
{
    return when_applies(w->config->auth.legacy, agent_is_cisco79(m) || agent_is_rfc2543(m));
}

static struct challenge_policy policy_for(const struct worker *w, const struct sip_message *m,
                                          bool without_qop)
{
    bool legacy = is_legacy(w, m);
    struct challenge_policy policy = {
        .realm = view_of(w->config->auth.realm),
        .qop = when_applies(w->config->auth.qop, !legacy && !without_qop),
        .offered = {w->config->auth.md5, w->config->auth.sha256, w->config->auth.sha512_256},
    };

    if (legacy || without_qop || (agent_knows_only_md5(m) && w->config->auth.md5)) {
        memset(policy.offered, 0, sizeof(policy.offered));
        policy.offered[DIGEST_MD5] = true;
    }
    return policy;
}

/* A client that was offered qop and answered without it is an old one in disguise. */
static bool answered_without_qop(const struct worker *w, const struct sip_message *m)
{
    static const enum header_id ids[] = {HEADER_AUTHORIZATION, HEADER_PROXY_AUTHORIZATION};

    for (size_t i = 0; i < 2; i++) {
        const struct header_line *h = NULL;
        struct claim claim;
        uint32_t nc;

        while ((h = sip_header_after(m, ids[i], h)))
            if (h->value.n <= SIP_VALUE_MAX &&
                answer_parse(&claim, &nc, h->value, view_of(w->config->auth.realm)) ==
                    ANSWER_FOR_US)
                return nc == 0;
    }
    return false;
}

void gate_challenge(struct worker *w, const struct request *r, bool stale)
{
    bool registering = r->m->method_id == METHOD_REGISTER;
    struct challenge_policy policy = policy_for(w, r->m, answered_without_qop(w, r->m));
    char bytes[CHALLENGE_MAX], text[NONCE_TEXT];
    struct view nonce = {text, sizeof(text)};
    struct text lines = TEXT(bytes);

    w->counters.challenges++;
    nonce_make(w->nonces, policy.qop, r->from.address, text);
    challenge_write(&lines, &policy, nonce, !registering, stale);
    if (lines.n + r->m->bytes.n + 64 > STRANGER_TIMES * r->m->bytes.n) {
        /* to a tiny request only the smallest challenge goes */
        memset(policy.offered, 0, sizeof(policy.offered));
        policy.offered[w->config->auth.md5 ? DIGEST_MD5 : DIGEST_SHA256] = true;
        lines.n = 0;
        challenge_write(&lines, &policy, nonce, !registering, stale);
    }
    refuse(w, r, registering ? 401 : 407, text_done(&lines));
}

/* RFC 7616 3.4.6: the digest uri has to name what the Request-URI names. */
static bool same_resource(const struct worker *w, const struct request *r, struct view text)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    struct uri uri;

    if (view_eq(text, r->m->uri))
        return true;
    if (uri_parse(&uri, text) != OK)
        return false;
    bool both_ours = plan_domain(&w->plan, uri.host, uri.port).n &&
                     plan_domain(&w->plan, r->uri.host, r->uri.port).n;

    if (!both_ours && !view_ieq(uri.host, r->uri.host) && uri.scheme != URI_TEL)
        return false;
    if (r->m->method_id == METHOD_REGISTER || (!uri.has_user && !r->uri.has_user))
        return true;
    return number_canonical(uri.user, a) == OK && number_canonical(r->uri.user, b) == OK &&
           strcmp(a, b) == 0;
}

/* Which served domain From claims to be of; empty: none. */
static struct view from_domain(const struct worker *w, const struct sip_message *m)
{
    struct uri uri;

    if (uri_parse(&uri, m->from_uri) != OK)
        return VIEW_NONE;
    return uri.scheme == URI_TEL ? view_of(w->plan.domains[0])
                                 : plan_domain(&w->plan, uri.host, uri.port);
}

/* Does it answer a challenge of ours, for this very request? False: answered. */
static bool claim_is_fresh(struct worker *w, const struct request *r, struct gate_claim *c)
{
    if (!same_resource(w, r, c->claim.uri)) {
        refuse(w, r, 400, VIEW("Warning: 399 offhook \"digest uri names something else\"\r\n"));
        return false;
    }
    switch (nonce_check(w->nonces, c->claim.nonce, c->nc, r->from.address)) {
    case NONCE_GOOD:
        c->claim.method = r->m->method;
        return true;
    case NONCE_STALE:
        w->counters.stale++;
        gate_challenge(w, r, true);
        return false;
    case NONCE_FOREIGN:
        break;
    }
    w->counters.foreign_nonces++;
    gate_challenge(w, r, false);
    return false;
}

static bool is_offered(const struct worker *w, enum digest_algorithm a)
{
    return a == DIGEST_MD5      ? w->config->auth.md5 || w->config->auth.legacy != AUTH_NEVER
           : a == DIGEST_SHA256 ? w->config->auth.sha256
                                : w->config->auth.sha512_256;
}

bool gate_read(const struct worker *w, const struct request *r, struct gate_claim *out)
{
    static const enum header_id ids[] = {HEADER_AUTHORIZATION, HEADER_PROXY_AUTHORIZATION};

    for (size_t i = 0; i < 2; i++) {
        const struct header_line *h = NULL;

        while ((h = sip_header_after(r->m, ids[i], h)))
            if (h->value.n <= SIP_VALUE_MAX &&
                answer_parse(&out->claim, &out->nc, h->value, view_of(w->config->auth.realm)) ==
                    ANSWER_FOR_US &&
                is_offered(w, out->claim.algorithm))
                return true;
    }
    return false;
}

bool gate_may_open(const struct request *r)
{
    return r->m->method_id == METHOD_INVITE || r->m->method_id == METHOD_OPTIONS ||
           view_eq(r->m->method, VIEW("MESSAGE"));
}

enum gate gate_check(struct worker *w, const struct request *r, struct gate_claim *c)
{
    bool registering = r->m->method_id == METHOD_REGISTER;
    struct view domain = registering ? VIEW_NONE : from_domain(w, r->m);

    if (!domain.n && !registering) {
        if (w->config->auth.strangers && gate_may_open(r))
            return GATE_OPEN;
        w->counters.forbidden++;
        refuse(w, r, 403, VIEW_NONE);
        return GATE_REFUSED;
    }
    if (!keeper_link_is_up(w)) {
        w->counters.unavailable++;
        refuse(w, r, 503, VIEW("Retry-After: 5\r\n"));
        return GATE_REFUSED;
    }
    if (!c) {
        gate_challenge(w, r, false);
        return GATE_REFUSED;
    }
    if (!claim_is_fresh(w, r, c))
        return GATE_REFUSED;
    if (registering)
        domain = from_domain(w, r->m);
    c->claim.domain = domain.n ? domain : view_of(w->plan.domains[0]);
    return guards_let(w, r, &c->claim) ? GATE_CLAIMED : GATE_REFUSED;
}

void gate_keep(struct pending *p, const struct gate_claim *c)
{
    memcpy(p->nonce, c->claim.nonce.p, NONCE_TEXT); /* nonce_check has seen to its length */
    p->nc = c->nc;
    p->claimed = guard_key(claim_user(&c->claim), c->claim.domain);
    claim_pack(&p->body, &c->claim);
}

/* From has to be the user who has proven himself; a phone that hides its number says Anonymous. */
static bool from_is(const struct worker *w, const struct request *r)
{
    bool registering = r->m->method_id == METHOD_REGISTER;
    struct uri uri;

    if (registering && view_eq(r->m->from_uri, r->m->to_uri)) /* the registrar compares To */
        return true;
    if (uri_parse(&uri, r->m->from_uri) != OK)
        return false;
    if (!registering && view_ieq(uri.user, VIEW("anonymous")))
        return true;
    return plan_user(&w->plan, w->location, &uri) == r->user;
}

static void transaction_drop(struct request *r)
{
    server_transaction_drop(r->tx);
    r->tx = NULL;
}

void gate_stale(struct worker *w, struct request *r)
{
    w->counters.stale++;
    transaction_drop(r);
    gate_challenge(w, r, true);
}

bool gate_count(struct worker *w, struct request *r, struct pending *p)
{
    if (!p->counted && !nonce_use(w->nonces, (struct view){p->nonce, sizeof(p->nonce)}, p->nc)) {
        gate_stale(w, r);
        return false;
    }
    p->counted = true;
    return true;
}

bool gate_passed(struct worker *w, struct request *r, enum verdict verdict, struct pending *p)
{
    switch (verdict) {
    case VERDICT_UNAVAILABLE:
        w->counters.unavailable++;
        refuse_busy(w, r); /* he has not proven to be where he says */
        return false;
    case VERDICT_DENIED:
        w->counters.denied++;
        notice_refusal(r, "no such user, or a wrong password");
        transaction_drop(r);
        guards_refuse(w, r, p);
        return false;
    case VERDICT_FORBIDDEN:
        w->counters.forbidden++;
        answer(w, r, 403, VIEW_NONE);
        return false;
    case VERDICT_OK:
        break;
    }
    if (!gate_count(w, r, p))
        return false;
    w->counters.proven++;
    transport_keep(w->transport, &r->from);
    guards_proven(w, r, p);
    if (from_is(w, r))
        return true;
    notice_refusal(r, "From is somebody else than the credentials are for");
    w->counters.forbidden++;
    answer(w, r, 403, VIEW_NONE);
    return false;
}
