/* gateway add, list, show, password, remove. */
#include <stdio.h>
#include <string.h>

#include "db/gateway.h"
#include "db/page.h"
#include "db/verbs.h"

#define NAME_ROOM        64
#define PRIORITY_DEFAULT 10
#define WEIGHT_DEFAULT   10
#define CALLS_MOST       1000000

static json_t *no_such_gateway(struct view name)
{
    return answer_error("there is no gateway %.*s; offhook gateway list shows them",
                        VIEW_ARG(name));
}

static void gateway_tell(const struct command_context *c, enum change_kind kind,
                         const struct store_gateway *gateway)
{
    struct change change = {.kind = kind, .number = gateway->name, .gateway = *gateway};

    if (c->changed)
        c->changed(c->arg, &change);
}

static bool username_read(const json_t *request, struct view *out, json_t **answer)
{
    if (!request_text(request, "username", TEXT_MAX, out, answer))
        return false;
    if (out->n == 0 || strcspn(out->p, "\"\\:") == out->n)
        return true;
    *answer = answer_error("the username cannot contain \", \\ or :");
    return false;
}

static bool numbers_read(const json_t *request, struct store_gateway *out, json_t **answer)
{
    json_int_t priority = PRIORITY_DEFAULT, weight = WEIGHT_DEFAULT, calls = 0;

    if (!request_whole(request, "priority", 0, UINT16_MAX, &priority, answer) ||
        !request_whole(request, "weight", 0, UINT16_MAX, &weight, answer) ||
        !request_whole(request, "max-calls", 0, CALLS_MOST, &calls, answer))
        return false;
    out->priority = (uint16_t)priority;
    out->weight = (uint16_t)weight;
    out->max_calls = (uint32_t)calls;
    return true;
}

/* All but the password. */
static bool gateway_read(const json_t *request, struct store_gateway *out, json_t **answer)
{
    if (!request_gateway_name(request, &out->name, answer) ||
        !request_gateway_uri(request, &out->uri, answer) ||
        !username_read(request, &out->username, answer) || !numbers_read(request, out, answer))
        return false;
    out->registers = json_is_true(json_object_get(request, "register"));
    if (out->username.n || !out->registers)
        return true;
    *answer = answer_error("to register there takes a username; give one");
    return false;
}

struct lost {
    struct store *store;
    json_t *names;
};

static bool lost_each(void *arg, const struct store_gateway *gateway)
{
    struct lost *lost = arg;

    if (gateway_password_state(lost->store, gateway) != GATEWAY_PASSWORD_LOST ||
        json_array_append_new(lost->names, answer_text(gateway->name)) == 0)
        return true;
    json_decref(lost->names);
    lost->names = NULL;
    return false;
}

/* The closing object, with the gateways whose passwords have to be given anew, if there are any. */
static json_t *close_with_lost(const struct command_context *c)
{
    struct lost lost = {c->store, json_array()};
    json_t *closing = answer_ok();
    enum error e = lost.names ? c->store->ops->gateway_each(c->store, VIEW_NONE, lost_each, &lost)
                              : ERR_MEMORY;

    if (!e && lost.names && json_array_size(lost.names) == 0) {
        json_decref(lost.names);
        return closing;
    }
    if (!e && json_object_set_new(closing, "lost", lost.names) == 0)
        return closing;
    if (e)
        json_decref(lost.names);
    json_decref(closing);
    return e ? answer_of(c->store, e) : NULL;
}

json_t *gateway_add(const struct command_context *c, const json_t *request)
{
    struct store_gateway gateway = {.name = VIEW_NONE};
    struct view password;
    uint8_t sealed[GATEWAY_SEALED_MAX];
    size_t n = 0;
    json_t *answer = NULL;
    enum error e = OK;

    if (!gateway_read(request, &gateway, &answer) ||
        (gateway.username.n && !request_password(request, &password, &answer)))
        return answer;
    if (gateway.username.n)
        e = gateway_seal(c->store, gateway.name, password, sealed, &n);
    gateway.password = (struct view){(const char *)sealed, n};
    if (!e)
        e = c->store->ops->gateway_add(c->store, &gateway);
    if (e == ERR_EXISTS)
        return answer_error("gateway %.*s exists already; choose another name, or remove it first",
                            VIEW_ARG(gateway.name));
    if (e)
        return answer_of(c->store, e);
    gateway_tell(c, CHANGE_GATEWAY, &gateway);
    return close_with_lost(c);
}

