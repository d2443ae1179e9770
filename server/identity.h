/* Caller identity: what goes on of P-Asserted-Identity and P-Preferred-Identity (RFC 3325),
 * Remote-Party-ID (draft-ietf-sip-privacy) and Privacy (RFC 3323). Private to the proxy.
 *
 * Nobody's word about the caller counts but that of a trusted source; for a user who has proven
 * himself the proxy asserts what it knows. From is never rewritten: it belongs to the dialog. */
#ifndef OFFHOOK_SERVER_IDENTITY_H
#define OFFHOOK_SERVER_IDENTITY_H

#include "server/targets.h"
#include "server/worker.h"
#include "sip/edit.h"

/* Does the caller want to stay unknown? Privacy with id or user; without a Privacy that says none
 * also sip:anonymous@... in From, or a Remote-Party-ID that hides. */
bool identity_is_hidden(const struct sip_message *m);
/* Adds to e what has to change of r's identity headers when it goes along hop. New text goes to
 * scratch, which has to live until edits_apply. */
void identity_put(const struct worker *w, struct edits *e, const struct request *r,
                  const struct hop *hop, struct text *scratch);

#endif
