/* The registrar (RFC 3261 section 10): a REGISTER is one question to the keeper, who checks the
 * credentials and commits the rows; memory and the 200 follow. One at a time for each user. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/answered.h"
#include "server/gate.h"
#include "server/notice.h"
#include "server/registration.h"

#define ANSWER_MAX    32768
#define WAITING_MAX   8 /* REGISTERs of one user behind the one that is under way */
#define EASY_CONTACTS 2 /* so many are looked at before the sender is known */

static struct user *to_user(const struct worker *w, const struct sip_message *m)
{
    struct uri uri;

    if (uri_parse(&uri, m->to_uri) != OK)
        return NULL;
    return plan_user(&w->plan, w->location, &uri);
}

static void q_write(struct text *out, unsigned q)
{
    if (q < 1000)
        text_format(out, ";q=0.%03u", q);
}

/* Whatever stands in a URI as it is. */
static bool is_plain(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((!v.p[i] || !strchr("-_.:+*", v.p[i])) && !(v.p[i] >= '0' && v.p[i] <= '9') &&
            !((v.p[i] | 0x20) >= 'a' && (v.p[i] | 0x20) <= 'z'))
            return false;
    return v.n > 0;
}

/* RFC 5627 5.1.2: the URI of this very phone, wherever it is. */
static void gruu_write(struct text *out, const struct binding *b)
{
    struct view instance = binding_instance(b);
    struct view urn = {instance.p + 1, instance.n - 2};

    if (instance.n < 3 || !view_istarts(instance, VIEW("<urn:")) ||
        instance.p[instance.n - 1] != '>' || !is_plain(urn) || !is_plain(user_number(b->user)))
        return;
    text_string(out, ";pub-gruu=\"sip:");
    text_view(out, user_number(b->user));
    text_string(out, "@");
    text_view(out, user_domain(b->user));
    text_string(out, ";gr=");
    text_view(out, urn);
    text_string(out, "\"");
}

/* now: the second in which the REGISTER was dealt with, so that what it was granted is told in full
 * when the commit took until the next one. */
static void contacts_write(struct text *out, const struct user *u, int64_t now, bool gruus)
{
    for (const struct binding *b = u->bindings; b; b = b->next) {
        text_string(out, "Contact: <");
        text_view(out, binding_contact(b));
        text_string(out, ">;expires=");
        text_number(out, (uint64_t)(b->expires > now ? b->expires - now : 0));
        q_write(out, b->q);
        if (binding_instance(b).n) {
            text_string(out, ";+sip.instance=\"");
            text_view(out, binding_instance(b));
            text_string(out, "\"");
        }
        if (b->reg_id) {
            text_string(out, ";reg-id=");
            text_number(out, b->reg_id);
        }
        if (gruus)
            gruu_write(out, b);
        text_string(out, "\r\n");
    }
}

/* RFC 5626 6: tells the phone that its flows are kept. */
static void outbound_write(struct text *out, const struct user *u, const struct sip_message *m)
{
    bool used = false;

    for (const struct binding *b = u->bindings; b; b = b->next)
        used |= b->reg_id != 0;
    if (used && sip_lists(m, HEADER_SUPPORTED, VIEW("outbound")))
        text_string(out, "Require: outbound\r\n");
}

/* RFC 3327 5.3: the Path goes back to a phone that understands it. */
static void path_write(struct text *out, const struct sip_message *m)
{
    const struct header_line *h = NULL;
    bool supported = sip_lists(m, HEADER_SUPPORTED, VIEW("path"));

    while (supported && (h = sip_header_after(m, HEADER_PATH, h))) {
        text_string(out, "Path: ");
        text_view(out, h->value);
        text_string(out, "\r\n");
    }
}

static void date_write(struct text *out, time_t now)
{
    static __thread char bytes[64]; /* the line of the second `written` */
    static __thread time_t written;
    struct tm utc;

    if (now != written) {
        gmtime_r(&now, &utc);
        if (!strftime(bytes, sizeof(bytes), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc))
            return;
        written = now;
    }
    text_string(out, bytes);
}

static void register_answer(struct worker *w, struct request *r, const struct user *u,
                            struct nonce_outcome outcome)
{
    static __thread char bytes[ANSWER_MAX];
    struct text lines = TEXT(bytes);

    contacts_write(&lines, u, outcome.second, sip_lists(r->m, HEADER_SUPPORTED, VIEW("gruu")));
    if (outcome.granted) {
        text_string(&lines, "Expires: ");
        text_number(&lines, outcome.granted);
        text_string(&lines, "\r\n");
    }
    path_write(&lines, r->m);
    outbound_write(&lines, u, r->m);
    date_write(&lines, (time_t)outcome.second);
    if (lines.full)
        answer(w, r, 500, VIEW_NONE);
    else
        answer_proven(w, r, 200, text_done(&lines));
}

