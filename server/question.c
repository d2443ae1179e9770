/* Answering control requests. */
#include "server/question.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/call_question.h"
#include "server/calls.h"
#include "server/keeper_link.h"
#include "server/media_link.h"
#include "server/question_wait.h"
#include "server/trace.h"

static json_t *counters_json(const struct counters *c)
{
    json_t *out = json_object();

#define COUNTER_PUT(field, name) json_object_set_new(out, name, json_integer((json_int_t)c->field));
    COUNTERS(COUNTER_PUT)
#undef COUNTER_PUT
    return out;
}

static void transport_json(json_t *out, const struct transport_counts *t)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"udp.datagrams", t->datagrams},
        {"tcp.messages", t->stream_messages},
        {"tcp.refused", t->refused_connections},
        {"tcp.timed-out", t->timed_out_connections},
        {"tls.handshakes", t->handshakes},
        {"tls.failures", t->handshakes_failed},
        {"transport.sent", t->sent},
        {"transport.send-failed", t->send_failed},
        {"transport.keep-alives", t->pings},
        {"transport.hopeless", t->hopeless},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        json_object_set_new(out, rows[i].name, json_integer((json_int_t)rows[i].value));
}

static void resolver_json(json_t *out, struct dns_counts counts)
{
    json_object_set_new(out, "dns.queries", json_integer((json_int_t)counts.queries));
    json_object_set_new(out, "dns.failures", json_integer((json_int_t)counts.failures));
    json_object_set_new(out, "dns.timeouts", json_integer((json_int_t)counts.timeouts));
    json_object_set_new(out, "dns.cache-hits", json_integer((json_int_t)counts.cache_hits));
}

static void calls_json(json_t *out, struct calls_counts counts)
{
    json_object_set_new(out, "calls.standing", json_integer((json_int_t)counts.standing));
    json_object_set_new(out, "calls.setting-up", json_integer((json_int_t)counts.setting_up));
}

/* What each thread carries, when there are several. */
static json_t *workers_json(const struct transport *t)
{
    json_t *out = json_array();

    for (unsigned i = 0; i < transport_threads(t); i++) {
        struct transport_counts one = transport_counts_of(t, i);

        json_array_append_new(
            out, json_pack("{s:I, s:I, s:I, s:I}", "connections", (json_int_t)one.connections,
                           "datagrams", (json_int_t)one.datagrams, "messages",
                           (json_int_t)one.stream_messages, "sent", (json_int_t)one.sent));
    }
    return out;
}

static json_t *overload_json(const struct overload *o)
{
    return json_pack("{s:s, s:I}", "state", overload_text(o->state), "seconds",
                     (json_int_t)((clock_ms() - o->since) / 1000));
}

static void role_json(json_t *out, const struct report_role *role)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"media.calls", role->calls},           {"media.streams", role->streams},
        {"media.packets", role->packets},       {"media.strangers", role->strangers},
        {"media.garbage", role->garbage},       {"media.nowhere", role->nowhere},
        {"media.send-failed", role->failed},    {"media.pairs", role->pairs},
        {"media.pairs.used", role->pairs_used},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        json_object_set_new(out, rows[i].name, json_integer((json_int_t)rows[i].value));
}

