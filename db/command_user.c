/* user add, list, show, password, limit, audio, remove. */
#include <stdio.h>

#include "db/account.h"
#include "db/audio.h"
#include "db/page.h"
#include "db/request.h"
#include "db/verbs.h"

#define USER_CALLS_MOST 10000

json_t *user_add(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct store_user user = {0};
    struct view auth_name, password;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer) || !request_name(request, &user.name, &answer) ||
        !request_auth_name(request, &auth_name, &answer) ||
        !request_password(request, &password, &answer) ||
        !account_names_free(c, &a, auth_name, &answer))
        return answer;
    user.number = view_of(a.number);
    user.domain = view_of(a.domain);
    e = account_write(c, &user, auth_name, password, false);
    if (e == ERR_EXISTS)
        return answer_error("user %s exists already; change the password with: offhook user "
                            "password %s",
                            a.number, a.number);
    if (e)
        return answer_of(c->store, e);
    answer_change(c, CHANGE_USER, user.number, user.domain, user.name);
    return json_pack("{s:b, s:s, s:s}", "ok", 1, "number", a.number, "domain", a.domain);
}

static json_t *user_item(const struct store_user *user)
{
    struct view auth_name = user->credentials.auth_name;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "number", answer_text(user->number),
                     "domain", answer_text(user->domain), "name", answer_text(user->name),
                     "auth-name", answer_text(auth_name.n ? auth_name : user->number), "max-calls",
                     user->max_calls ? json_integer(user->max_calls) : json_null(), "audio",
                     audio_way_name(user->audio));
}

static bool user_page_each(void *arg, const struct store_user *user)
{
    struct page *page = arg;

    if (!page_take(page))
        return false;
    return page_put(page, user_item(user), "%.*s@%.*s", VIEW_ARG(user->number),
                    VIEW_ARG(user->domain));
}

json_t *user_list(const struct command_context *c, const json_t *request)
{
    struct page page;
    struct view number, domain;
    json_t *answer = NULL;

    if (!page_begin(&page, c, request, &answer))
        return answer;
    domain = page.after;
    number = view_cut(&domain, '@');
    return page_end(&page,
                    c->store->ops->user_each(c->store, number, domain, user_page_each, &page));
}

static bool count_each(void *arg, const struct store_binding *binding)
{
    (void)binding;
    ++*(json_int_t *)arg;
    return true;
}

json_t *user_show(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct store_user user;
    json_int_t registrations = 0;
    json_t *answer = NULL, *item, *realm;
    enum error e;

    if (!request_address(c, request, &a, &answer) || !account_find(c, &a, &user, &answer))
        return answer;
    item = user_item(&user);
    realm = answer_text(user.credentials.realm);
    e = c->store->ops->binding_each(c->store, view_of(a.number), view_of(a.domain), clock_wall(),
                                    count_each, &registrations);
    /* jansson takes the values, also when it fails, and refuses NULL */
    if (json_object_set_new(item, "realm", realm) != 0 ||
        json_object_set_new(item, "registrations", json_integer(registrations)) != 0)
        e = e ? e : ERR_MEMORY;
    if (e)
        json_decref(item);
    else if (!answer_item(c, item))
        e = ERR_MEMORY;
    return answer_of(c->store, e);
}

json_t *user_password(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct account_kept kept;
    struct store_user user;
    struct view password;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer) ||
        !request_password(request, &password, &answer) || !account_find(c, &a, &user, &answer))
        return answer;
    if (!account_keep(&user, &kept))
        return answer_error("user %s is damaged; remove it and add it anew", a.number);
    user = (struct store_user){
        .number = view_of(a.number), .domain = view_of(a.domain), .name = view_of(kept.name)};
    e = account_write(c, &user, view_of(kept.auth_name), password, true);
    if (!e)
        answer_change(c, CHANGE_USER, user.number, user.domain, user.name);
    return answer_of(c->store, e);
}

/* The store has taken a setting of the user a over, or not (e): tells who has to know. */
static json_t *setting_done(const struct command_context *c, const struct address *a,
                            const struct change *change, enum error e)
{
    if (e == ERR_NOT_FOUND)
        return account_missing(a);
    if (!e && c->changed)
        c->changed(c->arg, change);
    return answer_of(c->store, e);
}

json_t *user_limit(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct change change = {.kind = CHANGE_USER_LIMIT};
    json_int_t most = 0;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer) ||
        !request_whole(request, "max-calls", 1, USER_CALLS_MOST, &most, &answer))
        return answer;
    change.number = view_of(a.number);
    change.domain = view_of(a.domain);
    change.max_calls = (uint32_t)most;
    e = c->store->ops->user_limit(c->store, change.number, change.domain, change.max_calls);
    return setting_done(c, &a, &change, e);
}

json_t *user_audio(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct change change = {.kind = CHANGE_USER_AUDIO};
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer) ||
        !request_audio(request, &change.audio, &answer))
        return answer;
    change.number = view_of(a.number);
    change.domain = view_of(a.domain);
    e = c->store->ops->user_audio(c->store, change.number, change.domain, change.audio);
    return setting_done(c, &a, &change, e);
}

json_t *user_remove(const struct command_context *c, const json_t *request)
{
    struct address a;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer))
        return answer;
    e = c->store->ops->user_remove(c->store, view_of(a.number), view_of(a.domain));
    if (e == ERR_NOT_FOUND)
        return account_missing(&a);
    if (!e) {
        answer_change(c, CHANGE_USER_GONE, view_of(a.number), view_of(a.domain), VIEW_NONE);
        answer_change(c, CHANGE_BINDINGS_GONE, view_of(a.number), view_of(a.domain), VIEW_NONE);
    }
    return answer_of(c->store, e);
}
