/* The commands, by noun; db/command.c finds them by name. Each returns the closing object, or NULL
 * without memory. Private to db/. */
#ifndef OFFHOOK_DB_VERBS_H
#define OFFHOOK_DB_VERBS_H

#include "db/command.h"

typedef json_t *command_verb(const struct command_context *c, const json_t *request);

/* command_user.c, command_import.c */
command_verb user_add, user_list, user_show, user_password, user_limit, user_audio, user_remove,
    user_import;
/* command_alias.c */
command_verb alias_add, alias_list, alias_remove;
/* command_forward.c */
command_verb forward_set, forward_clear, forward_show;
/* command_gateway.c */
command_verb gateway_add, gateway_list, gateway_show, gateway_password, gateway_remove;
/* command_route.c */
command_verb route_add, route_list, route_remove;
/* command_registration.c */
command_verb registration_list, registration_remove;
/* command_ban.c */
command_verb ban_add, ban_list, ban_remove;
/* command_call.c */
command_verb call_history;
/* command_database.c */
command_verb database_check;

#endif
