/* Pages of lists. */
#include "db/page.h"

#include <stdarg.h>
#include <stdio.h>

bool page_begin(struct page *p, const struct command_context *c, const json_t *request,
                json_t **answer)
{
    const char *after;

    *p = (struct page){.c = c};
    if (!request_page(request, &p->limit, &after, answer))
        return false;
    p->after = view_of(after);
    return true;
}

bool page_take(struct page *p)
{
    if (p->count == p->limit) {
        p->more = true;
        return false;
    }
    p->count++;
    return true;
}

bool page_put(struct page *p, json_t *item, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(p->last, sizeof(p->last), format, arguments);
    va_end(arguments);
    p->failed = !answer_item(p->c, item);
    return !p->failed;
}

json_t *page_end(const struct page *p, enum error e)
{
    json_t *answer = answer_of(p->c->store, p->failed ? ERR_MEMORY : e);

    return p->more ? answer_next(answer, p->last) : answer;
}
