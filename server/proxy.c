/* The proxy: where a request goes from here (RFC 3261 16.5, 16.6), and what passes without a
 * transaction. */
#include "server/context.h"
#include "server/notice.h"
#include "server/route.h"

static bool is_invite(const struct request *r)
{
    return r->m->method_id == METHOD_INVITE;
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

/* The way to a binding: the flow it was registered with; a phone whose connection is gone is called
 * at its Contact. */
static bool binding_hop(const struct worker *w, const struct binding *b, struct hop *hop)
{
    struct uri uri;

    *hop = (struct hop){binding_flow(b), binding_contact(b), binding_path(b)};
    if (hop->flow.family && transport_is_open(w->transport, &hop->flow))
        return true;
    return !hop->route.n && uri_parse(&uri, hop->uri) == OK && route_to_uri(w, &uri, &hop->flow) &&
           flow_is_reliable(&hop->flow);
}

static void fork_to(struct worker *w, struct request *r, const struct hop *hops, unsigned count,
                    bool stranger)
{
    struct context *c;

    if (!transaction_begin(w, r, stranger))
        return;
    c = context_new(w, r);
    if (!c) {
        w->counters.out_of_memory++;
        answer(w, r, 503, VIEW("Retry-After: 5\r\n"));
        return;
    }
    if (is_invite(r))
        answer(w, r, 100, VIEW_NONE);
    for (unsigned i = 0; i < count; i++)
        if (context_add(c, r, &hops[i]) != OK)
            w->counters.out_of_memory++;
    context_started(c);
}

static void user_call(struct worker *w, struct request *r, const struct user *u)
{
    struct hop hops[64];
    unsigned count = 0;

    for (const struct binding *b = u->bindings; b && count < 64; b = b->next)
        count += binding_hop(w, b, &hops[count]);
    if (!count) {
        w->counters.no_binding++;
        answer(w, r, 480, VIEW_NONE);
        return;
    }
    fork_to(w, r, hops, count, !r->user);
}

/* Only who has proven himself may use this server as a way to elsewhere. */
static void elsewhere_call(struct worker *w, struct request *r, struct view text)
{
    struct hop hop = {.uri = text};
    struct uri uri = r->uri;

    if (!r->user && !text.n) {
        w->counters.forbidden++;
        answer(w, r, 403, VIEW_NONE);
        return;
    }
    if ((text.n && uri_parse(&uri, text) != OK) || !route_to_uri(w, &uri, &hop.flow)) {
        answer(
            w, r, 404,
            VIEW("Warning: 399 offhook \"other domains are reached by numeric address only\"\r\n"));
        return;
    }
    fork_to(w, r, &hop, 1, !r->user);
}

static void self_answer(struct worker *w, struct request *r)
{
    if (r->m->method_id == METHOD_OPTIONS)
        answer(w, r, 200,
               VIEW("Allow: INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS\r\n"
                    "Supported: path\r\n"));
    else
        answer(w, r, 404, VIEW_NONE);
}

void proxy_receive(struct worker *w, struct request *r)
{
    struct target target = plan_resolve(&w->plan, w->location, &r->uri);

    switch (target.kind) {
    case TARGET_USER:
        user_call(w, r, target.user);
        break;
    case TARGET_URI:
        elsewhere_call(w, r, target.uri);
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
    struct hop hop = {.flow = *to};

    w->counters.in_dialog++;
    if (r->m->method_id == METHOD_BYE)
        notice_end(r);
    fork_to(w, r, &hop, 1, false);
}

void proxy_forward_ack(struct worker *w, struct request *r, const struct sip_flow *to)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct hop hop = {.flow = *to};
    uint64_t id;

    if (r->m->max_forwards == 0 || forward_request(w, &out, r, &hop, false, &id) != OK) {
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