static json_t *gateway_item(struct store *s, const struct store_gateway *g)
{
    static const char *const states[] = {"none", "set", "lost"};
    json_t *calls = g->max_calls ? json_integer(g->max_calls) : json_null();

    return json_pack("{s:o, s:o, s:o, s:s, s:i, s:i, s:o, s:b}", "name", answer_text(g->name),
                     "uri", answer_text(g->uri), "username", answer_text(g->username), "password",
                     states[gateway_password_state(s, g)], "priority", (int)g->priority, "weight",
                     (int)g->weight, "max-calls", calls, "register", (int)g->registers);
}

static bool gateway_page_each(void *arg, const struct store_gateway *gateway)
{
    struct page *page = arg;

    if (view_order(gateway->name, page->after) <= 0)
        return true;
    if (!page_take(page))
        return false;
    return page_put(page, gateway_item(page->c->store, gateway), "%.*s", VIEW_ARG(gateway->name));
}

json_t *gateway_list(const struct command_context *c, const json_t *request)
{
    struct page page;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer))
        return answer;
    return page_end(&page,
                    c->store->ops->gateway_each(c->store, VIEW_NONE, gateway_page_each, &page));
}

json_t *gateway_show(const struct command_context *c, const json_t *request)
{
    struct page page = {.c = c, .limit = 1};
    struct view name;
    json_t *answer = NULL;
    enum error e;

    if (!request_gateway_name(request, &name, &answer))
        return answer;
    e = c->store->ops->gateway_each(c->store, name, gateway_page_each, &page);
    if (!e && !page.count)
        return no_such_gateway(name);
    return page_end(&page, e);
}

static bool username_each(void *arg, const struct store_gateway *gateway)
{
    *(int *)arg = gateway->username.n > 0;
    return false;
}

json_t *gateway_password(const struct command_context *c, const json_t *request)
{
    struct view name, password;
    uint8_t sealed[GATEWAY_SEALED_MAX];
    size_t n;
    int named = -1;
    json_t *answer = NULL;
    enum error e;

    if (!request_gateway_name(request, &name, &answer) ||
        !request_password(request, &password, &answer))
        return answer;
    e = c->store->ops->gateway_each(c->store, name, username_each, &named);
    if (!e && named < 0)
        return no_such_gateway(name);
    if (!e && !named)
        return answer_error("gateway %.*s has no username; remove it and add it with --username",
                            VIEW_ARG(name));
    if (!e)
        e = gateway_seal(c->store, name, password, sealed, &n);
    if (!e)
        e = c->store->ops->gateway_password(c->store, name, (struct view){(const char *)sealed, n});
    return e ? answer_of(c->store, e) : close_with_lost(c);
}

struct naming {
    struct view gateway;
    bool named;
    char prefix[PREFIX_ROOM];
};

static bool naming_each(void *arg, const struct store_route *route)
{
    struct naming *n = arg;
    struct view rest = route->gateways;

    while (rest.n && !n->named)
        n->named = view_eq(view_cut(&rest, ','), n->gateway);
    if (n->named)
        (void)snprintf(n->prefix, sizeof(n->prefix), "%.*s", VIEW_ARG(route->prefix));
    return !n->named;
}

/* A gateway that a route leads to stays. */
static bool removal_allowed(const struct command_context *c, struct view name, json_t **answer)
{
    struct naming naming = {.gateway = name};
    enum error e = c->store->ops->route_each(c->store, naming_each, &naming);
    const char *prefix = *naming.prefix ? naming.prefix : "default";

    if (!e && !naming.named)
        return true;
    *answer = e ? answer_of(c->store, e)
                : answer_error("the route %s leads to gateway %.*s; first: offhook route remove %s",
                               prefix, VIEW_ARG(name), prefix);
    return false;
}

json_t *gateway_remove(const struct command_context *c, const json_t *request)
{
    struct store_gateway gateway = {.name = VIEW_NONE};
    json_t *answer = NULL;
    enum error e;

    if (!request_gateway_name(request, &gateway.name, &answer) ||
        !removal_allowed(c, gateway.name, &answer))
        return answer;
    e = c->store->ops->gateway_remove(c->store, gateway.name);
    if (e == ERR_NOT_FOUND)
        return no_such_gateway(gateway.name);
    if (!e)
        gateway_tell(c, CHANGE_GATEWAY_GONE, &gateway);
    return answer_of(c->store, e);
}
