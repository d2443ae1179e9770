/* Answering control requests. */
#include "server/question.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/keeper_link.h"
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
        {"transport.sent", t->sent},
        {"transport.send-failed", t->send_failed},
        {"transport.keep-alives", t->pings},
        {"transport.hopeless", t->hopeless},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        json_object_set_new(out, rows[i].name, json_integer((json_int_t)rows[i].value));
}

static void status_answer(struct worker *w, uint64_t id)
{
    struct location_counts where = location_counts(w->location);
    const struct transport_counts *t = transport_counts(w->transport);
    json_t *out = json_object(), *counters = counters_json(&w->counters);
    char *text;

    transport_json(counters, t);
    json_object_set_new(counters, "sip.retransmissions",
                        json_integer((json_int_t)transactions_retransmissions(w->transactions)));
    json_object_set_new(out, "ok", json_true());
    json_object_set_new(out, "users", json_integer((json_int_t)where.users));
    json_object_set_new(out, "bindings", json_integer((json_int_t)where.bindings));
    json_object_set_new(out, "transactions",
                        json_integer((json_int_t)transactions_count(w->transactions)));
    json_object_set_new(out, "connections", json_integer((json_int_t)t->connections));
    json_object_set_new(out, "counters", counters);
    text = json_dumps(out, JSON_COMPACT);
    if (text)
        keeper_link_answer(w, id, true, view_of(text));
    free(text);
    json_decref(out);
}

static struct view field(const json_t *request, const char *name)
{
    return view_of(json_string_value(json_object_get(request, name)));
}

void question_receive(struct worker *w, uint64_t id, struct view json)
{
    json_t *request = json_loadb(json.p, json.n, 0, NULL);
    struct view command = field(request, "command");

    if (view_eq(command, VIEW("status")))
        status_answer(w, id);
    else if (view_eq(command, VIEW("trace")))
        trace_question(w->trace, id, field(request, "number"), field(request, "call-id"),
                       json_is_true(json_object_get(request, "follow")));
    else
        keeper_link_answer(w, id, true, VIEW("{\"ok\":false,\"error\":\"unknown command\"}"));
    json_decref(request);
}

void question_end(struct worker *w, uint64_t id)
{
    trace_end(w->trace, id);
}

void question_end_all(struct worker *w)
{
    trace_end_all(w->trace);
}
