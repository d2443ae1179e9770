/* A record: a call that is over (a CDR) as sip hands it to the keeper, packed with base/pack.h. */
#ifndef OFFHOOK_DB_RECORD_H
#define OFFHOOK_DB_RECORD_H

#include "db/store.h"
#include "sip/number.h"

void record_pack(struct pack *k, const struct store_call *c);
/* Takes one record off the front of *rest; its views point into it. False at a malformed one, and
 * at one without an id. */
bool record_unpack(struct store_call *out, struct view *rest);
/* The user part of a URI as calls are looked for by it, canonical; "" when it has none. */
void record_number(struct view uri, char out[NUMBER_MAX]);

#endif
