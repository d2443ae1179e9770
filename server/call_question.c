/* Answers about calls. */
#include "server/call_question.h"

#include <stdlib.h>

#include "server/hangup.h"
#include "server/history.h"
#include "server/keeper_link.h"
#include "server/media_link.h"
#include "server/question_wait.h"

#define PAGE_MAX 1000

static json_t *text_json(struct view v)
{
    json_t *text = json_stringn(v.p, v.n);

    return text ? text : json_string("?"); /* it was no UTF-8 */
}

static json_t *id_json(uint64_t id)
{
    char hex[17];

    snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)id);
    return json_string(hex);
}

static uint64_t id_read(const json_t *request, const char *name)
{
    const char *hex = json_string_value(json_object_get(request, name));

    return hex ? strtoull(hex, NULL, 16) : 0;
}

static json_t *ticket_json(const struct ticket *t)
{
    json_t *out = json_object();

    json_object_set_new(out, "id", id_json(t->id));
    json_object_set_new(out, "from", text_json(ticket_caller(t)));
    json_object_set_new(out, "to", text_json(ticket_text(t, TICKET_TARGET)));
    json_object_set_new(out, "caller", text_json(ticket_text(t, TICKET_NUMBER)));
    json_object_set_new(out, "route", text_json(ticket_text(t, TICKET_ROUTE)));
    json_object_set_new(out, "seconds",
                        json_integer((json_int_t)((clock_wall_ms() - t->answered) / 1000)));
    json_object_set_new(out, "anchored", json_boolean(t->session != 0));
    return out;
}

static void item_answer(struct worker *w, uint64_t id, json_t *item)
{
    json_t *line = json_pack("{s:o}", "item", item);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

    if (text)
        keeper_link_answer(w, id, false, view_of(text));
    free(text);
    json_decref(line);
}

struct listing {
    struct worker *worker;
    uint64_t id, last;
    unsigned count, limit;
    bool more;
};

static bool each_list(void *arg, struct ticket *t)
{
    struct listing *l = arg;

    if (l->count == l->limit) {
        l->more = true;
        return false;
    }
    l->count++;
    l->last = t->place;
    item_answer(l->worker, l->id, ticket_json(t));
    return true;
}

static void list_answer(struct worker *w, uint64_t id, const json_t *request)
{
    json_int_t limit = json_integer_value(json_object_get(request, "limit"));
    struct listing l = {
        .worker = w, .id = id, .limit = limit > 0 && limit < PAGE_MAX ? (unsigned)limit : PAGE_MAX};
    char next[64];

    calls_each(w, id_read(request, "after"), each_list, &l);
    snprintf(next, sizeof(next), "{\"ok\":true,\"next\":\"%016llx\"}", (unsigned long long)l.last);
    keeper_link_answer(w, id, true, l.more ? view_of(next) : VIEW("{\"ok\":true}"));
}

static void unknown_answer(struct worker *w, uint64_t id)
{
    keeper_link_answer(w, id, true,
                       VIEW("{\"ok\":false,\"error\":\"there is no call with this id now; offhook "
                            "call list shows those that stand\"}"));
}

static json_t *end_json(const struct ticket *t, unsigned side)
{
    char text[FLOW_TEXT_MAX];

    return json_pack("{s:s, s:o}", "signalling", flow_text(&t->flows[side], text), "contact",
                     text_json(ticket_text(t, TICKET_CONTACT + side)));
}

static void show_answer(struct worker *w, uint64_t id, const struct ticket *t, struct view reports)
{
    char bytes[HISTORY_AUDIO_MAX];
    struct text audio = TEXT(bytes);
    json_t *out = ticket_json(t), *streams;

    history_audio(&audio, reports);
    streams = json_loadb(audio.p, audio.n, 0, NULL);
    json_object_set_new(out, "call-id", text_json(ticket_text(t, TICKET_CALL_ID)));
    json_object_set_new(out, "caller-side", end_json(t, 0));
    json_object_set_new(out, "callee-side", end_json(t, 1));
    json_object_set_new(out, "audio", streams ? streams : json_array());
    item_answer(w, id, out);
    keeper_link_answer(w, id, true, VIEW("{\"ok\":true}"));
}

static void show_begin(struct worker *w, uint64_t id, const struct ticket *t)
{
    if (!t->session)
        show_answer(w, id, t, VIEW(""));
    else if (!question_wait(w, id, t->session))
        keeper_link_answer(w, id, true,
                           VIEW("{\"ok\":false,\"error\":\"too many ask at once; ask again\"}"));
    else
        (void)media_link_ask(w, t->session, id); /* the next media role is asked again */
}

void call_question_figures(struct worker *w, uint64_t id, uint64_t session, struct view reports)
{
    const struct call *call = call_find_session(w, session);

    if (!question_wait_end(w, id, session))
        return;
    if (call)
        show_answer(w, id, call_ticket(call), reports);
    else
        unknown_answer(w, id);
}

static void hangup_answer(struct worker *w, uint64_t id, struct call *call)
{
    if (hangup_call(w, call, END_OPERATOR))
        keeper_link_answer(w, id, true, VIEW("{\"ok\":true}"));
    else
        keeper_link_answer(w, id, true,
                           VIEW("{\"ok\":false,\"error\":\"neither phone could be told; the call "
                                "was taken off the list, its audio has ended\"}"));
}

bool call_question(struct worker *w, uint64_t id, struct view command, const json_t *request)
{
    bool show = view_eq(command, VIEW("call show")), hangup = view_eq(command, VIEW("call hangup"));
    struct call *call;

    if (view_eq(command, VIEW("call list"))) {
        list_answer(w, id, request);
        return true;
    }
    if (!show && !hangup)
        return false;
    call = call_find(w, id_read(request, "id"));
    if (!call)
        unknown_answer(w, id);
    else if (show)
        show_begin(w, id, call_ticket(call));
    else
        hangup_answer(w, id, call);
    return true;
}
