/* The keeper as a role: db/keeper.h on the parent's messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper.h"
#include "server/role.h"

/* Domain and realm are copies: the configuration they come from is replaced by a reload. */
struct keeper_state {
    struct keeper *keeper;
    struct channel *parent;
    char *domain, *realm;
};

static void parent_ask(void *arg, uint64_t id, struct view request)
{
    struct keeper_state *s = arg;
    if (channel_send(s->parent, ROLE_ASK, id, request, -1))
        keeper_parent_answer(
            s->keeper, id, true,
            VIEW("{\"ok\": false, \"error\": \"offhookd is too busy; try again in a moment\"}"));
}

static void keeper_state_free(struct keeper_state *s)
{
    if (!s)
        return;
    keeper_free(s->keeper);
    free(s->domain);
    free(s->realm);
    free(s);
}

/* A person knows the database by the path in the configuration, not by its name in the chroot. */
static void path_restore(const struct role_context *c, char error[256])
{
    char told[256];
    char *inside = strstr(error, c->database);

    if (!inside || strstr(error, c->config->database))
        return;
    snprintf(told, sizeof(told), "%.*s%s%s", (int)(inside - error), error, c->config->database,
             inside + strlen(c->database));
    memcpy(error, told, sizeof(told));
}

static bool keeper_start(struct role_context *c, char error[256])
{
    struct keeper_state *s = calloc(1, sizeof *s);
    if (s) {
        s->parent = c->parent;
        s->domain = strdup(c->config->domains[0]);
        s->realm = strdup(c->config->auth.realm);
    }
    if (!s || !s->domain || !s->realm) {
        snprintf(error, 256, "there is not enough memory for the keeper");
        keeper_state_free(s);
        return false;
    }
    struct keeper_options options = {.database = c->database,
                                     .default_domain = view_of(s->domain),
                                     .realm = view_of(s->realm),
                                     .owner = c->owner,
                                     .hooks = {parent_ask, s}};
    enum error e = keeper_new(&s->keeper, c->base, &options, error);
    if (!e && c->control >= 0) {
        e = keeper_control(s->keeper, c->control);
        if (e)
            snprintf(error, 256, "the control socket cannot be served: %s", error_text(e));
    }
    if (e) {
        path_restore(c, error);
        keeper_state_free(s);
        return false;
    }
    c->state = s;
    return true;
}

static void keeper_peer(struct role_context *c, enum role other, int fd)
{
    struct keeper_state *s = c->state;
    if (other != ROLE_SIP)
        close(fd);
    else if (keeper_connect(s->keeper, fd))
        log_error("the keeper cannot reach the sip role: there is not enough memory");
}

static void keeper_message(struct role_context *c, const struct channel_message *m)
{
    struct keeper_state *s = c->state;
    struct view rest = m->body;
    bool bad = false;
    if (m->fd >= 0)
        close(m->fd);
    if (m->type != ROLE_ANSWER)
        return;
    bool last = unpack_u8(&rest, &bad);
    if (!bad)
        keeper_parent_answer(s->keeper, m->id, last, rest);
}

static void keeper_stop(struct role_context *c)
{
    keeper_state_free(c->state);
    c->state = NULL;
}

const struct role_ops keeper_role = {.name = "keeper",
                                     .start = keeper_start,
                                     .peer = keeper_peer,
                                     .message = keeper_message,
                                     .stop = keeper_stop};
