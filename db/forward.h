/* Kinds of forwarding, by the names that people and the control protocol use. */
#ifndef OFFHOOK_DB_FORWARD_H
#define OFFHOOK_DB_FORWARD_H

#include "db/store.h"

#define FORWARD_AFTER_DEFAULT 20 /* seconds */
#define FORWARD_AFTER_MAX     180

/* "always", "busy", "no-answer", "unreachable". */
const char *forward_kind_name(enum forward_kind kind);
/* By name; false for others. */
bool forward_kind_parse(enum forward_kind *out, struct view name);

#endif
