/* Commands that others answer: the parent (status, reload, stop) and the sip role (trace, route
 * test, calls that stand, its part of status). */
#include <stdlib.h>
#include <string.h>

#include "db/answer.h"
#include "db/client.h"

static const struct {
    const char *name;
    enum client_stage first; /* who is asked first */
} relayed[] = {
    {"status", CLIENT_ASKING_PARENT},  {"reload", CLIENT_ASKING_PARENT},
    {"stop", CLIENT_ASKING_PARENT},    {"trace", CLIENT_ASKING_SIP},
    {"route test", CLIENT_ASKING_SIP}, {"call list", CLIENT_ASKING_SIP},
    {"call show", CLIENT_ASKING_SIP},  {"call hangup", CLIENT_ASKING_SIP},
};

static const char *request_name_of(const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "command"));

    return name ? name : "";
}

static bool is_status(const struct client *c)
{
    return strcmp(request_name_of(c->request), "status") == 0;
}

/* Sends the request to the sip role; false when it cannot be reached. */
static bool ask_sip(struct client *c)
{
    struct keeper *k = c->control->keeper;
    char *text = k->sip ? json_dumps(c->request, JSON_COMPACT) : NULL;

    if (!text)
        return false;
    pack_reset(&k->scratch);
    pack_bytes(&k->scratch, text, strlen(text));
    free(text);
    c->stage = CLIENT_ASKING_SIP;
    return keeper_tell(k, KEEPER_QUESTION, c->id);
}

/* May answer, and so end the client, before it returns. */
static void ask_parent(struct client *c)
{
    const struct keeper_hooks *hooks = &c->control->keeper->hooks;
    char *text = json_dumps(c->request, JSON_COMPACT);

    c->stage = CLIENT_ASKING_PARENT;
    if (text && hooks->ask_parent)
        hooks->ask_parent(hooks->arg, c->id, view_of(text));
    else
        client_close(c, answer_error("the daemon cannot be asked now; try again later"));
    free(text);
}

void relay_request(struct client *c, const json_t *request)
{
    const char *name = request_name_of(request);

    for (size_t i = 0; i < sizeof(relayed) / sizeof(*relayed); i++) {
        if (strcmp(name, relayed[i].name) != 0)
            continue;
        c->request = json_deep_copy(request);
        c->id = ++c->control->last_id;
        if (relayed[i].first == CLIENT_ASKING_PARENT)
            ask_parent(c);
        else if (!ask_sip(c))
            client_close(c, answer_error("the sip role is restarting; try again in a moment"));
        return;
    }
    client_close(c, answer_error("unknown command \"%.100s\"; offhook --help lists them", name));
}

void relay_end(struct client *c)
{
    struct keeper *k = c->control->keeper;

    if (c->stage != CLIENT_ASKING_SIP || !k->sip)
        return;
    (void)channel_send(k->sip, KEEPER_QUESTION_END, c->id, VIEW_NONE, -1);
}

static struct client *client_of(struct control *control, enum client_stage stage, uint64_t id)
{
    struct client *c = control->clients;

    while (c && (c->stage != stage || c->id != id))
        c = c->next;
    return c;
}

/* The last line as its sender wrote it. */
static void close_with(struct client *c, struct view json)
{
    json_error_t error;
    json_t *closing = json_loadb(json.n ? json.p : "", json.n, 0, &error);

    c->stage = CLIENT_CLOSING; /* nobody is left to be told that it ended */
    client_close(c, closing ? closing : answer_error("the answer was garbled: %s", error.text));
}

/* Closes a status with the parent's part and what sip added to it. */
static void close_status(struct client *c, json_t *sip_part, const char *sip_state)
{
    json_t *closing = json_incref(c->parent_part);

    if (sip_part)
        (void)json_object_update_missing(closing, sip_part);
    if (sip_state)
        (void)json_object_set_new(closing, "sip", json_string(sip_state));
    c->stage = CLIENT_CLOSING;
    client_close(c, closing);
}

static void status_of_parent(struct client *c, struct view json)
{
    json_error_t error;

    c->parent_part = json_loadb(json.n ? json.p : "", json.n, 0, &error);
    if (!json_is_object(c->parent_part) || !json_is_true(json_object_get(c->parent_part, "ok"))) {
        close_with(c, json);
        return;
    }
    if (!ask_sip(c))
        close_status(c, NULL, "restarting");
}

static void status_of_sip(struct client *c, struct view json)
{
    json_error_t error;
    json_t *part = json_loadb(json.n ? json.p : "", json.n, 0, &error);

    if (json_is_object(part) && json_is_true(json_object_get(part, "ok")))
        close_status(c, part, NULL);
    else
        close_status(c, NULL, "does not answer");
    json_decref(part);
}

void control_parent_answer(struct control *control, uint64_t id, bool last, struct view json)
{
    struct client *c = client_of(control, CLIENT_ASKING_PARENT, id);

    if (!c)
        return;
    if (!last)
        (void)client_line(c, json);
    else if (is_status(c))
        status_of_parent(c, json);
    else
        close_with(c, json);
}

void control_sip_answer(struct control *control, uint64_t id, bool last, struct view json)
{
    struct client *c = client_of(control, CLIENT_ASKING_SIP, id);

    if (!c)
        return;
    if (!last)
        (void)client_line(c, json);
    else if (is_status(c))
        status_of_sip(c, json);
    else
        close_with(c, json);
}

void control_sip_gone(struct control *control)
{
    struct client *next;

    for (struct client *c = control->clients; c; c = next) {
        next = c->next;
        if (c->stage != CLIENT_ASKING_SIP)
            continue;
        if (is_status(c))
            close_status(c, NULL, "restarting");
        else
            client_close(c, answer_error("the sip role restarted; ask again"));
    }
}
