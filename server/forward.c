/* Forwarding: the received bytes with a few edits (RFC 3261 16.6 and 16.7). */
#include "auth/challenge.h"
#include "server/context.h"
#include "server/identity.h"
#include "server/loop.h"
#include "server/route.h"

/* Adds text to scratch and returns the view of what was added since `start`. */
static struct view since(const struct text *scratch, size_t start)
{
    return (struct view){scratch->p + start, scratch->n - start};
}

static void via_push(const struct worker *w, struct edits *e, const struct request *r,
                     const struct hop *hop, struct text *scratch, uint64_t *id)
{
    const struct header_line *top = sip_header(r->m, HEADER_VIA);
    char branch[BRANCH_SIZE + 1];
    size_t start = scratch->n;

    *id = branch_new(loop_hash(w, r->m), branch);
    text_string(scratch, "Via: SIP/2.0/");
    text_string(scratch, flow_transport_name(&hop->flow));
    text_string(scratch, " ");
    transport_sent_by(w->transport, &hop->flow, scratch);
    text_string(scratch, ";branch=");
    text_string(scratch, branch);
    text_string(scratch, "\r\n");
    edits_insert(e, top->line.p, since(scratch, start));
    via_stamp(e, &r->m->via, &r->from, scratch);
}

static void max_forwards_put(struct edits *e, const struct request *r, struct text *scratch)
{
    const struct header_line *h = sip_header(r->m, HEADER_MAX_FORWARDS);
    size_t start = scratch->n;

    if (!h) {
        edits_insert(e, r->m->bytes.p + r->m->head_end, VIEW("Max-Forwards: 70\r\n"));
        return;
    }
    text_number(scratch, (uint64_t)r->m->max_forwards - 1);
    edits_replace(e, h->value, since(scratch, start));
}

static void breadth_put(struct edits *e, const struct request *r, const struct hop *hop,
                        struct text *scratch)
{
    const struct header_line *h = sip_header(r->m, HEADER_MAX_BREADTH);
    size_t start = scratch->n;

    if (!hop->breadth)
        return;
    if (!h)
        text_string(scratch, "Max-Breadth: ");
    text_number(scratch, hop->breadth);
    if (h) {
        edits_replace(e, h->value, since(scratch, start));
        return;
    }
    text_string(scratch, "\r\n");
    edits_insert(e, r->m->bytes.p + r->m->head_end, since(scratch, start));
}

/* The newest Diversion stands before those that are there (RFC 5806 5.1). */
static void diversions_put(struct edits *e, const struct request *r, const struct hop *hop)
{
    const struct header_line *h = sip_header(r->m, HEADER_DIVERSION);

    if (hop->headers.n)
        edits_insert(e, h ? h->line.p : r->m->bytes.p + r->m->head_end, hop->headers);
}

/* What was meant for us stays here: credentials for our realm. */
static void credentials_strip(const struct worker *w, struct edits *e, const struct sip_message *m)
{
    static const enum header_id ids[] = {HEADER_AUTHORIZATION, HEADER_PROXY_AUTHORIZATION};

    for (size_t i = 0; i < 2; i++) {
        for (const struct header_line *h = NULL; (h = sip_header_after(m, ids[i], h));) {
            struct claim claim;
            uint32_t nc;

            if (answer_parse(&claim, &nc, h->value, view_of(w->config->auth.realm)) !=
                ANSWER_FOREIGN)
                edits_replace(e, h->line, VIEW(""));
        }
    }
}

/* The body with its description changed, and its length, which a message on a stream has to say. */
static void body_put(struct edits *e, const struct sip_message *m, const struct sip_flow *to,
                     const struct anchor_edit *body, struct text *scratch)
{
    const struct header_line *h = sip_header(m, HEADER_CONTENT_LENGTH);
    size_t start = scratch->n;

    if (body->range.p)
        edits_replace(e, body->range, body->text);
    if (h ? !body->range.p : !flow_is_reliable(to))
        return;
    if (!h)
        text_string(scratch, "Content-Length: ");
    text_number(scratch, m->body.n - body->range.n + body->text.n);
    if (h) {
        edits_replace(e, h->value, since(scratch, start));
        return;
    }
    text_string(scratch, "\r\n");
    edits_insert(e, m->bytes.p + m->head_end, since(scratch, start));
}

