/* The ring keeps the beginning of each message; it is taken apart only when somebody looks. */
#include "server/trace.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/keeper_link.h"

#define RING_ENTRIES 1024
#define ENTRY_BYTES  768
#define FOLLOWERS    16
#define FILTER_MAX   256

struct entry {
    int64_t time_ms; /* wall clock */
    struct sip_flow peer;
    uint8_t direction;
    uint16_t size;
    char bytes[ENTRY_BYTES];
};

struct follower {
    uint64_t id; /* 0: free */
    char number[NUMBER_MAX], call_id[FILTER_MAX];
};

struct trace {
    struct worker *owner;
    uint64_t count; /* entries ever written */
    unsigned following;
    struct follower followers[FOLLOWERS];
    struct entry ring[RING_ENTRIES];
};

enum error trace_new(struct worker *w)
{
    w->trace = calloc(1, sizeof(*w->trace));
    if (!w->trace)
        return ERR_MEMORY;
    w->trace->owner = w;
    return OK;
}

void trace_free(struct worker *w)
{
    free(w->trace);
    w->trace = NULL;
}

/* The value of a header in what was kept of the message. */
static struct view kept_value(struct view bytes, enum header_id id)
{
    view_cut(&bytes, '\n');
    while (bytes.n) {
        struct view line = view_cut(&bytes, '\n');
        size_t colon = view_find(line, ':');

        if (colon < line.n && header_id_of(view_trim((struct view){line.p, colon})) == id)
            return view_trim(view_from(line, colon + 1));
    }
    return VIEW("");
}

static struct view uri_of(struct view value)
{
    struct name_addr parts;

    return name_addr_parse(&parts, value) == OK ? parts.uri : value;
}

/* Do the user parts of From or To, or of the Request-URI, mean this number? */
static bool names_number(struct view uri, const char *number)
{
    char canonical[NUMBER_MAX];
    struct uri parsed;
    char user[NUMBER_MAX];

    return uri_parse(&parsed, uri) == OK && uri_user_decode(&parsed, user) == OK &&
           number_canonical(view_of(user), canonical) == OK && strcmp(canonical, number) == 0;
}

static bool entry_matches(const struct entry *e, const struct follower *f)
{
    struct view bytes = {e->bytes, e->size};

    if (f->call_id[0] && !view_eq(kept_value(bytes, HEADER_CALL_ID), view_of(f->call_id)))
        return false;
    if (!f->number[0])
        return true;
    return names_number(uri_of(kept_value(bytes, HEADER_FROM)), f->number) ||
           names_number(uri_of(kept_value(bytes, HEADER_TO)), f->number);
}

static json_t *json_view(struct view v)
{
    json_t *text = json_stringn(v.p, v.n);

    return text ? text : json_string("?"); /* no UTF-8 */
}

static json_t *json_flow_end(const uint8_t address[16], const struct sip_flow *flow, uint16_t port)
{
    char bytes[FLOW_TEXT_MAX];
    struct text t = TEXT(bytes);

    flow_address_text(address, flow->family, true, &t);
    if (port) {
        text_string(&t, ":");
        text_number(&t, port);
    }
    return json_view(text_done(&t));
}

static json_t *entry_local(const struct entry *e, const struct transport *transport)
{
    char bytes[FLOW_TEXT_MAX];
    struct text t = TEXT(bytes);

    transport_sent_by(transport, &e->peer, &t);
    return json_view(text_done(&t));
}

static void summary_put(json_t *item, struct view bytes)
{
    struct view line = view_trim((struct view){bytes.p, view_find(bytes, '\n')});
    struct view cseq = kept_value(bytes, HEADER_CSEQ), number = cseq, method;

    number.n = view_find(cseq, ' ');
    method = view_trim(view_from(cseq, number.n));
    json_object_set_new(item, "summary", json_view(line));
    if (view_istarts(line, VIEW("SIP/2.0 ")) && line.n >= 11)
        json_object_set_new(item, "status", json_integer(strtol(line.p + 8, NULL, 10)));
    else
        method = (struct view){line.p, view_find(line, ' ')};
    json_object_set_new(item, "method", json_view(method));
    json_object_set_new(item, "cseq", json_view(cseq));
    json_object_set_new(item, "call-id", json_view(kept_value(bytes, HEADER_CALL_ID)));
    json_object_set_new(item, "from", json_view(uri_of(kept_value(bytes, HEADER_FROM))));
    json_object_set_new(item, "to", json_view(uri_of(kept_value(bytes, HEADER_TO))));
}

