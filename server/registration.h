/* What a REGISTER asks for, worked out against the bindings that are there (RFC 3261 10.3). */
#ifndef OFFHOOK_SERVER_REGISTRATION_H
#define OFFHOOK_SERVER_REGISTRATION_H

#include "server/worker.h"

#define REGISTRATION_ROWS                                                                          \
    32 /* rows that one REGISTER can write: contacts and those they replace                        \
        */

struct registration {
    struct store_binding rows[REGISTRATION_ROWS];
    unsigned count;
    unsigned granted; /* s, of the last Contact; 0: none was registered */
    unsigned fault;   /* status to refuse with; 0: none */
    const char *fault_headers;
    bool insecure; /* the fault is a sips Contact that did not come over TLS */
    uint8_t flows[REGISTRATION_ROWS][FLOW_PACKED_MAX]; /* of the rows */
    char path[SIP_VALUE_MAX];
};

/* Works out the rows. user may be NULL (nobody by that number): then only the form is checked. The
 * rows' views point into the message, the user's bindings and out itself. */
void registration_make(struct registration *out, struct worker *w, const struct request *r,
                       struct user *user);

#endif
