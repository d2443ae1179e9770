/* The proxy: where a request goes from here (RFC 3261 16.5, 16.6), and what passes without a
 * transaction. */
#include "server/context.h"
#include "server/guards.h"
#include "server/notice.h"
#include "server/route.h"
#include "server/trunk.h"

#define STRANGERS_MAX 2000 /* requests under way whose senders have proven nothing */

/* RFC 5630 5.3: there is nobody who can be reached by TLS. */
#define SIPS_REFUSAL VIEW("Warning: 380 offhook \"SIPS Not Allowed\"\r\n")

static bool is_invite(const struct request *r)
{
    return r->m->method_id == METHOD_INVITE;
}

static bool may_take(const struct request *r, const struct sip_flow *flow)
{
    return aim_may_take(r->uri.scheme == URI_SIPS, flow);
}

/* A transaction for a request that has none yet: a stranger's, or one inside a dialog. */
static bool transaction_begin(struct worker *w, struct request *r, bool stranger)
{
    if (r->tx)
        return true;
    if (server_transaction_new(&r->tx, w->transactions, r->key, r->m, &r->from) != OK) {
        w->counters.out_of_memory++;
        refuse_busy(w, r);
        return false;
    }
    if (stranger && r->from.transport == FLOW_UDP)
        server_transaction_limit(r->tx, STRANGER_TIMES * (uint32_t)r->m->bytes.n);
    return true;
}

/* All strangers together may only have so much under way. */
static bool strangers_limit(struct worker *w, const struct request *r)
{
    if (w->strangers < STRANGERS_MAX || !request_is_strangers(r) || request_is_emergency(w, r))
        return false;
    w->counters.strangers_limited++;
    refuse_for_now(w, r);
    return true;
}

/* A call whose audio cannot pass through here ends before it begins. callee NULL: no user. */
static bool audio_refuse(struct worker *w, struct request *r, const struct user *callee)
{
    char bytes[256];
    struct text lines = TEXT(bytes);
    unsigned status = anchor_admit(w, r, callee, &lines);

    if (status)
        answer(w, r, status, text_done(&lines));
    return status;
}

/* The response context of r, whose targets are to be added; NULL: answered. callee NULL: no user.
 */
static struct context *context_begin(struct worker *w, struct request *r, const struct user *callee,
                                     bool stranger)
{
    struct context *c;

    if (r->m->max_breadth == 0) { /* RFC 5393 5.3.3 */
        answer(w, r, 440, VIEW_NONE);
        return NULL;
    }
    if (strangers_limit(w, r) || audio_refuse(w, r, callee) || !transaction_begin(w, r, stranger))
        return NULL;
    c = context_new(w, r);
    if (!c) {
        w->counters.out_of_memory++;
        answer(w, r, 503, VIEW("Retry-After: 5\r\n"));
        return NULL;
    }
    if (is_invite(r))
        answer(w, r, 100, VIEW_NONE);
    return c;
}

static void hop_take(struct worker *w, struct request *r, const struct hop *hop, bool stranger)
{
    struct context *c = context_begin(w, r, NULL, stranger);

    if (!c)
        return;
    if (targets_add(&c->targets, hop, 0) != OK)
        w->counters.out_of_memory++;
    fork_start(c, r);
}

static void user_call(struct worker *w, struct request *r, const struct target *target)
{
    struct context *c;
    bool insecure = false;

    if (!aim_possible(w, r, target->user, &insecure)) {
        w->counters.no_binding++;
        answer(w, r, 480, insecure ? SIPS_REFUSAL : VIEW_NONE);
        return;
    }
    c = context_begin(w, r, target->user, !r->user && !r->trusted);
    if (!c)
        return;
    c->emergency = target->emergency;
    context_restart(c, aim_user(c, target->user, &r->uri, AIM_FIRST));
    fork_start(c, r);
}

/* Nobody here has the number, but a route leads to gateways. */
static void route_call(struct worker *w, struct request *r, const struct target *target)
{
    struct context *c;
    unsigned status;

    if (!r->user && (target_takes_proof(target) ||
                     (target->emergency && !r->trusted && !guards_know(w, &r->from)))) {
        w->counters.forbidden++;
        answer(w, r, 403, VIEW_NONE);
        return;
    }
    c = context_begin(w, r, NULL, !r->user && !r->trusted);
    if (!c)
        return;
    c->emergency = target->emergency;
    status = aim_route(c, target, AIM_FIRST);
    c->full = status == 503;
    context_restart(c, status);
    fork_start(c, r);
}

