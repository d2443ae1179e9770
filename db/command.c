/* Commands on lasting data, found by name. */
#include <string.h>

#include "db/answer.h"
#include "db/verbs.h"

static const struct {
    const char *name;
    command_verb *run;
} commands[] = {
    {"user add", user_add},
    {"user list", user_list},
    {"user show", user_show},
    {"user password", user_password},
    {"user limit", user_limit},
    {"user audio", user_audio},
    {"user remove", user_remove},
    {"user import", user_import},
    {"alias add", alias_add},
    {"alias list", alias_list},
    {"alias remove", alias_remove},
    {"forward set", forward_set},
    {"forward clear", forward_clear},
    {"forward show", forward_show},
    {"gateway add", gateway_add},
    {"gateway list", gateway_list},
    {"gateway show", gateway_show},
    {"gateway password", gateway_password},
    {"gateway remove", gateway_remove},
    {"route add", route_add},
    {"route list", route_list},
    {"route remove", route_remove},
    {"registration list", registration_list},
    {"registration remove", registration_remove},
    {"ban add", ban_add},
    {"ban list", ban_list},
    {"ban remove", ban_remove},
    {"call history", call_history},
    {"database check", database_check},
};

static command_verb *command_find(const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "command"));

    for (size_t i = 0; name && i < sizeof(commands) / sizeof(*commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run;
    return NULL;
}

bool command_known(const json_t *request)
{
    return command_find(request) != NULL;
}

json_t *command_run(const struct command_context *context, const json_t *request)
{
    command_verb *run = command_find(request);

    if (!run)
        return answer_error("unknown command; offhook --help lists them");
    context->store->error[0] = 0;
    return run(context, request);
}
