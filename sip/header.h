/* Header fields: their names, and cutting their values. */
#ifndef OFFHOOK_SIP_HEADER_H
#define OFFHOOK_SIP_HEADER_H

#include "base/base.h"

/* The header fields that offhook itself reads or writes; all others pass untouched. */
enum header_id {
    HEADER_OTHER,
    HEADER_VIA,
    HEADER_FROM,
    HEADER_TO,
    HEADER_CALL_ID,
    HEADER_CSEQ,
    HEADER_MAX_FORWARDS,
    HEADER_CONTACT,
    HEADER_ROUTE,
    HEADER_RECORD_ROUTE,
    HEADER_CONTENT_LENGTH,
    HEADER_CONTENT_TYPE,
    HEADER_EXPIRES,
    HEADER_AUTHORIZATION,
    HEADER_PROXY_AUTHORIZATION,
    HEADER_WWW_AUTHENTICATE,
    HEADER_PROXY_AUTHENTICATE,
    HEADER_REQUIRE,
    HEADER_PROXY_REQUIRE,
    HEADER_SUPPORTED,
    HEADER_PATH,
    HEADER_USER_AGENT,
    HEADER_TIMESTAMP,
    HEADER_DATE,
    HEADER_MAX_BREADTH,
    HEADER_DIVERSION,
    HEADER_ASSERTED_IDENTITY,
    HEADER_PREFERRED_IDENTITY,
    HEADER_REMOTE_PARTY_ID,
    HEADER_PRIVACY,
    HEADER_IDS
};

/* The id of a header field's name, long or compact form (RFC 3261 7.3.3), any case. */
enum header_id header_id_of(struct view name);
/* May a message carry the field only once (RFC 3261 7.3.1)? */
bool header_is_single(enum header_id id);
/* Takes the next value off a comma-separated list; commas in quotes and <> do not count. Blanks
 * around it are cut. */
struct view header_value_next(struct view *rest);
/* The value of parameter `name` in ";a=b;c" text; quotes stay on. found tells whether it is there
 * at all. */
struct view header_param(struct view params, struct view name, bool *found);
/* Parameter q in thousandths: 0, 1, 0.5, 0.125, 1.000; 1000 without it, or when it is anything
 * else. */
uint16_t header_q(struct view params);
/* v without one pair of double quotes around it. */
struct view header_unquote(struct view v);
/* Are all double quotes closed, and no NUL, CR or LF outside of folds? */
bool header_balanced(struct view v);
/* Is v a token (RFC 3261 25.1)? */
bool header_is_token(struct view v);

/* The parts of a From, To, Contact or Route value. */
struct name_addr {
    struct view display; /* as received, with its quotes */
    struct view uri;     /* without the brackets */
    struct view params;  /* the header parameters: from the first ';' on, or empty */
    bool bracketed;
};

/* Cuts one value into its parts (RFC 3261 20.10: without brackets every parameter belongs to the
 * header). ERR_SYNTAX. */
enum error name_addr_parse(struct name_addr *out, struct view value);

#endif