static void fault_answer(struct worker *w, struct request *r, const struct registration *g)
{
    char bytes[64];
    struct text lines = TEXT(bytes);

    w->counters.too_brief += g->fault == 423;
    w->counters.out_of_order += g->fault == 500;
    w->counters.insecure_contacts += g->insecure;
    w->counters.too_many_contacts += g->fault == 403 && !g->insecure;
    if (g->fault != 423) {
        answer(w, r, g->fault, view_of(g->fault_headers));
        return;
    }
    text_string(&lines, "Min-Expires: ");
    text_number(&lines, w->config->registrar.min_expires);
    text_string(&lines, "\r\n");
    answer(w, r, 423, text_done(&lines));
}

/* The rows are all for the user that p holds, unless he was removed meanwhile. */
static enum error row_apply(struct worker *w, const struct pending *p,
                            const struct store_binding *row)
{
    if (!p->busy || p->busy->gone)
        return ERR_NOT_FOUND;
    return location_bind(w->location, p->busy, row);
}

/* Takes the committed rows into memory. */
static struct nonce_outcome rows_apply(struct worker *w, const struct pending *p)
{
    struct view rest = view_from(pack_bytes_view(&p->body), p->rows_at);
    bool bad = false;
    uint16_t count = unpack_u16(&rest, &bad);
    struct nonce_outcome outcome = {.mark = p->mark, .second = clock_wall()};

    for (uint16_t i = 0; i < count && !bad; i++) {
        struct store_binding row;

        binding_unpack(&row, &rest, &bad);
        if (!bad)
            notice_binding(w, &row, &p->from);
        if (!bad && row_apply(w, p, &row) == ERR_MEMORY)
            w->counters.out_of_memory++;
        if (bad || !row.expires)
            continue;
        outcome.second = row.registered;
        outcome.granted = (uint32_t)(row.expires - outcome.second);
    }
    return outcome;
}

static void next_begin(struct worker *w, struct user *u, struct pending *next);

/* Over UDP the transaction would stay for 32 s, only to send the 200 again. */
static void register_forget(struct worker *w, struct request *r, const struct pending *p,
                            const struct nonce_outcome *outcome)
{
    if (flow_is_reliable(&r->from))
        return;
    nonce_keep(w->nonces, (struct view){p->nonce, sizeof(p->nonce)}, outcome);
    server_transaction_drop(r->tx);
    r->tx = NULL;
}

static void on_register_verdict(struct worker *w, struct request *r, enum verdict verdict,
                                struct pending *p)
{
    struct user *u = p->busy;
    struct pending *next = p->next;
    struct nonce_outcome outcome = {0};

    if (verdict == VERDICT_OK)
        outcome = rows_apply(w, p); /* on disk already, whatever is answered */
    if (gate_passed(w, r, verdict, p)) {
        if (!u) {
            answer(w, r, 404, VIEW_NONE);
        } else if (u != r->user) {
            w->counters.forbidden++;
            answer(w, r, 403, VIEW_NONE);
        } else {
            w->counters.registers++;
            register_answer(w, r, u, outcome);
            register_forget(w, r, p, &outcome);
        }
    }
    if (u)
        next_begin(w, u, next);
}

/* Asks for the rows. False: answered, they are too much. */
static bool rows_ask(struct worker *w, struct request *r, struct pending *p,
                     const struct registration *g)
{
    if (!sip_header(r->m, HEADER_CONTACT))
        w->counters.queries++;
    p->rows_at = p->body.n;
    pack_u16(&p->body, (uint16_t)g->count);
    for (unsigned i = 0; i < g->count; i++)
        binding_pack(&p->body, &g->rows[i]);
    if (p->body.error || p->body.n > CHANNEL_MESSAGE_MAX) {
        refuse_busy(w, r);
        return false;
    }
    pending_ask(p);
    return true;
}

/* The REGISTER of somebody who has proven himself. False: answered with a fault. */
static bool register_ask(struct worker *w, struct request *r, struct pending *p)
{
    static __thread struct registration g;

    registration_make(&g, w, r, p->busy);
    if (!g.fault)
        return rows_ask(w, r, p, &g);
    fault_answer(w, r, &g);
    return false;
}

/* The next REGISTER for u that waited behind the one that is done. */
static void next_begin(struct worker *w, struct user *u, struct pending *next)
{
    while (next) {
        struct pending *after = next->next;
        struct request r = pending_request(next);

        u->busy = next;
        if (u->gone)
            answer(w, &r, 404, VIEW_NONE);
        else if (register_ask(w, &r, next))
            return;
        pending_free(next);
        next = after;
    }
    location_release(w->location, u);
}

/* False: too many wait for this user already. */
static bool enqueue(struct pending *first, struct pending *p)
{
    unsigned waiting = 0;

    for (; first->next; first = first->next)
        waiting++;
    if (waiting == WAITING_MAX)
        return false;
    first->next = p;
    return true;
}

