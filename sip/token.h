/* The Record-Route token: both legs' flows under a keyed MAC, so that a request inside a dialog
 * finds its way after any crash and nobody can make one up. It sits in the user part of
 * <sip:TOKEN@host:port;lr>, which every phone returns untouched. */
#ifndef OFFHOOK_SIP_TOKEN_H
#define OFFHOOK_SIP_TOKEN_H

#include "sip/flow.h"

#define TOKEN_TEXT_MAX 192

struct route_token {
    struct sip_flow caller, callee;
    uint32_t caller_tag; /* hash of the caller's From tag: tells the direction */
    uint16_t number;     /* any: tells branches along the same flows apart */
    uint64_t id;         /* its MAC: a name that nobody else can make; never 0 */
};

uint32_t token_tag_hash(struct view tag);
/* Writes the token's text, and its id into it. */
void token_write(struct text *out, const uint8_t key[16], struct view call_id,
                 struct route_token *token);
/* Reads it back; false when it was not made by us for this Call-ID. */
bool token_read(struct route_token *out, const uint8_t key[16], struct view call_id,
                struct view text);

#endif
