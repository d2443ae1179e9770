/* Requests that outlive the moment in which they arrive. */
#ifndef OFFHOOK_SERVER_KEPT_H
#define OFFHOOK_SERVER_KEPT_H

#include "server/worker.h"

/* A copy of r with a message of its own, to be given back by request_release. False: no memory. */
bool request_keep(struct request *out, const struct request *r);
/* Frees what request_keep made; zeroed is nothing. */
void request_release(struct request *r);

#endif