/* role NULL: there is no media role to ask. */
static void status_answer(struct worker *w, uint64_t id, const struct report_role *role)
{
    struct location_counts where = location_counts(w->location);
    struct transport_counts t = transport_counts(w->transport);
    json_t *out = json_object(), *counters = counters_json(&w->counters);
    char *text;

    transport_json(counters, &t);
    resolver_json(counters, resolver_counts(w->resolver));
    calls_json(counters, calls_counts(w));
    if (role)
        role_json(counters, role);
    json_object_set_new(counters, "sip.retransmissions",
                        json_integer((json_int_t)transactions_retransmissions(w->transactions)));
    json_object_set_new(out, "ok", json_true());
    json_object_set_new(out, "users", json_integer((json_int_t)where.users));
    json_object_set_new(out, "bindings", json_integer((json_int_t)where.bindings));
    json_object_set_new(out, "transactions",
                        json_integer((json_int_t)transactions_count(w->transactions)));
    json_object_set_new(out, "connections", json_integer((json_int_t)t.connections));
    json_object_set_new(out, "bans", json_integer((json_int_t)bans_count(w->bans)));
    json_object_set_new(out, "overload", overload_json(&w->overload));
    if (transport_threads(w->transport) > 1)
        json_object_set_new(out, "workers", workers_json(w->transport));
    json_object_set_new(out, "counters", counters);
    text = json_dumps(out, JSON_COMPACT);
    if (text)
        keeper_link_answer(w, id, true, view_of(text));
    free(text);
    json_decref(out);
}

static void status_begin(struct worker *w, uint64_t id)
{
    if (media_link_ask_role(w, id) && question_wait(w, id, 0))
        return;
    status_answer(w, id, NULL);
}

void question_role(struct worker *w, uint64_t id, const struct report_role *role)
{
    if (question_wait_end(w, id, 0))
        status_answer(w, id, role);
}

void question_role_gone(struct worker *w)
{
    for (int i = 0; i < MEDIA_WAITS; i++) {
        struct media_wait *wait = &w->media_waits[i];
        uint64_t id = wait->id;

        if (!id || wait->session)
            continue;
        wait->id = 0;
        status_answer(w, id, NULL);
    }
}

void question_role_back(struct worker *w)
{
    for (int i = 0; i < MEDIA_WAITS; i++)
        if (w->media_waits[i].id)
            (void)media_link_ask(w, w->media_waits[i].session, w->media_waits[i].id);
}

static struct view field(const json_t *request, const char *name)
{
    return view_of(json_string_value(json_object_get(request, name)));
}

struct route_question {
    struct worker *worker;
    uint64_t id;
};

static void step_answer(void *arg, const struct explain_step *step)
{
    struct route_question *q = arg;
    json_t *line = json_pack("{s:{s:i, s:s, s:s}}", "item", "depth", (int)step->depth, "step",
                             step->kind, "text", step->text);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

    if (text)
        keeper_link_answer(q->worker, q->id, false, view_of(text));
    free(text);
    json_decref(line);
}

/* Tells where a call would go. */
static void route_answer(struct worker *w, uint64_t id, struct view from, struct view to)
{
    struct route_question q = {w, id};
    struct explain_caller caller = {.uri = from, .strangers = w->config->auth.strangers};
    enum error e;

    random_bytes(&caller.random, sizeof(caller.random));
    e = explain(&w->plan, w->location, &caller, to, step_answer, &q);
    keeper_link_answer(w, id, true,
                       e ? VIEW("{\"ok\":false,\"error\":\"FROM and TO have to be numbers or URIs "
                                "like sip:5550001@companyb.com\"}")
                         : VIEW("{\"ok\":true}"));
}

void question_receive(struct worker *w, uint64_t id, struct view json)
{
    json_t *request = json_loadb(json.p, json.n, 0, NULL);
    struct view command = field(request, "command");

    if (view_eq(command, VIEW("status")))
        status_begin(w, id);
    else if (view_eq(command, VIEW("trace")))
        trace_question(w->trace, id, field(request, "number"), field(request, "call-id"),
                       json_is_true(json_object_get(request, "follow")));
    else if (view_eq(command, VIEW("route test")))
        route_answer(w, id, field(request, "from"), field(request, "to"));
    else if (!call_question(w, id, command, request))
        keeper_link_answer(w, id, true, VIEW("{\"ok\":false,\"error\":\"unknown command\"}"));
    json_decref(request);
}

void question_end(struct worker *w, uint64_t id)
{
    trace_end(w->trace, id);
    question_wait_drop(w, id);
}

void question_end_all(struct worker *w)
{
    trace_end_all(w->trace);
    question_wait_drop_all(w);
}