/* The message up to the end of its body; what came behind is not part of it. */
static struct view whole(const struct sip_message *m)
{
    return (struct view){m->bytes.p, (size_t)(m->body.p + m->body.n - m->bytes.p)};
}

/* A strict router has put our own URI into the Request-URI: the last Route value was meant (16.4).
 * True: that is what goes on now. */
static bool strict_route_undo(const struct worker *w, struct edits *e, const struct request *r)
{
    const struct header_line *h = NULL, *last = NULL;
    struct view rest, value = VIEW_NONE;
    struct route_token token;
    struct name_addr parts;

    if (!r->uri.has_user || !r->m->to_tag.n ||
        !token_read(&token, w->token_key, r->m->call_id, r->uri.user))
        return false;
    while ((h = sip_header_after(r->m, HEADER_ROUTE, h)))
        last = h;
    if (!last)
        return false;
    rest = last->value;
    while (rest.n)
        value = header_value_next(&rest);
    if (name_addr_parse(&parts, value) != OK)
        return false;
    edits_replace(e, r->m->uri, parts.uri);
    return true;
}

/* A sips Contact may be called by sip too, and is then called a sip one: its phone would refuse a
 * sips request with a sip Contact in it (RFC 5630). */
static void target_put(struct edits *e, const struct request *r, const struct hop *hop,
                       struct text *scratch)
{
    bool upgrade = r->uri.scheme != URI_SIPS && view_istarts(hop->uri, VIEW("sips:"));
    size_t start = scratch->n;

    if (!upgrade) {
        edits_replace(e, r->m->uri, hop->uri);
        return;
    }
    text_string(scratch, "sip:");
    text_view(scratch, view_from(hop->uri, 5));
    edits_replace(e, r->m->uri, since(scratch, start));
}

/* Both ends of the dialog that r begins along hop. */
static struct route_token token_begin(const struct request *r, const struct hop *hop)
{
    struct route_token token = {.caller = reply_flow(r->m, &r->from), .callee = hop->flow};

    random_bytes(&token.number, sizeof(token.number));
    return token;
}

/* Anchors the audio of r, inside a dialog, or in one that begins (record). */
static enum error audio_pass(struct worker *w, const struct request *r, const struct hop *hop,
                             bool record, struct forwarded *what, struct anchor_edit *body)
{
    struct anchor_ends ends = {
        {r->from, hop->flow}, {r->trusted, hop->gateway != NULL}, request_is_strangers(r)};
    enum anchor_side side = r->of_callee ? ANCHOR_CALLEE : ANCHOR_CALLER;
    enum error e = OK;
    bool wanted;

    *body = (struct anchor_edit){0};
    if (!record)
        return anchor_pass(w, r->session, NULL, side, r->m, body);
    wanted = anchor_is_wanted(w, r, hop);
    if (wanted)
        e = anchor_pass(w, what->session, &ends, side, r->m, body);
    if (!wanted || body->ours) /* then its answers pass as they are, too */
        what->session = 0;
    return e;
}

