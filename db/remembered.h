/* Users whose credentials were asked for lately, so that a refresh needs no query. A fixed number
 * of places; the one that was not asked for longest among a few is taken over. Private to db/. */
#ifndef OFFHOOK_DB_REMEMBERED_H
#define OFFHOOK_DB_REMEMBERED_H

#include "db/store.h"

#define REMEMBERED_MAX 65536 /* some 20 MB when all are taken */

struct remembered;

/* ERR_MEMORY. */
enum error remembered_new(struct remembered **out);
void remembered_free(struct remembered *r);
/* The user that the store would give for (name, domain); false: ask the store. The views live until
 * the next call on r. */
bool remembered_get(struct remembered *r, struct view name, struct view domain,
                    struct store_user *out);
/* Keeps what the store gave for (name, domain). Without memory it is not kept. */
void remembered_put(struct remembered *r, struct view name, struct view domain,
                    const struct store_user *user);
/* Forgets everything: a user was changed. */
void remembered_clear(struct remembered *r);

#endif
