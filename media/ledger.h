/* The ledger: all that is known of the calls whose audio passes, in memory that outlives the media
 * role. The parent keeps its descriptor and hands it to the next media role, which goes on with the
 * same calls. Only the media role writes it. */
#ifndef OFFHOOK_MEDIA_LEDGER_H
#define OFFHOOK_MEDIA_LEDGER_H

#include "media/fast.h"
#include "media/figures.h"
#include "media/stream.h"

#define LEDGER_RECORD 1600 /* bytes of the sip role's record of a call */

struct ledger_call {
    uint64_t id;     /* 0: free; written last, erased first */
    uint64_t opened; /* ms of clock_ms() */
    bool standing;   /* answered */
    uint16_t record_size;
    char record[LEDGER_RECORD]; /* what the sip role wants to know after a restart */
};

struct ledger_stream {
    uint64_t call; /* its id; 0: free */
    struct stream is;
    struct learn learn[2][2];  /* by side; RTP, RTCP */
    struct figures figures[2]; /* of what comes from each side */
    struct fast_way fast[2];   /* the same */
};

struct ledger;

/* Maps fd, which it takes over; an empty or unknown one is made anew. ERR_SYSTEM, ERR_MEMORY. */
enum error ledger_open(struct ledger **out, int fd);
void ledger_close(struct ledger *l);
/* A new descriptor for ledger_open. ERR_SYSTEM. */
enum error ledger_create(int *fd);
/* A free slot, zeroed, entered under id; NULL: 8192 calls or 12288 streams are taken, or there is
 * no memory. */
struct ledger_call *ledger_add_call(struct ledger *l, uint64_t id);
struct ledger_stream *ledger_add_stream(struct ledger *l, uint64_t id);
void ledger_drop_call(struct ledger *l, struct ledger_call *c);
void ledger_drop_stream(struct ledger *l, struct ledger_stream *s);
/* The n-th slot that is taken from *n on, which is moved behind it; NULL: no more. */
struct ledger_call *ledger_next_call(struct ledger *l, size_t *n);
struct ledger_stream *ledger_next_stream(struct ledger *l, size_t *n);

#endif
