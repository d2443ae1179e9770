/* Control requests that are the parent's to answer: status, reload, stop. */
#include <config.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/daemon.h"

void daemon_answer(struct daemon *d, uint64_t id, bool last, void *json)
{
    struct pack body = {0};
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    const char *line = text ? text : "{\"ok\":false,\"error\":\"there is not enough memory\"}";
    pack_u8(&body, last);
    pack_bytes(&body, line, strlen(line));
    if (!body.error)
        child_send(&d->children[ROLE_KEEPER], ROLE_ANSWER, id, pack_bytes_view(&body), -1);
    pack_free(&body);
    free(text);
}

static json_t *roles_describe(const struct daemon *d)
{
    json_t *roles = json_array();
    for (int i = 0; i < ROLES; i++) {
        const struct child *c = &d->children[i];
        json_array_append_new(roles, json_pack("{s:s, s:i, s:i}", "role", role_name(c->role), "pid",
                                               (int)c->pid, "starts", (int)c->starts));
    }
    return roles;
}

static void status_answer(struct daemon *d, uint64_t id)
{
    clock_update();
    daemon_answer(d, id, true,
                  json_pack("{s:b, s:s, s:I, s:b, s:o, s:{s:s, s:s, s:I, s:I}}", "ok", 1, "version",
                            PACKAGE_VERSION, "uptime", (json_int_t)((clock_ms() - d->begun) / 1000),
                            "sandbox", (int)d->config->sandbox, "roles", roles_describe(d), "media",
                            "kernel", media_kernel_kind(&d->kernel), "why", d->kernel.why, "pairs",
                            (json_int_t)d->ports.count, "busy", (json_int_t)d->ports.busy));
}

void daemon_asked(struct daemon *d, uint64_t id, struct view request)
{
    json_t *json = json_loadb(request.p, request.n, 0, NULL);
    const char *command = json_string_value(json_object_get(json, "command"));
    if (command && !strcmp(command, "status")) {
        status_answer(d, id);
    } else if (command && !strcmp(command, "reload")) {
        reload_begin(d, true, id);
    } else if (command && !strcmp(command, "stop")) {
        daemon_answer(d, id, true, json_pack("{s:b}", "ok", 1));
        daemon_stop(d, 0);
    } else {
        daemon_answer(d, id, true,
                      json_pack("{s:b, s:s}", "ok", 0, "error",
                                "the parent does not know this command; see offhook(1)"));
    }
    json_decref(json);
}
