/* Finding and writing users as commands do: with checks, hashing the password. Private to db/. */
#ifndef OFFHOOK_DB_ACCOUNT_H
#define OFFHOOK_DB_ACCOUNT_H

#include "db/request.h"

/* What a user keeps when its password changes; copies, since the store reuses its memory. */
struct account_kept {
    char name[TEXT_MAX + 1], auth_name[NUMBER_MAX];
};

/* The refusal: nobody has this number. */
json_t *account_missing(const struct address *a);
/* The user with this very number; its views live until the next call on the store. False after
 * setting *answer to the refusal. */
bool account_find(const struct command_context *c, const struct address *a, struct store_user *user,
                  json_t **answer);
/* Two users must not answer to one name: neither as number nor as auth name. False after setting
 * *answer to the refusal. */
bool account_names_free(const struct command_context *c, const struct address *a,
                        struct view auth_name, json_t **answer);
/* Makes the hashes and puts user into the store, as user_put of the store does. */
enum error account_write(const struct command_context *c, struct store_user *user,
                         struct view auth_name, struct view password, bool replace);
/* False when the texts of user are longer than any command writes. */
bool account_keep(const struct store_user *user, struct account_kept *out);

#endif
