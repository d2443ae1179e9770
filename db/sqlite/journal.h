/* The bytes of a row of the journal: a version, then bindings as db/change.c packs them, oldest
 * first. A change to either is a migration. Private to db/sqlite/. */
#ifndef OFFHOOK_DB_SQLITE_JOURNAL_H
#define OFFHOOK_DB_SQLITE_JOURNAL_H

#include "db/sqlite/sqlite.h"

#define JOURNAL_VERSION 1

/* Adds b to the row; row->error tells of failure. */
void journal_pack(struct pack *row, const struct store_binding *b);

#endif
