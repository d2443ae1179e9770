/* Inside of the anchors: what their files share. Private to anchor*.c. */
#ifndef OFFHOOK_SERVER_ANCHOR_INSIDE_H
#define OFFHOOK_SERVER_ANCHOR_INSIDE_H

#include "media/sdp.h"
#include "server/anchor.h"

/* While an offer of one side inside the dialog waits for its answer: as things were. */
struct anchor_before {
    bool kept;
    bool crossed; /* the other side has made an offer since */
    struct stream *streams;
    unsigned count;
    uint64_t seen[2];
    bool mux[2][STREAMS_MAX];
};

struct anchor {
    struct table_node node; /* by id */
    uint64_t id;
    bool owned;          /* a call stands with it */
    uint64_t callee_tag; /* hash of its other party's tag; 0: not known */
    struct anchor_ends ends;
    uint64_t seen[2]; /* hash of the last description of each side */
    unsigned count;
    unsigned told; /* a bit for each stream that the media role knows */
    struct stream *streams;
    struct anchor_before before[2]; /* by the side that offers */
    bool mux[2][STREAMS_MAX];
};

struct anchors {
    struct table table;
    unsigned strangers; /* pairs of ports that their calls have */
};

/* anchor.c: NULL: there is none. */
struct anchor *anchor_find(const struct worker *w, uint64_t id);

/* anchor_rule.c: the description in m; p NULL: there is none. ERR_SYNTAX. */
enum error description_find(const struct sip_message *m, struct view *out);
/* May nobody in particular have so many streams in a call, and so many more pairs of ports? */
bool strangers_may(const struct worker *w, unsigned streams, unsigned pairs);

/* anchor_describe.c: takes a description of `side` over, tells the media role, and writes it with
 * our ports in it. ERR_BUSY: there are none; ERR_MEMORY, ERR_LIMIT. */
enum error description_edit(struct worker *w, struct anchor *a, enum anchor_side side,
                            const struct sdp *sdp, struct text *out);
/* Names our ports, and changes nothing. */
enum error places_write(const struct anchor *a, enum anchor_side side, const struct sdp *sdp,
                        struct text *out);
/* So many streams there are from now on. False: no memory. */
bool streams_grow(struct anchor *a, unsigned count);
/* One that is rejected or not ours to move. */
void stream_stop(struct stream *is, enum anchor_side side);
/* Tells the media role what all streams are to be. */
void streams_tell(struct worker *w, struct anchor *a);

#endif
