/* alias add, list, remove. */
#include <stdio.h>
#include <string.h>

#include "db/page.h"
#include "db/request.h"
#include "db/verbs.h"

static bool alias_allowed(const struct command_context *c, const struct address *a,
                          const char *target, json_t **answer)
{
    struct store_user user;
    enum error e;

    if (strcmp(a->number, target) == 0) {
        *answer = answer_error("an alias cannot lead to itself; give another target");
        return false;
    }
    e = c->store->ops->user_get(c->store, view_of(a->number), view_of(a->domain), &user);
    if (e == ERR_NOT_FOUND || (!e && !view_eq(user.number, view_of(a->number))))
        return true;
    *answer = e ? answer_of(c->store, e)
                : answer_error("%s is the number of a user; an alias needs a number of its own",
                               a->number);
    return false;
}

json_t *alias_add(const struct command_context *c, const json_t *request)
{
    struct address a;
    char target[512];
    struct store_alias alias;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer) || !request_target(request, target, &answer) ||
        !alias_allowed(c, &a, target, &answer))
        return answer;
    alias = (struct store_alias){view_of(a.number), view_of(a.domain), view_of(target)};
    e = c->store->ops->alias_put(c->store, &alias, false);
    if (e == ERR_EXISTS)
        return answer_error("alias %s exists already; to change it, first: offhook alias remove "
                            "%s",
                            a.number, a.number);
    if (!e)
        answer_change(c, CHANGE_ALIAS, alias.number, alias.domain, alias.target);
    return answer_of(c->store, e);
}

static bool alias_page_each(void *arg, const struct store_alias *alias)
{
    struct page *page = arg;
    struct view domain = page->after;
    struct view number = view_cut(&domain, '@');
    int order = view_order(alias->domain, domain);

    if (order < 0 || (order == 0 && view_order(alias->number, number) <= 0))
        return true;
    if (!page_take(page))
        return false;
    return page_put(page,
                    json_pack("{s:o, s:o, s:o}", "number", answer_text(alias->number), "domain",
                              answer_text(alias->domain), "target", answer_text(alias->target)),
                    "%.*s@%.*s", VIEW_ARG(alias->number), VIEW_ARG(alias->domain));
}

json_t *alias_list(const struct command_context *c, const json_t *request)
{
    struct page page;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer))
        return answer;
    return page_end(&page, c->store->ops->alias_each(c->store, alias_page_each, &page));
}

json_t *alias_remove(const struct command_context *c, const json_t *request)
{
    struct address a;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer))
        return answer;
    e = c->store->ops->alias_remove(c->store, view_of(a.number), view_of(a.domain));
    if (e == ERR_NOT_FOUND)
        return answer_error("there is no alias %s@%s; offhook alias list shows them", a.number,
                            a.domain);
    if (!e)
        answer_change(c, CHANGE_ALIAS_GONE, view_of(a.number), view_of(a.domain), VIEW_NONE);
    return answer_of(c->store, e);
}
