/* Requests: reading and checking the fields of a command (docs/control.md). Private to db/. Each
 * function returns false after it set *answer to the refusal, which the caller owns. */
#ifndef OFFHOOK_DB_REQUEST_H
#define OFFHOOK_DB_REQUEST_H

#include "db/command.h"
#include "sip/number.h"

#define DOMAIN_MAX    254 /* with its NUL */
#define TEXT_MAX      128 /* bytes of a display name, a password */
#define PREFIX_MAX    32  /* characters of a prefix, and of what is prepended */
#define PREFIX_ROOM   (PREFIX_MAX + 1)
#define GATEWAYS_MAX  16 /* in one route */
#define GATEWAYS_ROOM 640
#define PAGE_DEFAULT  1000
#define PAGE_MAX      10000

/* An address-of-record as the store has it. */
struct address {
    char number[NUMBER_MAX], domain[DOMAIN_MAX];
};

/* The fields "number" and "domain" (or the default one), checked and made canonical. */
bool request_address(const struct command_context *c, const json_t *request, struct address *out,
                     json_t **answer);
/* "domain" alone. */
bool request_domain(const struct command_context *c, const json_t *request, char out[DOMAIN_MAX],
                    json_t **answer);
/* text made canonical; field names it in the refusal. */
bool request_number(struct view text, const char *field, char out[NUMBER_MAX], json_t **answer);
/* Display name and auth name; empty when absent. The views point into the request. */
bool request_name(const json_t *request, struct view *out, json_t **answer);
bool request_auth_name(const json_t *request, struct view *out, json_t **answer);
bool request_password(const json_t *request, struct view *out, json_t **answer);
/* "target" of an alias: a number made canonical, or a URI as it is. */
bool request_target(const json_t *request, char out[512], json_t **answer);
/* A whole number from least to most; absent: *out keeps its value. */
bool request_whole(const json_t *request, const char *key, json_int_t least, json_int_t most,
                   json_int_t *out, json_t **answer);
/* "audio" of a user; absent or another word is refused. */
bool request_audio(const json_t *request, enum audio_way *out, json_t **answer);
/* The order in which the store hands out texts: bytes, the shorter one first. */
int view_order(struct view a, struct view b);
/* Printable text of at most `most` bytes; absent: empty. */
bool request_text(const json_t *request, const char *key, size_t most, struct view *out,
                  json_t **answer);
/* A host name of RFC 3261 25.1 (or an IPv4 address): labels of letters, digits and '-'. */
bool is_host_name(struct view v);
/* request_gateway.c: "name" and "uri" of a gateway. The views point into the request. */
bool request_gateway_name(const json_t *request, struct view *out, json_t **answer);
bool request_gateway_uri(const json_t *request, struct view *out, json_t **answer);
/* "prefix" of a route, "default" or empty for every number; "prepend"; "gateways", an array of
 * names, with commas between. */
bool request_prefix(const json_t *request, char out[PREFIX_ROOM], json_t **answer);
bool request_prepend(const json_t *request, char out[PREFIX_ROOM], json_t **answer);
bool request_gateways(const json_t *request, char out[GATEWAYS_ROOM], json_t **answer);
/* "limit" and "after"; *after is "" at the first page. */
bool request_page(const json_t *request, size_t *limit, const char **after, json_t **answer);

#endif
