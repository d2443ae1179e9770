/* Whose audio passes through the server, by the names that people and the control protocol use. */
#ifndef OFFHOOK_DB_AUDIO_H
#define OFFHOOK_DB_AUDIO_H

#include "db/store.h"

/* "default", "always", "nat", "never". */
const char *audio_way_name(enum audio_way way);
/* By name; false for others. */
bool audio_way_parse(enum audio_way *out, struct view name);

#endif
