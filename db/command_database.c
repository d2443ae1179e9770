/* database check. */
#include "db/answer.h"
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

json_t *database_check(const struct command_context *c, const json_t *request)
{
    struct findings f = {.c = c};
    enum error e = c->store->ops->check(c->store, finding_show, &f);

    (void)request;
    /* what the store could not read was shown as a problem */
    if (e == ERR_MEMORY || f.failed)
        return answer_of(c->store, ERR_MEMORY);
    return json_pack("{s:b, s:I}", "ok", 1, "problems", f.count);
}
