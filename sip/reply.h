/* Answers to requests, written from the index of the request (RFC 3261 8.2.6). */
#ifndef OFFHOOK_SIP_REPLY_H
#define OFFHOOK_SIP_REPLY_H

#include "sip/edit.h"
#include "sip/flow.h"
#include "sip/message.h"

#define SIP_OUT_MAX (SIP_STREAM_MAX + 4096) /* room for any message that leaves */

struct reply {
    unsigned status;
    const char *reason;  /* NULL: the standard phrase */
    struct view to_tag;  /* put on To when the request has none; empty: no tag */
    struct view headers; /* whole lines, put in before Content-Length; may be empty */
};

/* The standard phrase of a status. */
const char *reply_phrase(unsigned status);
/* Writes the answer. Works on any request that sip_message_parse let pass, faulty or not. */
void reply_write(struct text *out, const struct sip_message *request, const struct sip_flow *from,
                 const struct reply *reply);
/* The flow that an answer to a request from `from` takes: RFC 3261 18.2.2 and RFC 3581. */
struct sip_flow reply_flow(const struct sip_message *request, const struct sip_flow *from);
/* Edits received= and rport= into the topmost Via of a request (18.2.1, RFC 3581 4). `scratch` has
 * to live until the edits are applied. */
void via_stamp(struct edits *e, const struct via *via, const struct sip_flow *from,
               struct text *scratch);

#endif
