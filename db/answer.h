/* Answers: the closing objects of commands (docs/control.md). Private to db/. */
#ifndef OFFHOOK_DB_ANSWER_H
#define OFFHOOK_DB_ANSWER_H

#include "db/command.h"

/* {"ok": true}; NULL without memory. The caller owns it. */
json_t *answer_ok(void);
/* {"ok": false, "error": text}; NULL without memory. The caller owns it. */
json_t *answer_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The answer to an operation on the store that ended with e; {"ok": true} for OK. */
json_t *answer_of(const struct store *store, enum error e);
/* v as a JSON string; bytes that are not UTF-8 become '?'. NULL without memory. */
json_t *answer_text(struct view v);
/* Hands item over to the context and gives the reference back. False when item is NULL, which is
 * what jansson's makers return without memory. */
bool answer_item(const struct command_context *c, json_t *item);
/* A page of a list is over: says in closing where the next one begins. Returns closing, or NULL
 * (closing given back) without memory. */
json_t *answer_next(json_t *closing, const char *next);
void answer_change(const struct command_context *c, enum change_kind kind, struct view number,
                   struct view domain, struct view text);

#endif