static void entry_tell(struct trace *t, const struct entry *e, uint64_t id)
{
    json_t *item = json_object(), *line = json_object();
    char *text;

    json_object_set_new(item, "time", json_real((double)e->time_ms / 1000));
    json_object_set_new(item, "direction", json_string(e->direction == TRACE_IN ? "in" : "out"));
    json_object_set_new(item, "transport", json_string(flow_transport_name(&e->peer)));
    json_object_set_new(item, "local", entry_local(e, t->owner->transport));
    json_object_set_new(item, "remote", json_flow_end(e->peer.address, &e->peer, e->peer.port));
    summary_put(item, (struct view){e->bytes, e->size});
    json_object_set_new(line, "item", item);
    text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(13)); /* milliseconds */
    if (text)
        keeper_link_answer(t->owner, id, false, view_of(text));
    free(text);
    json_decref(line);
}

void trace_record(struct trace *t, enum trace_direction direction, const struct sip_flow *peer,
                  struct view bytes)
{
    struct entry *e = &t->ring[t->count++ % RING_ENTRIES];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    e->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    e->peer = *peer;
    e->direction = (uint8_t)direction;
    e->size = (uint16_t)(bytes.n < ENTRY_BYTES ? bytes.n : ENTRY_BYTES);
    memcpy(e->bytes, bytes.p, e->size);
    if (!t->following)
        return;
    for (int i = 0; i < FOLLOWERS; i++)
        if (t->followers[i].id && entry_matches(e, &t->followers[i]))
            entry_tell(t, e, t->followers[i].id);
}

static void trace_replay(struct trace *t, const struct follower *f)
{
    uint64_t first = t->count > RING_ENTRIES ? t->count - RING_ENTRIES : 0;

    for (uint64_t i = first; i < t->count; i++)
        if (entry_matches(&t->ring[i % RING_ENTRIES], f))
            entry_tell(t, &t->ring[i % RING_ENTRIES], f->id);
}

static struct follower *follower_find(struct trace *t, uint64_t id)
{
    for (int i = 0; i < FOLLOWERS; i++)
        if (t->followers[i].id == id)
            return &t->followers[i];
    return NULL;
}

void trace_question(struct trace *t, uint64_t id, struct view number, struct view call_id,
                    bool follow)
{
    struct follower f = {.id = id}, *slot = follow ? follower_find(t, 0) : NULL;

    if ((number.n && number_canonical(number, f.number) != OK) ||
        !view_copy(call_id, f.call_id, sizeof(f.call_id))) {
        keeper_link_answer(t->owner, id, true,
                           VIEW("{\"ok\":false,\"error\":\"that number or Call-ID is too long\"}"));
        return;
    }
    if (follow && !slot) {
        keeper_link_answer(t->owner, id, true,
                           VIEW("{\"ok\":false,\"error\":\"16 traces run already; end one\"}"));
        return;
    }
    trace_replay(t, &f);
    if (!follow) {
        keeper_link_answer(t->owner, id, true, VIEW("{\"ok\":true}"));
        return;
    }
    *slot = f;
    t->following++;
}

void trace_end(struct trace *t, uint64_t id)
{
    struct follower *f = id ? follower_find(t, id) : NULL;

    if (!f)
        return;
    f->id = 0;
    t->following--;
}

void trace_end_all(struct trace *t)
{
    for (int i = 0; i < FOLLOWERS; i++)
        trace_end(t, t->followers[i].id);
}
