/* Whom a URI means. */
#include "routing/plan.h"

#include <string.h>

struct view plan_domain(const struct plan *p, struct view host, uint16_t port)
{
    struct sip_flow address = {0};

    if (host.n > 1 && host.p[host.n - 1] == '.') /* RFC 3261 25.1: the root may be named */
        host.n--;
    for (size_t i = 0; i < p->domain_count; i++)
        if (view_ieq(host, view_of(p->domains[i])))
            return view_of(p->domains[i]);
    if (flow_set_address(&address, host) && transport_is_own(p->transport, &address) &&
        transport_is_own_port(p->transport, port))
        return view_of(p->domains[0]);
    return VIEW_NONE;
}

/* The spellings under which a user part is looked up, the exact one first. */
struct spellings {
    char exact[NUMBER_MAX], canonical[NUMBER_MAX];
    bool exact_counts;
};

static bool spellings_make(struct spellings *s, const struct uri *uri)
{
    if (uri_user_decode(uri, s->exact) != OK ||
        number_canonical(view_of(s->exact), s->canonical) != OK)
        return false;
    s->exact_counts = !uri->user_phone || !number_is_telephone(view_of(s->exact));
    return true;
}

static struct user *user_by(const struct location *l, const struct spellings *s, struct view domain)
{
    struct user *u = s->exact_counts ? location_user(l, view_of(s->exact), domain) : NULL;

    return u ? u : location_user(l, view_of(s->canonical), domain);
}

static struct view alias_by(const struct location *l, const struct spellings *s, struct view domain)
{
    struct view target = s->exact_counts ? location_alias(l, view_of(s->exact), domain) : VIEW_NONE;

    return target.n ? target : location_alias(l, view_of(s->canonical), domain);
}

static struct view uri_domain(const struct plan *p, const struct uri *uri)
{
    if (uri->scheme == URI_TEL)
        return view_of(p->domains[0]);
    return plan_domain(p, uri->host, uri->port);
}

struct user *plan_user(const struct plan *p, const struct location *l, const struct uri *uri)
{
    struct view domain = uri_domain(p, uri);
    struct spellings s;

    if (!domain.n || !uri->has_user || !spellings_make(&s, uri))
        return NULL;
    return user_by(l, &s, domain);
}

static bool is_emergency(const struct plan *p, const char *canonical)
{
    char number[NUMBER_MAX];

    for (size_t i = 0; i < p->emergency_count; i++)
        if (number_canonical(view_of(p->emergency[i]), number) == OK &&
            strcmp(number, canonical) == 0)
            return true;
    return false;
}

bool plan_is_emergency(const struct plan *p, const struct uri *uri)
{
    struct spellings s;

    return uri->has_user && uri_domain(p, uri).n && spellings_make(&s, uri) &&
           is_emergency(p, s.canonical);
}

bool plan_target(struct uri *out, struct view target, struct view domain)
{
    if (view_find(target, ':') < target.n)
        return uri_parse(out, target) == OK;
    *out = (struct uri){
        .scheme = URI_SIP, .user = target, .has_user = true, .host = domain, .transport = VIEW("")};
    return true;
}

/* Nobody here has the number: a route may. */
static void route_target(struct target *t, const struct plan *p, const struct spellings *s)
{
    if (!p->gateways || !route_fits(p->gateways, view_of(s->canonical)))
        return;
    t->kind = TARGET_ROUTE;
    memcpy(t->number, s->canonical, sizeof(t->number));
}

bool plan_step(struct target *t, const struct plan *p, const struct location *l, struct uri *uri)
{
    struct spellings s;
    struct view target;

    t->kind = TARGET_UNKNOWN;
    t->domain = uri_domain(p, uri);
    if (!t->domain.n) {
        t->kind = t->aliased ? TARGET_URI : TARGET_FOREIGN;
        return false;
    }
    if (!uri->has_user) {
        t->kind = TARGET_SELF;
        return false;
    }
    if (!spellings_make(&s, uri))
        return false;
    t->emergency |= is_emergency(p, s.canonical);
    t->user = user_by(l, &s, t->domain);
    if (t->user) {
        t->kind = TARGET_USER;
        return false;
    }
    target = alias_by(l, &s, t->domain);
    if (!target.n) {
        route_target(t, p, &s);
        return false;
    }
    if (!plan_target(uri, target, t->domain))
        return false;
    t->uri = target;
    t->aliased = true;
    return true;
}

struct target plan_resolve(const struct plan *p, const struct location *l, const struct uri *first)
{
    struct target t = {.kind = TARGET_UNKNOWN};
    struct uri uri = *first;

    for (int i = 0; i <= ALIASES_MAX; i++)
        if (!plan_step(&t, p, l, &uri))
            return t;
    t.kind = TARGET_UNKNOWN;
    return t;
}

bool target_takes_proof(const struct target *t)
{
    return t->kind == TARGET_FOREIGN || (t->kind == TARGET_ROUTE && !t->aliased && !t->emergency);
}

const struct forward *target_forward(const struct target *t, enum forward_kind kind)
{
    return t->kind == TARGET_USER && !t->emergency ? user_forward(t->user, kind) : NULL;
}

const struct forward *target_forward_first(const struct target *t)
{
    const struct forward *always = target_forward(t, FORWARD_ALWAYS);

    if (always || t->kind != TARGET_USER || t->user->bindings)
        return always;
    return target_forward(t, FORWARD_UNREACHABLE);
}
