/* Commands on lasting data (user, alias, registration, call history, database), the same code for
 * the keeper's control socket and for `offhook` while no daemon runs. Requests and answers are JSON
 * objects, see docs/control.md. */
#ifndef OFFHOOK_DB_COMMAND_H
#define OFFHOOK_DB_COMMAND_H

#include <jansson.h>

#include "db/change.h"

struct command_context {
    struct store *store;
    struct view default_domain;
    struct view realm;
    /* Each object that the command shows; borrowed. */
    void (*item)(void *arg, json_t *item);
    /* Each fact that it changed, after the commit; NULL when nobody listens. */
    void (*changed)(void *arg, const struct change *change);
    void *arg;
};

/* Does this file know the command named in request? */
bool command_known(const json_t *request);
/* Runs request. Returns the closing object ({"ok":true,...} or {"ok":false,"error":"..."}); the
 * caller owns the reference. NULL: no memory was left even for that. */
json_t *command_run(const struct command_context *context, const json_t *request);

#endif
