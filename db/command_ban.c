/* ban add, list, remove. */
#include "auth/network.h"
#include "db/page.h"
#include "db/request.h"
#include "db/verbs.h"

#define SECONDS_DEFAULT 600
#define SECONDS_MAX     31536000

/* The field "address" as a network; false after setting *answer. */
static bool address_read(const json_t *request, struct network *out, json_t **answer)
{
    const json_t *field = json_object_get(request, "address");
    struct view text = {json_string_value(field), json_string_length(field)};

    if (text.n && network_parse(out, text)) {
        if (out->family == 6 && view_find(text, '/') == text.n)
            *out = network_source(6, out->address);
        return true;
    }
    *answer = answer_error("\"%.*s\" is not an address; write 192.0.2.1, 192.0.2.0/24 or "
                           "2001:db8::/48, with nothing but zeros behind the prefix",
                           (int)(text.n < 64 ? text.n : 64), text.n ? text.p : "");
    return false;
}

/* "seconds", a number or (from the command line) the text of one. */
static bool seconds_read(const json_t *request, uint64_t *out, json_t **answer)
{
    const json_t *field = json_object_get(request, "seconds");
    struct view text = {json_string_value(field), json_string_length(field)};

    *out = SECONDS_DEFAULT;
    if (!field || json_is_null(field))
        return true;
    if (json_is_integer(field) && json_integer_value(field) > 0)
        *out = (uint64_t)json_integer_value(field);
    else if (!text.n || !view_number(text, SECONDS_MAX, out))
        *out = 0;
    if (*out > 0 && *out <= SECONDS_MAX)
        return true;
    *answer = answer_error("the seconds of a ban have to be a number from 1 to %d", SECONDS_MAX);
    return false;
}

static void ban_tell(const struct command_context *c, enum change_kind kind,
                     const struct store_ban *ban)
{
    struct change change = {.kind = kind, .ban = *ban};

    if (c->changed)
        c->changed(c->arg, &change);
}

json_t *ban_add(const struct command_context *c, const json_t *request)
{
    char text[NETWORK_TEXT_MAX];
    struct store_ban ban = {.reason = VIEW("by hand")};
    struct network n;
    json_t *answer = NULL;
    uint64_t seconds;
    enum error e;

    if (!address_read(request, &n, &answer) || !seconds_read(request, &seconds, &answer))
        return answer;
    ban.network = view_of(network_text(&n, text));
    ban.until = clock_wall() + (int64_t)seconds;
    e = c->store->ops->ban_put(c->store, &ban);
    if (e)
        return answer_of(c->store, e);
    ban_tell(c, CHANGE_BAN, &ban);
    return json_pack("{s:b, s:s, s:I}", "ok", 1, "address", text, "seconds", (json_int_t)seconds);
}

static bool ban_page_each(void *arg, const struct store_ban *ban)
{
    struct page *page = arg;

    if (!page_take(page))
        return false;
    return page_put(page,
                    json_pack("{s:o, s:I, s:I, s:o}", "address", answer_text(ban->network),
                              "expires", (json_int_t)(ban->until - clock_wall()), "users",
                              (json_int_t)ban->users, "reason", answer_text(ban->reason)),
                    "%.*s", VIEW_ARG(ban->network));
}

json_t *ban_list(const struct command_context *c, const json_t *request)
{
    struct page page;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer))
        return answer;
    return page_end(
        &page, c->store->ops->ban_each(c->store, page.after, clock_wall(), ban_page_each, &page));
}

json_t *ban_remove(const struct command_context *c, const json_t *request)
{
    char text[NETWORK_TEXT_MAX];
    struct store_ban ban = {.reason = VIEW("")};
    struct network n;
    json_t *answer = NULL;
    enum error e;

    if (!address_read(request, &n, &answer))
        return answer;
    ban.network = view_of(network_text(&n, text));
    e = c->store->ops->ban_remove(c->store, ban.network);
    if (e == ERR_NOT_FOUND)
        return answer_error("%s is not banned; offhook ban list shows what is", text);
    if (e)
        return answer_of(c->store, e);
    ban_tell(c, CHANGE_BAN_GONE, &ban);
    return json_pack("{s:b, s:s}", "ok", 1, "address", text);
}
