/* Diversion: calls that a user has forwarded go to somebody else, and the one who is called then is
 * told so (RFC 5806; a 7960 shows it). */
#include "server/context.h"

#define DIVERSIONS_MAX 5 /* hops of one call: more is a loop */

void leg_set(struct leg *leg, const struct user *u)
{
    leg->number[0] = 0;
    if (u && view_copy(user_number(u), leg->number, sizeof(leg->number)))
        leg->domain = user_domain(u);
}

struct user *leg_user(const struct context *c, const struct leg *leg)
{
    return location_user(c->worker->location, view_of(leg->number), leg->domain);
}

/* What ;counter says, RFC 5806 5.2; without it, or with nonsense, 1. */
static unsigned times_of(struct view value)
{
    struct name_addr parts;
    uint64_t times = 1;
    bool found;

    if (value.n > SIP_VALUE_MAX || name_addr_parse(&parts, value) != OK ||
        !view_number(header_param(parts.params, VIEW("counter"), &found), UINT32_MAX, &times))
        return 1;
    return times < DIVERSIONS_MAX ? (unsigned)times : DIVERSIONS_MAX;
}

void divert_inherit(struct context *c, const struct request *r)
{
    for (const struct header_line *h = NULL;
         r->trusted && (h = sip_header_after(r->m, HEADER_DIVERSION, h));) {
        struct view rest = h->value;

        while (rest.n && c->redirects < DIVERSIONS_MAX)
            c->redirects += times_of(header_value_next(&rest));
    }
}

void divert_ring(struct context *c, const struct user *u)
{
    leg_set(&c->leg, u);
}

/* The newest comes first (RFC 5806 5.1). */
static void header_add(struct context *c, const struct user *u, const char *reason)
{
    char bytes[SIP_VALUE_MAX];
    struct text line = TEXT(bytes);
    struct pack earlier = c->diversions;

    text_string(&line, "Diversion: <sip:");
    text_view(&line, user_number(u));
    text_string(&line, "@");
    text_view(&line, user_domain(u));
    text_string(&line, ">;reason=");
    text_string(&line, reason);
    text_string(&line, ";counter=1\r\n");
    c->diversions = (struct pack){0};
    if (!line.full)
        pack_bytes(&c->diversions, line.p, line.n);
    pack_bytes(&c->diversions, earlier.p, earlier.n);
    pack_free(&earlier);
}

static unsigned target_aim(struct context *c, const struct user *u, struct view target)
{
    bool whole = view_find(target, ':') < target.n;
    struct uri uri;

    if (!plan_target(&uri, target, user_domain(u)))
        return 416;
    return aim_uri(c, &uri, whole ? target : VIEW(""), AIM_FIRST, false);
}

const struct forward *divert_for(const struct context *c, const struct user *u,
                                 enum forward_kind kind)
{
    return c->invite && !c->emergency && u ? user_forward(u, kind) : NULL;
}

unsigned divert_to(struct context *c, const struct user *u, const struct forward *f)
{
    static const char *const reasons[FORWARD_KINDS] = {
        [FORWARD_ALWAYS] = "unconditional",
        [FORWARD_BUSY] = "user-busy",
        [FORWARD_NO_ANSWER] = "no-answer",
        [FORWARD_UNREACHABLE] = "unavailable",
    };

    if (++c->redirects > DIVERSIONS_MAX) {
        c->worker->counters.loops++;
        return 482;
    }
    c->worker->counters.diverted++;
    header_add(c, u, reasons[f->kind]);
    return target_aim(c, u, forward_target(f));
}

void divert_note(struct context *c, const struct leg *from)
{
    const struct user *u = leg_user(c, from);

    if (u)
        header_add(c, u, "deflection");
}

/* Which forward an outcome calls for; FORWARD_KINDS: none. */
static enum forward_kind kind_of(unsigned status, bool rang_out)
{
    if (rang_out)
        return FORWARD_NO_ANSWER;
    switch (status) {
    case 486:
    case 600:
        return FORWARD_BUSY;
    case 408:
    case 430:
    case 480:
    case 503:
        return FORWARD_UNREACHABLE;
    default:
        return FORWARD_KINDS;
    }
}

unsigned divert_outcome(struct context *c, unsigned status, bool rang_out)
{
    const struct user *u = leg_user(c, &c->leg);
    enum forward_kind kind = kind_of(status, rang_out);
    const struct forward *f = kind < FORWARD_KINDS ? divert_for(c, u, kind) : NULL;

    c->leg.number[0] = 0; /* once for each user */
    return f ? divert_to(c, u, f) : status;
}

unsigned divert_wait(const struct context *c)
{
    const struct forward *f = divert_for(c, leg_user(c, &c->leg), FORWARD_NO_ANSWER);

    return f ? f->after * 1000u : 0;
}
