/* registration list, remove. */
#include <stdlib.h>
#include <string.h>

#include "db/answer.h"
#include "db/request.h"
#include "db/verbs.h"

struct entry {
    char *key; /* "number@domain contact" */
    json_t *item;
};

/* The journal is walked newest first; a page is the `limit` smallest keys behind `after`. */
struct page {
    struct entry *entries; /* in order of key; room for limit + 1 */
    size_t count, limit;
    const char *after;
    int64_t now;
    bool more;
    struct pack key;
    enum error error;
};

static json_t *binding_item(const struct store_binding *b, int64_t now)
{
    json_t *item = json_pack("{s:o, s:o, s:o, s:I, s:o, s:o}", "number", answer_text(b->number),
                             "domain", answer_text(b->domain), "contact", answer_text(b->contact),
                             "expires", (json_int_t)(b->expires - now), "user-agent",
                             answer_text(b->user_agent), "call-id", answer_text(b->call_id));
    json_t *more =
        json_pack("{s:I, s:f, s:o, s:o, s:I, s:I}", "cseq", (json_int_t)b->cseq, "q", b->q / 1000.0,
                  "path", answer_text(b->path), "instance", answer_text(b->instance), "registered",
                  (json_int_t)b->registered, "reg-id", (json_int_t)b->reg_id);

    if (!item || !more || json_object_update(item, more) != 0) {
        json_decref(item);
        item = NULL;
    }
    json_decref(more);
    return item;
}

static void entry_free(struct entry *e)
{
    free(e->key);
    json_decref(e->item);
}

/* Where key belongs among the entries. */
static size_t page_place(const struct page *page, const char *key)
{
    size_t low = 0, high = page->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(page->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum error page_insert(struct page *page, const char *key, const struct store_binding *b)
{
    size_t place = page_place(page, key);
    struct entry entry;

    if (place == page->limit) {
        page->more = true;
        return OK;
    }
    entry = (struct entry){strdup(key), binding_item(b, page->now)};
    if (!entry.key || !entry.item) {
        entry_free(&entry);
        return ERR_MEMORY;
    }
    memmove(&page->entries[place + 1], &page->entries[place],
            (page->count - place) * sizeof(entry));
    page->entries[place] = entry;
    if (++page->count > page->limit) {
        entry_free(&page->entries[--page->count]);
        page->more = true;
    }
    return OK;
}

static bool page_each(void *arg, const struct store_binding *b)
{
    struct page *page = arg;

    pack_reset(&page->key);
    pack_bytes(&page->key, b->number.p, b->number.n);
    pack_u8(&page->key, '@');
    pack_bytes(&page->key, b->domain.p, b->domain.n);
    pack_u8(&page->key, ' ');
    pack_bytes(&page->key, b->contact.p, b->contact.n);
    if (b->reg_id) { /* one Contact, several flows */
        pack_u8(&page->key, ' ');
        pack_u8(&page->key, (uint8_t)('0' + b->reg_id % 10));
    }
    pack_u8(&page->key, 0);
    page->error = page->key.error;
    if (!page->error && strcmp(page->key.p, page->after) > 0)
        page->error = page_insert(page, page->key.p, b);
    return page->error == OK;
}

static json_t *page_show(const struct command_context *c, struct page *page, enum error e)
{
    json_t *answer = answer_of(c->store, e ? e : page->error);

    if (page->more && page->count)
        answer = answer_next(answer, page->entries[page->count - 1].key);
    for (size_t i = 0; i < page->count; i++) {
        (void)answer_item(c, json_incref(page->entries[i].item));
        entry_free(&page->entries[i]);
    }
    free(page->entries);
    pack_free(&page->key);
    return answer;
}

json_t *registration_list(const struct command_context *c, const json_t *request)
{
    struct page page = {.now = clock_wall()};
    struct address a = {0};
    json_t *answer = NULL;
    enum error e;

    if (!request_page(request, &page.limit, &page.after, &answer))
        return answer;
    if (json_object_get(request, "number") && !request_address(c, request, &a, &answer))
        return answer;
    page.entries = calloc(page.limit + 1, sizeof(*page.entries));
    if (!page.entries)
        return answer_of(c->store, ERR_MEMORY);
    e = c->store->ops->binding_each(c->store, view_of(a.number), view_of(a.domain), page.now,
                                    page_each, &page);
    return page_show(c, &page, e);
}

static bool count_each(void *arg, const struct store_binding *b)
{
    (void)b;
    ++*(json_int_t *)arg;
    return true;
}

json_t *registration_remove(const struct command_context *c, const json_t *request)
{
    struct address a;
    struct store_binding all = {.registered = clock_wall()};
    json_int_t removed = 0;
    json_t *answer = NULL;
    enum error e;

    if (!request_address(c, request, &a, &answer))
        return answer;
    all.number = view_of(a.number);
    all.domain = view_of(a.domain);
    e = c->store->ops->binding_each(c->store, all.number, all.domain, all.registered, count_each,
                                    &removed);
    if (!e && removed)
        e = c->store->ops->binding_put(c->store, &all);
    if (e)
        return answer_of(c->store, e);
    answer_change(c, CHANGE_BINDINGS_GONE, all.number, all.domain, VIEW_NONE);
    return json_pack("{s:b, s:I}", "ok", 1, "removed", removed);
}