/* Only who has proven himself may use this server as a way to elsewhere. */
static void elsewhere_call(struct worker *w, struct request *r, struct view text)
{
    struct hop hop = {.uri = text, .outside = !text.n && !flow_is_local(&r->from)};
    struct uri uri = r->uri;

    if (!r->user && !text.n) {
        w->counters.forbidden++;
        answer(w, r, 403, VIEW_NONE);
        return;
    }
    if ((text.n && uri_parse(&uri, text) != OK) || !route_hop(w, &uri, &hop) ||
        (hop.outside && hop.flow.family && flow_is_local(&hop.flow))) {
        answer(w, r, 404, VIEW_NONE);
        return;
    }
    if (hop.flow.family && !may_take(r, &hop.flow)) { /* an alias must not lead out of TLS */
        answer(w, r, 480, SIPS_REFUSAL);
        return;
    }
    hop_take(w, r, &hop, !r->user);
}

static void self_answer(struct worker *w, struct request *r)
{
    if (r->m->method_id == METHOD_OPTIONS)
        answer(w, r, 200,
               VIEW("Allow: INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS\r\n"
                    "Supported: path, outbound, gruu\r\n"));
    else
        answer(w, r, 404, VIEW_NONE);
}

/* Has the user who begins a call as many as he may? Then he is told so. A To tag alone makes no
 * INVITE part of a call. */
static bool over_limit(struct worker *w, struct request *r)
{
    char bytes[128];
    struct text line = TEXT(bytes);

    if (!is_invite(r) || !r->user || !calls_are_enough(w, r->user))
        return false;
    w->counters.calls_limited++;
    notice_refusal(r, "it makes as many calls as it may");
    text_format(&line, "Warning: 399 offhook \"this number may make %u call%s at a time\"\r\n",
                r->user->max_calls, r->user->max_calls == 1 ? "" : "s");
    answer(w, r, 403, text_done(&line));
    return true;
}

/* Strangers learn nothing about who is here: OPTIONS has one answer for all numbers, and who asks
 * for many that are not there is told so of all. True: answered. */
static bool stranger_receive(struct worker *w, struct request *r, enum target_kind kind)
{
    if (kind == TARGET_FOREIGN || kind == TARGET_SELF)
        return false;
    if (r->m->method_id == METHOD_OPTIONS) {
        self_answer(w, r);
        return true;
    }
    return guards_hide(w, r, kind == TARGET_UNKNOWN || kind == TARGET_ROUTE);
}

void proxy_receive(struct worker *w, struct request *r)
{
    struct target target = plan_resolve(&w->plan, w->location, &r->uri);

    if (!r->user && !r->trusted && stranger_receive(w, r, target.kind))
        return;
    if (!target.emergency && over_limit(w, r))
        return;
    switch (target.kind) {
    case TARGET_USER:
        user_call(w, r, &target);
        break;
    case TARGET_URI:
        elsewhere_call(w, r, target.uri);
        break;
    case TARGET_ROUTE:
        route_call(w, r, &target);
        break;
    case TARGET_UNKNOWN:
        w->counters.no_user++;
        answer(w, r, 404, VIEW_NONE);
        break;
    case TARGET_SELF:
        self_answer(w, r);
        break;
    case TARGET_FOREIGN:
        elsewhere_call(w, r, VIEW_NONE);
        break;
    }
}

void proxy_forward_dialog(struct worker *w, struct request *r, const struct sip_flow *to)
{
    struct hop hop = {.flow = *to, .uri = r->contact, .gateway = trunk_source(w, to)};

    r->in_dialog = true;
    r->trusted = trunk_source(w, &r->from) != NULL;
    if (!may_take(r, to)) {
        answer(w, r, 480, SIPS_REFUSAL);
        return;
    }
    w->counters.in_dialog++;
    call_seen(w, r);
    if (r->m->method_id == METHOD_BYE)
        notice_end(r);
    if (r->flow_failed) {
        if (r->m->method_id == METHOD_BYE)
            call_end_dialog(w, call_dialog(r->m), r->of_callee ? END_CALLEE : END_CALLER);
        answer(w, r, 430, VIEW_NONE);
        return;
    }
    hop_take(w, r, &hop, false);
}

void proxy_forward_ack(struct worker *w, struct request *r, const struct sip_flow *to)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct hop hop = {.flow = *to, .uri = r->contact};
    struct forwarded what;

    if (r->m->max_forwards == 0 || !may_take(r, to) ||
        forward_request(w, &out, r, &hop, false, &what) != OK) {
        w->counters.stray_acks++;
        return;
    }
    w->counters.in_dialog++;
    (void)w->link.send(w->link.self, to, text_done(&out));
}

void proxy_cancel(struct server_transaction *invite)
{
    struct context *c = server_transaction_user(invite);

    if (c)
        context_cancel(c);
    else
        server_transaction_cancel(invite);
}