enum error forward_request(struct worker *w, struct text *out, const struct request *r,
                           const struct hop *hop, bool record, struct forwarded *what)
{
    char bytes[FORWARD_SCRATCH];
    struct text scratch = TEXT(bytes);
    struct anchor_edit body;
    bool strict = false;
    enum error error;
    struct edits e;
    size_t start;

    *what = (struct forwarded){0, 0};
    edits_begin(&e, whole(r->m));
    if (hop->uri.n)
        target_put(&e, r, hop, &scratch);
    else
        strict = strict_route_undo(w, &e, r);
    if (record) {
        struct route_token token = token_begin(r, hop);

        start = scratch.n;
        route_record(w, &scratch, r->m, &token);
        what->session = token.id;
        edits_insert(&e, sip_header(r->m, HEADER_VIA)->line.p, since(&scratch, start));
    }
    error = audio_pass(w, r, hop, record, what, &body);
    if (error != OK)
        return error;
    via_push(w, &e, r, hop, &scratch, &what->branch);
    max_forwards_put(&e, r, &scratch);
    breadth_put(&e, r, hop, &scratch);
    diversions_put(&e, r, hop);
    route_strip(&e, r, strict);
    if (hop->route.n) {
        start = scratch.n;
        text_string(&scratch, "Route: ");
        text_view(&scratch, hop->route);
        text_string(&scratch, "\r\n");
        edits_insert(&e, r->m->bytes.p + r->m->head_end, since(&scratch, start));
    }
    credentials_strip(w, &e, r->m);
    edits_insert(&e, r->m->bytes.p + r->m->head_end, hop->credentials);
    identity_put(w, &e, r, hop, &scratch);
    body_put(&e, r->m, &hop->flow, &body, &scratch);
    error = scratch.full ? ERR_LIMIT : edits_apply(&e, out);
    if (error != OK && record) /* nobody else knows of the anchor */
        (void)anchor_close(w, what->session);
    return error;
}

/* Can the next one take the answer: is the Via below ours, whose value ends where rest begins,
 * sound? Whoever answered may have spoiled it. */
static bool is_upstream_known(const struct sip_message *m, struct view rest)
{
    const struct header_line *next =
        rest.n ? NULL : sip_header_after(m, HEADER_VIA, sip_header(m, HEADER_VIA));
    struct via via;

    if (next)
        rest = next->value;
    rest = header_value_next(&rest);
    return rest.n && rest.n <= SIP_VALUE_MAX && via_parse(&via, rest) == OK;
}

/* The description in an answer: that of who was called, unless he has asked himself. */
static enum error answer_pass(const struct branch *b, const struct sip_message *m,
                              struct anchor_edit *body)
{
    const struct context *c = b->context;
    struct anchor_ends ends;

    *body = (struct anchor_edit){0};
    if (m->status >= 300 || !m->body.n)
        return OK;
    if (!b->session || b->stands)
        return anchor_pass(c->worker, b->stands ? b->session : c->session, NULL,
                           c->of_callee ? ANCHOR_CALLER : ANCHOR_CALLEE, m, body);
    ends = (struct anchor_ends){{*server_transaction_flow(c->tx), *client_transaction_flow(b->tx)},
                                {c->trusted, b->gateway != NULL},
                                c->stranger};
    return anchor_pass(c->worker, b->session, &ends, ANCHOR_CALLEE, m, body);
}

enum error forward_response(struct text *out, const struct sip_message *m, const struct branch *b,
                            struct view more_headers)
{
    const struct sip_flow *upstream = server_transaction_flow(b->context->tx);
    const struct header_line *top = sip_header(m, HEADER_VIA);
    struct view rest = top->value;
    struct anchor_edit body;
    enum error error;
    char bytes[64];
    struct text scratch = TEXT(bytes);
    struct edits e;

    header_value_next(&rest);
    if (!is_upstream_known(m, rest))
        return ERR_SYNTAX;
    error = answer_pass(b, m, &body);
    if (error != OK)
        return error;
    edits_begin(&e, whole(m));
    if (rest.n)
        edits_replace(&e, (struct view){top->value.p, (size_t)(rest.p - top->value.p)}, VIEW(""));
    else
        edits_replace(&e, top->line, VIEW(""));
    edits_insert(&e, m->bytes.p + m->head_end, more_headers);
    body_put(&e, m, upstream, &body, &scratch);
    return edits_apply(&e, out);
}
