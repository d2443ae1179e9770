/* The answer of a name server, as far as SIP needs it: addresses, SRV and NAPTR records. */
#ifndef OFFHOOK_SIP_DNS_ANSWER_H
#define OFFHOOK_SIP_DNS_ANSWER_H

#include "base/base.h"

#define DNS_NAME_MAX    254 /* bytes of a name with its NUL (RFC 1035 2.3.4) */
#define DNS_RECORDS_MAX 32  /* kept of one answer */

enum dns_type {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_NAPTR = 35
};

/* What a NAPTR record leads to (RFC 3263 4.1). */
enum dns_service { DNS_SIP_UDP, DNS_SIP_TCP, DNS_SIPS_TCP };

struct dns_record {
    uint16_t priority;         /* SRV; NAPTR: its order */
    uint16_t weight;           /* SRV; NAPTR: its preference */
    uint16_t port;             /* SRV */
    uint8_t service;           /* NAPTR: enum dns_service */
    uint8_t address[16];       /* A (4 bytes), AAAA */
    char target[DNS_NAME_MAX]; /* SRV, NAPTR: the replacement; "" is the root */
};

struct dns_answer {
    enum error error; /* OK; ERR_NOT_FOUND: there is none; ERR_CLOSED: the servers failed */
    uint32_t ttl;     /* s that it may be remembered */
    unsigned count;
    struct dns_record records[DNS_RECORDS_MAX];
};

/* host in the form that names are asked and compared in: lower case, without the final dot. False
 * for what cannot be a name: labels of 1 to 63 letters, digits, "-" and "_", 253 bytes at most. */
bool dns_name_set(char out[DNS_NAME_MAX], struct view host);
/* Reads the answer to the question for `type` at `name`, which dns_name_set made. NAPTR records
 * that are not for SIP are left out. Never fails: what cannot be read is an ERR_CLOSED. */
void dns_answer_read(struct dns_answer *out, struct view bytes, const char *name,
                     enum dns_type type);
/* The answer that says that no server could be asked. */
void dns_answer_fail(struct dns_answer *out);

#endif
