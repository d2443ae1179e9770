/* A page of a list: as many items as were asked for, and where the next one begins. Private to
 * db/. */
#ifndef OFFHOOK_DB_PAGE_H
#define OFFHOOK_DB_PAGE_H

#include "db/answer.h"
#include "db/request.h"

#define PAGE_LAST (NUMBER_MAX + DOMAIN_MAX + 16)

struct page {
    const struct command_context *c;
    struct view after; /* the last one of the page before, of the request; empty: the first page */
    size_t limit, count;
    bool more, failed;
    char last[PAGE_LAST]; /* on this page */
};

/* Reads "limit" and "after". False: *answer says what is wrong. */
bool page_begin(struct page *p, const struct command_context *c, const json_t *request,
                json_t **answer);
/* One more item is about to come: is there room for it? */
bool page_take(struct page *p);
/* Hands the item over, which is NULL without memory; the rest names it, as "after" will. False: the
 * list has to end. */
bool page_put(struct page *p, json_t *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The answer to a list that has ended with e. */
json_t *page_end(const struct page *p, enum error e);

#endif
