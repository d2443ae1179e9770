/* database check. */
#include <stdio.h>

#include "db/answer.h"
#include "db/gateway.h"
#include "db/verbs.h"

struct findings {
    const struct command_context *c;
    json_int_t count;
    bool failed;
};

static void finding_show(void *arg, const char *text)
{
    struct findings *f = arg;

    f->count++;
    f->failed |= !answer_item(f->c, json_pack("{s:o}", "problem", answer_text(view_of(text))));
}

static bool password_check(void *arg, const struct store_gateway *gateway)
{
    struct findings *f = arg;
    char text[160];

    if (gateway_password_state(f->c->store, gateway) != GATEWAY_PASSWORD_LOST)
        return true;
    (void)snprintf(text, sizeof(text),
                   "gateway %.*s: the key of its password is lost; give it anew with: offhook "
                   "gateway password %.*s",
                   VIEW_ARG(gateway->name), VIEW_ARG(gateway->name));
    finding_show(f, text);
    return true;
}

json_t *database_check(const struct command_context *c, const json_t *request)
{
    struct findings f = {.c = c};
    enum error e = c->store->ops->check(c->store, finding_show, &f);

    (void)request;
    if (!e)
        e = c->store->ops->gateway_each(c->store, VIEW_NONE, password_check, &f);
    /* what the store could not read was shown as a problem */
    if (e == ERR_MEMORY || f.failed)
        return answer_of(c->store, ERR_MEMORY);
    return json_pack("{s:b, s:I}", "ok", 1, "problems", f.count);
}
