/* user import: many users in one transaction. */
#include <stdio.h>

#include "db/account.h"
#include "db/answer.h"
#include "db/verbs.h"

/* One row of an import; *replaced says whether the user was there. */
static bool import_row(const struct command_context *c, const char *domain, const json_t *row,
                       bool *replaced, json_t **answer)
{
    struct address a;
    struct account_kept kept = {0};
    struct store_user user = {0}, old;
    struct view auth_name, password;
    struct view number = view_of(json_string_value(json_object_get(row, "number")));
    enum error e;

    (void)snprintf(a.domain, sizeof(a.domain), "%s", domain);
    if (!request_number(number, "number", a.number, answer) ||
        !request_name(row, &user.name, answer) || !request_auth_name(row, &auth_name, answer) ||
        !request_password(row, &password, answer) || !account_names_free(c, &a, auth_name, answer))
        return false;
    user.number = view_of(a.number);
    user.domain = view_of(a.domain);
    e = c->store->ops->user_get(c->store, user.number, user.domain, &old);
    *replaced = e == OK;
    if (*replaced && account_keep(&old, &kept)) {
        user.name = user.name.n ? user.name : view_of(kept.name);
        auth_name = auth_name.n ? auth_name : view_of(kept.auth_name);
    }
    if (!e || e == ERR_NOT_FOUND)
        e = account_write(c, &user, auth_name, password, true);
    if (e)
        *answer = answer_of(c->store, e);
    return e == OK;
}

/* Says which row it was. */
static json_t *import_refused(size_t index, json_t *answer)
{
    const char *why = json_string_value(json_object_get(answer, "error"));
    json_t *refusal = answer_error("user %zu of the batch: %s; nothing of it was imported",
                                   index + 1, why ? why : "no memory left");

    json_decref(answer);
    return refusal;
}

/* The names are read back: a row without one left the old one in place. */
static void import_tell(const struct command_context *c, const char *domain, const json_t *users)
{
    char number[NUMBER_MAX];
    struct store_user user;
    size_t i;
    json_t *row, *answer = NULL;

    json_array_foreach(users, i, row)
    {
        struct view text = view_of(json_string_value(json_object_get(row, "number")));

        if (request_number(text, "number", number, &answer) &&
            !c->store->ops->user_get(c->store, view_of(number), view_of(domain), &user))
            answer_change(c, CHANGE_USER, user.number, user.domain, user.name);
    }
}

json_t *user_import(const struct command_context *c, const json_t *request)
{
    const json_t *users = json_object_get(request, "users");
    char domain[DOMAIN_MAX];
    json_int_t added = 0, replaced = 0;
    json_t *answer = NULL, *row;
    enum error e;
    size_t i;

    if (!json_is_array(users))
        return answer_error("\"users\" has to be a list of users");
    if (!request_domain(c, request, domain, &answer))
        return answer;
    e = c->store->ops->begin(c->store);
    if (e)
        return answer_of(c->store, e);
    json_array_foreach(users, i, row)
    {
        bool old = false;

        if (!import_row(c, domain, row, &old, &answer)) {
            c->store->ops->rollback(c->store);
            return import_refused(i, answer);
        }
        *(old ? &replaced : &added) += 1;
    }
    e = c->store->ops->commit(c->store);
    if (e)
        return answer_of(c->store, e);
    if (c->changed)
        import_tell(c, domain, users);
    return json_pack("{s:b, s:I, s:I}", "ok", 1, "added", added, "replaced", replaced);
}
