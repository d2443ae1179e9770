/* Writing users, for every command that does. */
#include <stdio.h>

#include "db/account.h"
#include "db/answer.h"

json_t *account_missing(const struct address *a)
{
    return answer_error("there is no user %s@%s; offhook user list shows them", a->number,
                        a->domain);
}

bool account_find(const struct command_context *c, const struct address *a, struct store_user *user,
                  json_t **answer)
{
    enum error e = c->store->ops->user_get(c->store, view_of(a->number), view_of(a->domain), user);

    if (!e && view_eq(user->number, view_of(a->number)))
        return true;
    *answer = e && e != ERR_NOT_FOUND ? answer_of(c->store, e) : account_missing(a);
    return false;
}

bool account_names_free(const struct command_context *c, const struct address *a,
                        struct view auth_name, json_t **answer)
{
    struct view number = view_of(a->number), domain = view_of(a->domain);
    struct view names[] = {number, auth_name};

    for (size_t i = 0; i < 2; i++) {
        struct store_user other;
        enum error e;

        if (names[i].n == 0)
            continue;
        e = c->store->ops->user_get(c->store, names[i], domain, &other);
        if (e == ERR_NOT_FOUND || (!e && view_eq(other.number, number)))
            continue;
        *answer = e ? answer_of(c->store, e)
                    : answer_error("%.*s is the number or the auth name of user %.*s; choose "
                                   "another",
                                   VIEW_ARG(names[i]), VIEW_ARG(other.number));
        return false;
    }
    return true;
}

enum error account_write(const struct command_context *c, struct store_user *user,
                         struct view auth_name, struct view password, bool replace)
{
    enum error e;

    if (view_eq(auth_name, user->number))
        auth_name = VIEW("");
    e = credential_make(&user->credentials, user->number, user->domain, auth_name, c->realm,
                        password);
    if (e) {
        (void)snprintf(c->store->error, sizeof(c->store->error), "the hashes could not be made: %s",
                       error_text(e));
        return e;
    }
    return c->store->ops->user_put(c->store, user, replace);
}

bool account_keep(const struct store_user *user, struct account_kept *out)
{
    return view_copy(user->name, out->name, sizeof(out->name)) &&
           view_copy(user->credentials.auth_name, out->auth_name, sizeof(out->auth_name));
}
