/* call history: calls that are over. */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>

#include "db/page.h"
#include "db/verbs.h"

#define MS_MOST 253402300799999 /* the end of the year 9999 */

/* What sip wrote, as JSON; nothing where it cannot be read. */
static json_t *audio_item(struct view audio)
{
    json_t *streams = audio.n ? json_loadb(audio.p, audio.n, 0, NULL) : NULL;

    if (json_is_array(streams))
        return streams;
    json_decref(streams);
    return json_array();
}

static json_t *call_item(const struct store_call *c)
{
    char id[17];
    json_t *item, *more;

    (void)snprintf(id, sizeof(id), "%016" PRIx64, c->id);
    item = json_pack("{s:s, s:o, s:I, s:o, s:I, s:o, s:o}", "id", id, "call-id",
                     answer_text(c->call_id), "begun", (json_int_t)c->begun, "answered",
                     c->answered ? json_integer(c->answered) : json_null(), "ended",
                     (json_int_t)c->ended, "from", answer_text(c->from), "to", answer_text(c->to));
    more = json_pack("{s:o, s:o, s:i, s:o, s:o}", "caller", answer_text(c->caller), "route",
                     answer_text(c->route), "status", (int)c->status, "ended-by",
                     answer_text(c->ended_by), "audio", audio_item(c->audio));
    if (!item || !more || json_object_update(item, more) != 0) {
        json_decref(item);
        item = NULL;
    }
    json_decref(more);
    return item;
}

static bool call_page_each(void *arg, const struct store_call *c)
{
    struct page *page = arg;

    if (!page_take(page))
        return false;
    return page_put(page, call_item(c), "%" PRId64 " %016" PRIx64, c->begun, c->id);
}

/* "after": when the last call began, and its id. */
static bool after_read(struct view after, struct store_calls *wanted, json_t **answer)
{
    struct view begun = view_cut(&after, ' ');
    uint64_t ms, id;

    if (view_number(begun, MS_MOST, &ms) && hex_take(after, &id, sizeof(id)) && id) {
        wanted->before = (int64_t)ms;
        wanted->before_id = be64toh(id);
        return true;
    }
    *answer = answer_error("\"after\" has to be what \"next\" was");
    return false;
}

/* "number", "since" and "until". The number is kept in the buffer. */
static bool wanted_read(const json_t *request, struct store_calls *wanted, char number[NUMBER_MAX],
                        json_t **answer)
{
    json_int_t since = 0, until = MS_MOST;
    struct view text;

    number[0] = 0;
    if (json_object_get(request, "number") &&
        (!request_text(request, "number", NUMBER_MAX, &text, answer) ||
         !request_number(text, "number", number, answer)))
        return false;
    if (!request_whole(request, "since", 0, MS_MOST, &since, answer) ||
        !request_whole(request, "until", 0, MS_MOST, &until, answer))
        return false;
    *wanted = (struct store_calls){.number = view_of(number), .since = since, .before = until};
    return true;
}

json_t *call_history(const struct command_context *c, const json_t *request)
{
    char number[NUMBER_MAX];
    struct store_calls wanted;
    struct page page;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer) || !wanted_read(request, &wanted, number, &answer))
        return answer;
    if (page.after.n && !after_read(page.after, &wanted, &answer))
        return answer;
    return page_end(&page, c->store->ops->call_each(c->store, &wanted, call_page_each, &page));
}
