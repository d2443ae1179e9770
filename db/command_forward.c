/* forward set, clear, show. */
#include <stdio.h>
#include <string.h>

#include "db/account.h"
#include "db/forward.h"
#include "db/page.h"
#include "db/verbs.h"

#define KEY_MAX (NUMBER_MAX + DOMAIN_MAX + 16) /* "number@domain kind" */

/* The kinds that a request names, as a set. */
static bool kinds_read(const json_t *request, bool kinds[FORWARD_KINDS], json_t **answer)
{
    const json_t *names = json_object_get(request, "kinds");
    enum forward_kind kind;
    size_t i;
    json_t *name;

    memset(kinds, 0, FORWARD_KINDS * sizeof(*kinds));
    json_array_foreach(names, i, name)
    {
        if (!forward_kind_parse(&kind, view_of(json_string_value(name))))
            break;
        kinds[kind] = true;
    }
    if (!names || (json_is_array(names) && i == json_array_size(names)))
        return true;
    *answer = answer_error("\"kinds\" has to be a list of always, busy, no-answer, unreachable");
    return false;
}

static bool kinds_any(const bool kinds[FORWARD_KINDS])
{
    for (int i = 0; i < FORWARD_KINDS; i++)
        if (kinds[i])
            return true;
    return false;
}

/* The seconds of a no-answer forward. */
static bool after_read(const json_t *request, const bool kinds[FORWARD_KINDS], uint16_t *out,
                       json_t **answer)
{
    json_int_t after = 0;

    if (!request_whole(request, "after", 1, FORWARD_AFTER_MAX, &after, answer))
        return false;
    if (after && !kinds[FORWARD_NO_ANSWER]) {
        *answer = answer_error("the time until a forward is that of no-answer; leave it out, or "
                               "name no-answer");
        return false;
    }
    *out = after ? (uint16_t)after : FORWARD_AFTER_DEFAULT;
    return true;
}

static bool target_allowed(const struct address *a, const char *target, json_t **answer)
{
    char own[NUMBER_MAX + DOMAIN_MAX + 8];

    (void)snprintf(own, sizeof(own), "sip:%s@%s", a->number, a->domain);
    if (strcmp(a->number, target) != 0 && !view_ieq(view_of(own), view_of(target)))
        return true;
    *answer = answer_error("a number cannot be forwarded to itself; give another target");
    return false;
}

static void forward_tell(const struct command_context *c, enum change_kind kind,
                         const struct store_forward *forward)
{
    struct change change = {
        .kind = kind, .number = forward->number, .domain = forward->domain, .forward = *forward};

    if (c->changed)
        c->changed(c->arg, &change);
}

static struct store_forward forward_of(const struct address *a, int kind, const char *target,
                                       uint16_t after)
{
    return (struct store_forward){.number = view_of(a->number),
                                  .domain = view_of(a->domain),
                                  .kind = (enum forward_kind)kind,
                                  .target = view_of(target),
                                  .after = kind == FORWARD_NO_ANSWER ? after : 0};
}

/* All of them, or on a failure none. */
static enum error forwards_put(struct store *s, const struct address *a,
                               const bool kinds[FORWARD_KINDS], const char *target, uint16_t after)
{
    enum error e = s->ops->begin(s);

    for (int i = 0; i < FORWARD_KINDS && !e; i++) {
        struct store_forward forward = forward_of(a, i, target, after);

        if (kinds[i])
            e = s->ops->forward_put(s, &forward);
    }
    if (!e)
        return s->ops->commit(s);
    s->ops->rollback(s);
    return e;
}

json_t *forward_set(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct store_user user;
    bool kinds[FORWARD_KINDS];
    char target[512];
    uint16_t after;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer) || !kinds_read(request, kinds, &answer) ||
        !request_target(request, target, &answer) || !after_read(request, kinds, &after, &answer) ||
        !target_allowed(&a, target, &answer) || !account_find(c, &a, &user, &answer))
        return answer;
    if (!kinds_any(kinds))
        return answer_error("\"kinds\" is missing; name always, busy, no-answer or unreachable");
    e = forwards_put(c->store, &a, kinds, target, after);
    for (int i = 0; i < FORWARD_KINDS && !e; i++) {
        struct store_forward forward = forward_of(&a, i, target, after);

        if (kinds[i])
            forward_tell(c, CHANGE_FORWARD, &forward);
    }
    return answer_of(c->store, e);
}

json_t *forward_clear(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct store_user user;
    bool kinds[FORWARD_KINDS], all;
    json_int_t removed = 0;
    json_t *answer = NULL;
    enum error e = OK;

    if (!request_address(c, request, &a, &answer) || !kinds_read(request, kinds, &answer) ||
        !account_find(c, &a, &user, &answer))
        return answer;
    all = !kinds_any(kinds);
    for (int i = 0; i < FORWARD_KINDS && !e; i++) {
        struct store_forward forward = forward_of(&a, i, NULL, 0);

        if (!all && !kinds[i])
            continue;
        e = c->store->ops->forward_remove(c->store, forward.number, forward.domain, forward.kind);
        if (!e)
            forward_tell(c, CHANGE_FORWARD_GONE, &forward);
        removed += !e;
        e = e == ERR_NOT_FOUND ? OK : e;
    }
    return e ? answer_of(c->store, e) : json_pack("{s:b, s:I}", "ok", 1, "removed", removed);
}

static json_t *forward_item(const struct store_forward *f)
{
    json_t *item = json_pack("{s:o, s:o, s:s, s:o}", "number", answer_text(f->number), "domain",
                             answer_text(f->domain), "when", forward_kind_name(f->kind), "target",
                             answer_text(f->target));

    if (item && f->kind == FORWARD_NO_ANSWER &&
        json_object_set_new(item, "after", json_integer(f->after)) != 0) {
        json_decref(item);
        return NULL;
    }
    return item;
}

/* Does f come behind the last one of the page before? */
static bool forward_is_next(const struct page *page, const struct store_forward *f)
{
    struct view kind = page->after, number = view_cut(&kind, '@'), domain = view_cut(&kind, ' ');
    enum forward_kind after = FORWARD_ALWAYS;
    int order = view_order(f->domain, domain);

    (void)forward_kind_parse(&after, kind);
    if (!order)
        order = view_order(f->number, number);
    return !page->after.n || order > 0 || (order == 0 && f->kind > after);
}

static bool forward_page_each(void *arg, const struct store_forward *f)
{
    struct page *page = arg;

    if (!forward_is_next(page, f))
        return true;
    if (!page_take(page))
        return false;
    return page_put(page, forward_item(f), "%.*s@%.*s %s", VIEW_ARG(f->number), VIEW_ARG(f->domain),
                    forward_kind_name(f->kind));
}

json_t *forward_show(const struct command_context *c, const json_t *request)
{
    struct page page;
    struct address a = {0};
    struct store_user user;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer))
        return answer;
    if (json_object_get(request, "number") &&
        (!request_address(c, request, &a, &answer) || !account_find(c, &a, &user, &answer)))
        return answer;
    return page_end(&page,
                    c->store->ops->forward_each(c->store, view_of(a.number), view_of(a.domain),
                                                forward_page_each, &page));
}
