/* Bans: addresses and networks from which nothing is taken until their time is over. */
#ifndef OFFHOOK_AUTH_BAN_H
#define OFFHOOK_AUTH_BAN_H

#include "auth/network.h"

#define BANS_MAX       65536
#define BAN_REASON_MAX 64 /* bytes, with the NUL */

struct ban {
    struct table_node node;
    struct network network;
    uint64_t end;  /* ms of clock_ms() */
    int64_t until; /* the same as wall clock, s */
    uint32_t users;
    bool told; /* it is in the database */
    char reason[BAN_REASON_MAX];
};

struct bans;

/* ERR_MEMORY. */
enum error bans_new(struct bans **out);
void bans_free(struct bans *b);
/* A ban until `until` (wall clock, s), in place of an older one of the same network; in the past:
 * none any more. users: how many were guessed at; reason is cut to fit. *out (may be NULL) is
 * b's, not told yet. ERR_LIMIT, ERR_MEMORY. */
enum error bans_put(struct bans *b, const struct network *n, int64_t until, uint32_t users,
                    struct view reason, struct ban **out);
void bans_drop(struct bans *b, const struct network *n);
void bans_clear(struct bans *b);
/* Is this address banned? The cost is a look-up for each length of prefix in use. */
bool bans_hold(struct bans *b, uint8_t family, const uint8_t address[16]);
size_t bans_count(const struct bans *b);
/* Hands out each ban. */
void bans_each(struct bans *b, void (*each)(void *arg, struct ban *ban), void *arg);

#endif
