/* The way of a call in words: plan_step, the forwards and bindings of users, route_find. */
#include "routing/explain.h"

#include <stdarg.h>
#include <stdio.h>

#define STEPS_MAX 100
#define TEXT_ROOM 1024

struct explanation {
    const struct plan *plan;
    const struct location *location;
    uint64_t random;
    bool stranger; /* has proven nothing */
    unsigned steps;
    explain_say *say;
    void *arg;
};

/* Where on the way we are. */
struct way {
    unsigned depth, forwards;
    bool ours; /* a forward of ours leads there: whoever calls may go along */
};

static void way_tell(struct explanation *x, struct uri uri, struct way way);

/* What phones send may be any bytes. */
static void make_printable(char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s >= 0x7f)
            *s = '?';
}

__attribute__((format(printf, 4, 5))) static void tell(struct explanation *x, unsigned depth,
                                                       const char *kind, const char *format, ...)
{
    char text[TEXT_ROOM];
    va_list args;

    if (x->steps > STEPS_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    make_printable(text);
    if (x->steps++ == STEPS_MAX)
        x->say(x->arg, &(struct explain_step){0, "end", "and so on"});
    else
        x->say(x->arg, &(struct explain_step){depth, kind, text});
}

static void forward_follow(struct explanation *x, const struct user *u, const struct forward *f,
                           struct way way)
{
    struct view target = forward_target(f);
    struct uri uri;

    way.ours = true;
    if (++way.forwards > FORWARDS_MAX)
        tell(x, way.depth, "end", "these were %d forwards: the call ends with 482", FORWARDS_MAX);
    else if (!plan_target(&uri, target, user_domain(u)))
        tell(x, way.depth, "end", "%.*s is not a URI: the call ends with 404", VIEW_ARG(target));
    else
        way_tell(x, uri, way);
}

/* A forward that applies when the ringing ends so. */
static void forward_case(struct explanation *x, const struct target *t, enum forward_kind kind,
                         struct way way)
{
    const struct forward *f = target_forward(t, kind);
    char when[64];

    if (!f)
        return;
    if (kind == FORWARD_NO_ANSWER)
        (void)snprintf(when, sizeof(when), "nobody answers within %u s", f->after);
    else
        (void)snprintf(when, sizeof(when), "%s",
                       kind == FORWARD_BUSY ? "it is busy" : "no phone can be reached");
    tell(x, way.depth, "forward", "if %s, it is forwarded to %.*s", when,
         VIEW_ARG(forward_target(f)));
    way.depth++;
    forward_follow(x, t->user, f, way);
}

static unsigned phones_count(const struct user *u)
{
    unsigned count = 0;

    for (const struct binding *b = u->bindings; b; b = b->next)
        count++;
    return count;
}

static void phones_tell(struct explanation *x, const struct target *t, struct way way)
{
    for (const struct binding *b = t->user->bindings; b; b = b->next)
        tell(x, way.depth + 1, "phone", "rings at %.*s", VIEW_ARG(binding_contact(b)));
    if (!t->user->bindings) {
        tell(x, way.depth, "end", "no phone is registered: the call ends with 480");
        return;
    }
    forward_case(x, t, FORWARD_BUSY, way);
    forward_case(x, t, FORWARD_NO_ANSWER, way);
    forward_case(x, t, FORWARD_UNREACHABLE, way);
}

static void user_tell(struct explanation *x, const struct target *t, struct way way)
{
    const struct forward *first = target_forward_first(t);
    unsigned count = phones_count(t->user);

    tell(x, way.depth, "user", "%.*s@%.*s is a user with %u registered phone%s",
         VIEW_ARG(user_number(t->user)), VIEW_ARG(user_domain(t->user)), count,
         count == 1 ? "" : "s");
    if (!first) {
        phones_tell(x, t, way);
        return;
    }
    tell(x, way.depth, "forward", "%s to %.*s",
         first->kind == FORWARD_ALWAYS ? "every call to it is forwarded"
                                       : "as no phone is registered, it is forwarded",
         VIEW_ARG(forward_target(first)));
    forward_follow(x, t->user, first, way);
}

/* RFC 5627: the URI of one phone, for which nobody else answers. */
static void gruu_tell(struct explanation *x, const struct target *t, const struct uri *uri,
                      struct way way)
{
    bool found = false;

    tell(x, way.depth, "user", "this is the GRUU of one phone of %.*s@%.*s; no forward applies",
         VIEW_ARG(user_number(t->user)), VIEW_ARG(user_domain(t->user)));
    for (const struct binding *b = t->user->bindings; b; b = b->next) {
        if (!binding_has_gruu(b, uri->gr))
            continue;
        tell(x, way.depth + 1, "phone", "rings at %.*s", VIEW_ARG(binding_contact(b)));
        found = true;
    }
    if (!found)
        tell(x, way.depth, "end", "that phone is not registered: the call ends with 480");
}

static void gateway_tell(struct explanation *x, const struct gateway *g, unsigned place,
                         unsigned depth)
{
    char limit[64] = "";

    if (g->max_calls)
        (void)snprintf(limit, sizeof(limit), ", %u of %u calls", g->calls, g->max_calls);
    tell(x, depth, "gateway", "%u. %.*s, %.*s (priority %u, weight %u%s%s)", place,
         VIEW_ARG(g->name), VIEW_ARG(g->uri), g->priority, g->weight, limit,
         g->up ? "" : ", does not answer");
}

static void route_tell(struct explanation *x, const struct target *t, struct way way)
{
    struct route_choice c;
    enum error e = route_find(&c, x->plan->gateways, view_of(t->number), x->random);
    struct view prefix = c.route && c.route->prefix.n ? c.route->prefix : VIEW("default");

    if (e) {
        tell(x, way.depth, "end", "the route for %s leaves nothing to dial: the call ends with 404",
             t->number);
        return;
    }
    tell(x, way.depth, "route", "nobody here has %s, the route %.*s fits: %s is dialled there",
         t->number, VIEW_ARG(prefix), c.number);
    if (x->stranger && !way.ours && target_takes_proof(t)) {
        tell(x, way.depth, "end", "a stranger may not use it: the call ends with 403");
        return;
    }
    for (unsigned i = 0; i < c.count; i++)
        gateway_tell(x, c.gateways[i], i + 1, way.depth + 1);
    if (c.count > 1)
        tell(x, way.depth + 1, "gateway",
             "among equal priorities the order is drawn by weight for each call");
}

static void elsewhere_tell(struct explanation *x, const struct target *t, const struct uri *uri,
                           struct way way)
{
    if (x->stranger && !way.ours && target_takes_proof(t))
        tell(x, way.depth, "end",
             "%.*s is not served here, and a stranger may not go there: the "
             "call ends with 403",
             VIEW_ARG(uri->host));
    else
        tell(x, way.depth, "elsewhere", "%.*s is not served here: the call goes there",
             VIEW_ARG(uri->host));
}

static void target_tell(struct explanation *x, const struct target *t, const struct uri *uri,
                        struct way way)
{
    if (t->emergency)
        tell(x, way.depth, "emergency",
             "this is an emergency number: never shed, limited or forwarded by its user");
    switch (t->kind) {
    case TARGET_USER:
        if (uri->has_gr)
            gruu_tell(x, t, uri, way);
        else
            user_tell(x, t, way);
        break;
    case TARGET_ROUTE:
        route_tell(x, t, way);
        break;
    case TARGET_URI:
    case TARGET_FOREIGN:
        elsewhere_tell(x, t, uri, way);
        break;
    case TARGET_SELF:
        tell(x, way.depth, "self", "this is the server itself, which takes no calls: 404");
        break;
    case TARGET_UNKNOWN:
        tell(x, way.depth, "end", "nobody here has %.*s, and no route fits: the call ends with 404",
             VIEW_ARG(uri->user));
        break;
    }
}

static void way_tell(struct explanation *x, struct uri uri, struct way way)
{
    struct target t = {.kind = TARGET_UNKNOWN};

    for (int i = 0; i <= ALIASES_MAX; i++) {
        struct view name = uri.user;

        if (!plan_step(&t, x->plan, x->location, &uri)) {
            target_tell(x, &t, &uri, way);
            return;
        }
        tell(x, way.depth, "alias", "%.*s is an alias of %.*s", VIEW_ARG(name), VIEW_ARG(t.uri));
    }
    tell(x, way.depth, "end", "more than %d aliases lead to each other: the call ends with 404",
         ALIASES_MAX);
}

/* Who calls, and what he has to prove. False: he gets no further. */
static bool caller_tell(struct explanation *x, const struct uri *from, bool strangers)
{
    const struct user *u = plan_user(x->plan, x->location, from);
    bool ours = from->scheme == URI_TEL || plan_domain(x->plan, from->host, from->port).n > 0;

    if (u) {
        char limit[64] = "";

        if (u->max_calls)
            (void)snprintf(limit, sizeof(limit), "; its limit is %u calls at a time", u->max_calls);
        tell(x, 0, "from", "%.*s@%.*s is a user, and has to prove it%s", VIEW_ARG(user_number(u)),
             VIEW_ARG(user_domain(u)), limit);
        return true;
    }
    x->stranger = true;
    if (ours)
        tell(x, 0, "end", "no user has %.*s, and nobody can prove to be it: the call is refused",
             VIEW_ARG(from->user));
    else if (!strangers)
        tell(x, 0, "end",
             "the caller is a stranger, and auth.strangers is never: the call ends "
             "with 403");
    else
        tell(x, 0, "from", "the caller is a stranger, who may call users and nobody else");
    return !ours && strangers;
}

enum error explain(const struct plan *p, const struct location *l,
                   const struct explain_caller *caller, struct view to, explain_say *say, void *arg)
{
    struct explanation x = {
        .plan = p, .location = l, .random = caller->random, .say = say, .arg = arg};
    struct view domain = view_of(p->domains[0]);
    struct uri from, uri;

    if (!caller->uri.n || !to.n || !plan_target(&from, caller->uri, domain) ||
        !plan_target(&uri, to, domain))
        return ERR_SYNTAX;
    if (caller_tell(&x, &from, caller->strangers))
        way_tell(&x, uri, (struct way){0});
    return OK;
}