static void proven_begin(struct worker *w, struct request *r, struct pending *p)
{
    struct user *u = r->user;

    p->busy = u;
    if (u->busy) {
        if (!enqueue(u->busy, p)) {
            refuse_busy(w, r);
            pending_free(p);
        }
        return;
    }
    u->busy = p;
    if (register_ask(w, r, p))
        return;
    location_release(w->location, u);
    pending_free(p);
}

/* Does a REGISTER that is under way answer the same challenge with the same count? One of the two
 * is a copy, and what is committed cannot be taken back. */
static bool is_copy(const struct pending *first, const struct pending *p)
{
    for (; first; first = first->next)
        if (p->nc && first->nc == p->nc && memcmp(first->nonce, p->nonce, sizeof(p->nonce)) == 0)
            return true;
    return false;
}

/* The sender of a REGISTER that was checked first is known: now it takes its way. */
static void on_proof(struct worker *w, struct request *r, enum verdict verdict, struct pending *p)
{
    struct user *u = to_user(w, r->m);
    struct pending *again;

    if (verdict != VERDICT_OK) {
        (void)gate_passed(w, r, verdict, p);
        return;
    }
    if (u != r->user) {
        w->counters.forbidden++;
        answer(w, r, u ? 403 : 404, VIEW_NONE);
        return;
    }
    if (is_copy(u->busy, p)) {
        gate_stale(w, r);
        return;
    }
    if (!gate_count(w, r, p))
        return;
    again = pending_new(w, r, KEEPER_REGISTER, on_register_verdict);
    if (!again) {
        w->counters.out_of_memory++;
        refuse_busy(w, r);
        return;
    }
    memcpy(again->nonce, p->nonce, sizeof(again->nonce));
    again->nc = p->nc;
    again->counted = true;
    again->claimed = p->claimed;
    again->mark = p->mark;
    pack_bytes(&again->body, p->body.p, p->body.n);
    proven_begin(w, r, again);
}

/* Check and commit are one question. But a stranger must not stand in a user's queue, learn about
 * his bindings from a fault, or make much work: then the check comes first, by itself. */
static void pending_begin(struct worker *w, struct request *r, struct pending *p)
{
    static __thread struct registration g;
    struct user *u = to_user(w, r->m);
    bool known_first =
        (u && u->busy) || sip_value_count(r->m, HEADER_CONTACT, EASY_CONTACTS) > EASY_CONTACTS;

    if (!known_first)
        registration_make(&g, w, r, u);
    if (known_first || g.fault) {
        p->type = KEEPER_CHECK;
        p->done = on_proof;
        pending_ask(p);
        return;
    }
    p->busy = u;
    if (u)
        u->busy = p;
    if (rows_ask(w, r, p, &g))
        return;
    if (u)
        location_release(w->location, u);
    pending_free(p);
}

/* 8.2.2.3: an extension that is required and not known here is named and refused. */
static bool extensions_known(struct worker *w, const struct request *r)
{
    char bytes[SIP_VALUE_MAX + 32];
    struct text lines = TEXT(bytes);
    unsigned unknown = 0;

    text_string(&lines, "Unsupported: ");
    for (const struct header_line *h = NULL; (h = sip_header_after(r->m, HEADER_REQUIRE, h));) {
        struct view rest = h->value;

        while (rest.n) {
            struct view option = header_value_next(&rest);

            if (view_ieq(option, VIEW("path")) || view_ieq(option, VIEW("outbound")) ||
                view_ieq(option, VIEW("gruu")))
                continue;
            text_string(&lines, unknown++ ? ", " : "");
            text_view(&lines, option);
        }
    }
    text_string(&lines, "\r\n");
    if (unknown)
        refuse(w, r, 420, lines.full ? VIEW_NONE : text_done(&lines));
    return unknown == 0;
}

/* Does r come again, after its answer? Then the answer goes out again. */
static bool answered_again(struct worker *w, struct request *r, struct view nonce, uint64_t mark)
{
    struct nonce_outcome outcome;
    struct user *u;

    if (!answered_find(w, nonce, mark, &outcome) || !(u = to_user(w, r->m)))
        return false;
    register_answer(w, r, u, outcome);
    return true;
}

void registrar_receive(struct worker *w, struct request *r)
{
    struct gate_claim c;
    bool claims = gate_read(w, r, &c);
    uint64_t mark = claims ? answered_mark(r) : 0;
    struct pending *p;

    if (claims && answered_again(w, r, c.claim.nonce, mark))
        return;
    if (gate_check(w, r, claims ? &c : NULL) != GATE_CLAIMED || !extensions_known(w, r))
        return;
    if (server_transaction_new(&r->tx, w->transactions, r->key, r->m, &r->from) != OK) {
        w->counters.out_of_memory++;
        refuse_busy(w, r);
        return;
    }
    p = pending_new(w, r, KEEPER_REGISTER, on_register_verdict);
    if (!p) {
        w->counters.out_of_memory++;
        refuse_busy(w, r);
        return;
    }
    p->mark = mark;
    gate_keep(p, &c);
    pending_begin(w, r, p);
}
