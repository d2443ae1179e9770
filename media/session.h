/* Sessions: the calls of the media role, each with its streams, found by id. Private to media/. */
#ifndef OFFHOOK_MEDIA_SESSION_H
#define OFFHOOK_MEDIA_SESSION_H

#include "media/relay.h"

struct session {
    struct table_node node; /* by id */
    uint64_t id;
    struct ledger_call *entry;
    struct relayed *streams[STREAMS_MAX];
    uint64_t told; /* ms when the sip role heard that it is silent */
    bool named;    /* since the last MEDIA_HELLO */
};

struct sessions {
    struct table table;
    struct ledger *ledger;
    struct pairs *pairs;
    struct relay *relay;
    uint32_t streams;
};

struct session *session_find(const struct sessions *all, uint64_t id);
/* Finds or makes it. NULL: no room, or no memory. */
struct session *session_open(struct sessions *all, uint64_t id);
/* Its stream is to be as `is` says. ERR_LIMIT, ERR_MEMORY, ERR_NOT_FOUND: no such ports. */
enum error session_describe(struct sessions *all, struct session *s, const struct stream *is);
/* There is no room for a stream: the ports that were meant for it are free again. */
void session_refuse(struct sessions *all, const struct stream *is);
/* Ends it and gives its ports back. */
void session_close(struct sessions *all, struct session *s);
/* Frees all; the ledger keeps them. */
void sessions_free(struct sessions *all);
/* Makes sessions of what the ledger holds. */
void sessions_adopt(struct sessions *all);
/* Looks after ports whose phones have fallen silent. Ms since something came last, or since it was
 * opened; *paused: somebody is on hold. */
uint64_t session_tend(struct sessions *all, struct session *s, bool *paused);

#endif
