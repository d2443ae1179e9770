/* A small name server for tests: answers from a list of records, over UDP and TCP on loopback, in
 * the test's own event loop; and it misbehaves when told to. */
#ifndef OFFHOOK_TESTS_UNIT_NAME_SERVER_H
#define OFFHOOK_TESTS_UNIT_NAME_SERVER_H

#include <event2/event.h>

#include "sip/dns_server.h"

struct name_record {
    char name[256];
    unsigned type;
    uint32_t ttl;
    uint8_t data[300];
    size_t size;
};

struct name_server {
    struct sip_flow address;
    struct event *datagram, *listener, *stream;
    struct name_record records[64];
    unsigned record_count;
    unsigned datagrams, streams; /* questions that came */
    bool silent;                 /* answers nothing */
    bool silent_aaaa;            /* answers nothing to questions for AAAA */
    bool fails;                  /* SERVFAIL */
    bool truncates;              /* over UDP */
    bool lies;                   /* before each answer come others with wrong ids and questions */
    unsigned copies;             /* of each record in an answer over TCP; 0: one */
};

void name_server_open(struct name_server *s, struct event_base *base);
void name_server_close(struct name_server *s);
void name_server_address(struct name_server *s, const char *name, const char *address);
void name_server_srv(struct name_server *s, const char *name, unsigned priority, unsigned weight,
                     unsigned port, const char *target);
void name_server_naptr(struct name_server *s, const char *name, unsigned order, unsigned preference,
                       const char *service, const char *replacement);
void name_server_alias(struct name_server *s, const char *name, const char *target);
/* The answer to a question, which it begins with; returns its size. */
size_t name_server_answer(const struct name_server *s, const uint8_t *question, size_t size,
                          bool stream, uint8_t out[65536]);

#endif
