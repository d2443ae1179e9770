/* route add, list, remove. */
#include <stdio.h>
#include <string.h>

#include "db/page.h"
#include "db/request.h"
#include "db/verbs.h"

/* As people name it. */
static const char *prefix_shown(const char *prefix)
{
    return *prefix ? prefix : "default";
}

static void route_tell(const struct command_context *c, enum change_kind kind,
                       const struct store_route *route)
{
    struct change change = {.kind = kind, .number = route->prefix, .route = *route};

    if (c->changed)
        c->changed(c->arg, &change);
}

static bool found_each(void *arg, const struct store_gateway *gateway)
{
    (void)gateway;
    *(bool *)arg = true;
    return false;
}

/* Does every gateway of the list exist? */
static bool gateways_exist(const struct command_context *c, const char *list, json_t **answer)
{
    struct view rest = view_of(list);

    while (rest.n) {
        struct view name = view_cut(&rest, ',');
        bool found = false;
        enum error e = c->store->ops->gateway_each(c->store, name, found_each, &found);

        if (!e && found)
            continue;
        *answer = e ? answer_of(c->store, e)
                    : answer_error("there is no gateway %.*s; offhook gateway list shows them",
                                   VIEW_ARG(name));
        return false;
    }
    return true;
}

json_t *route_add(const struct command_context *c, const json_t *request)
{
    char prefix[PREFIX_ROOM], prepend[PREFIX_ROOM], gateways[GATEWAYS_ROOM];
    json_int_t strip = 0;
    struct store_route route;
    json_t *answer = NULL;
    enum error e;

    if (!request_prefix(request, prefix, &answer) || !request_prepend(request, prepend, &answer) ||
        !request_whole(request, "strip", 0, PREFIX_MAX, &strip, &answer) ||
        !request_gateways(request, gateways, &answer) || !gateways_exist(c, gateways, &answer))
        return answer;
    route =
        (struct store_route){view_of(prefix), view_of(gateways), (uint8_t)strip, view_of(prepend)};
    e = c->store->ops->route_add(c->store, &route);
    if (e == ERR_EXISTS)
        return answer_error("there is a route %s already; to change it, first: offhook route "
                            "remove %s",
                            prefix_shown(prefix), prefix_shown(prefix));
    if (!e)
        route_tell(c, CHANGE_ROUTE, &route);
    return answer_of(c->store, e);
}

/* The store has the default route, whose prefix is empty, in front. */
static bool route_is_next(const struct page *page, struct view prefix)
{
    if (!page->after.n)
        return true;
    if (view_eq(page->after, VIEW("default")))
        return prefix.n > 0;
    return view_order(prefix, page->after) > 0;
}

static json_t *gateways_item(struct view list)
{
    json_t *names = json_array();

    while (names && list.n) {
        if (json_array_append_new(names, answer_text(view_cut(&list, ','))) != 0) {
            json_decref(names);
            return NULL;
        }
    }
    return names;
}

static bool route_page_each(void *arg, const struct store_route *route)
{
    struct page *page = arg;
    char prefix[PREFIX_ROOM];

    if (!route_is_next(page, route->prefix))
        return true;
    if (!page_take(page))
        return false;
    (void)snprintf(prefix, sizeof(prefix), "%.*s", VIEW_ARG(route->prefix));
    return page_put(page,
                    json_pack("{s:s, s:o, s:i, s:o}", "prefix", prefix_shown(prefix), "gateways",
                              gateways_item(route->gateways), "strip", (int)route->strip, "prepend",
                              answer_text(route->prepend)),
                    "%s", prefix_shown(prefix));
}

json_t *route_list(const struct command_context *c, const json_t *request)
{
    struct page page;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer))
        return answer;
    return page_end(&page, c->store->ops->route_each(c->store, route_page_each, &page));
}

json_t *route_remove(const struct command_context *c, const json_t *request)
{
    char prefix[PREFIX_ROOM];
    struct store_route route = {.strip = 0};
    json_t *answer = NULL;
    enum error e;

    if (!request_prefix(request, prefix, &answer))
        return answer;
    route.prefix = view_of(prefix);
    e = c->store->ops->route_remove(c->store, route.prefix);
    if (e == ERR_NOT_FOUND)
        return answer_error("there is no route %s; offhook route list shows them",
                            prefix_shown(prefix));
    if (!e)
        route_tell(c, CHANGE_ROUTE_GONE, &route);
    return answer_of(c->store, e);
}
