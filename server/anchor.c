/* Anchors: the table of them, and what becomes of them. */
#include "server/anchor_inside.h"

#include <stdlib.h>
#include <string.h>

#include "server/anchor_place.h"
#include "server/media_link.h"

enum error anchors_new(struct worker *w)
{
    w->anchors = calloc(1, sizeof(*w->anchors));
    return w->anchors ? table_init(&w->anchors->table) : ERR_MEMORY;
}

static void anchor_free(struct anchor *a)
{
    free(a->streams);
    free(a->before[0].streams);
    free(a->before[1].streams);
    free(a);
}

static void free_one(struct table_node *node, void *arg)
{
    (void)arg;
    anchor_free((struct anchor *)(void *)node);
}

void anchors_free(struct worker *w)
{
    if (!w->anchors)
        return;
    if (w->anchors->table.slots)
        table_each(&w->anchors->table, free_one, NULL);
    table_free(&w->anchors->table);
    free(w->anchors);
    w->anchors = NULL;
}

struct anchor *anchor_find(const struct worker *w, uint64_t id)
{
    return id ? (void *)table_find(&w->anchors->table, id, NULL, NULL) : NULL;
}

static struct anchor *anchor_new(struct worker *w, uint64_t id, const struct anchor_ends *ends)
{
    struct anchor *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->id = id;
    if (ends)
        a->ends = *ends;
    table_put(&w->anchors->table, &a->node, id);
    return a;
}

/* An offer inside the dialog may be refused; of two that cross, both may be. */
static void before_keep(struct anchor *a, enum anchor_side side)
{
    struct anchor_before *b = &a->before[side];
    size_t size = a->count * sizeof(*b->streams);
    struct stream *streams;

    a->before[!side].crossed = a->before[!side].kept;
    if (b->kept)
        return;
    streams = size ? malloc(size) : NULL;
    if (size && !streams)
        return;
    *b = (struct anchor_before){
        .kept = true, .crossed = a->before[!side].kept, .streams = streams, .count = a->count};
    if (size)
        memcpy(streams, a->streams, size);
    memcpy(b->seen, a->seen, sizeof(a->seen));
    memcpy(b->mux, a->mux, sizeof(a->mux));
}

/* Does it name ports of ours, and no others? Then the audio is anchored already, further up the
 * call's way. */
static bool is_ours(const struct worker *w, const struct sdp *sdp)
{
    unsigned ours = 0;

    for (unsigned i = 0; i < sdp->count; i++) {
        if (!sdp->streams[i].rtp.port)
            continue;
        if (!media_link_is_taken(w, &sdp->streams[i].rtp))
            return false;
        ours++;
    }
    return ours > 0;
}

/* Is m of another dialog than the call's that stands? The callee's side has forked (13.2.2.4). */
static bool is_of_other(const struct anchor *a, enum anchor_side side, const struct sip_message *m)
{
    struct view tag = m->request ? m->from_tag : m->to_tag;

    return a->owned && a->callee_tag && side == ANCHOR_CALLEE && hash_view(tag) != a->callee_tag;
}

enum error anchor_pass(struct worker *w, uint64_t id, const struct anchor_ends *ends,
                       enum anchor_side side, const struct sip_message *m, struct anchor_edit *out)
{
    static __thread char bytes[SDP_SIZE_MAX + 1024];
    static __thread struct sdp sdp;
    struct anchor *a = anchor_find(w, id);
    struct text edited = TEXT(bytes);
    struct view text;
    const char *problem;
    enum error e = OK;

    *out = (struct anchor_edit){0};
    if ((!a && !ends) || !id || !anchor_is_offer_answer(m))
        return OK;
    e = description_find(m, &text);
    if (e != OK || !text.p)
        return e;
    if (sdp_parse(&sdp, text, &problem) != OK)
        return ERR_SYNTAX;
    out->ours = !a && is_ours(w, &sdp);
    if (out->ours)
        return OK;
    if (!a && !(a = anchor_new(w, id, ends)))
        return ERR_MEMORY;
    if (!ends && m->request && m->method_id != METHOD_ACK)
        before_keep(a, side);
    e = is_of_other(a, side, m) ? places_write(a, side, &sdp, &edited)
                                : description_edit(w, a, side, &sdp, &edited);
    *out = (struct anchor_edit){.range = text, .text = text_done(&edited)};
    if (e != OK && ends && !a->owned)
        (void)anchor_close(w, id);
    return e;
}

/* What `side` has described is as it was; its ports stay. */
static void side_undo(struct anchor *a, const struct anchor_before *b, int side)
{
    for (unsigned i = 0; i < b->count; i++) {
        struct stream_side *now = &a->streams[i].sides[side], was = b->streams[i].sides[side];

        was.serial = now->serial + 1;
        was.local = now->local;
        *now = was;
        a->mux[side][i] = b->mux[side][i];
        a->streams[i].mux = a->mux[ANCHOR_CALLER][i] && a->mux[ANCHOR_CALLEE][i];
    }
    a->seen[side] = b->seen[side];
}

static void streams_undo(struct anchor *a, const struct anchor_before *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        struct stream *now = &a->streams[i];

        now->other = b->streams[i].other;
        now->secure = b->streams[i].secure;
        now->encrypted = b->streams[i].encrypted;
        now->paused = b->streams[i].paused;
    }
    for (unsigned i = b->count; i < a->count; i++) {
        stream_stop(&a->streams[i], ANCHOR_CALLER);
        stream_stop(&a->streams[i], ANCHOR_CALLEE);
    }
}

void anchor_undo(struct worker *w, uint64_t id, enum anchor_side side)
{
    struct anchor *a = anchor_find(w, id);
    const struct anchor_before *b = a ? &a->before[side] : NULL;

    if (!b || !b->kept)
        return;
    side_undo(a, b, side);
    if (!b->crossed) { /* an early answer, and what goes with it; else the other side's own offer */
        side_undo(a, b, !side);
        streams_undo(a, b);
    }
    anchor_confirm(w, id, side);
    streams_tell(w, a);
    media_link_hurry(w);
}

void anchor_confirm(struct worker *w, uint64_t id, enum anchor_side side)
{
    struct anchor *a = anchor_find(w, id);

    if (!a)
        return;
    free(a->before[side].streams);
    a->before[side] = (struct anchor_before){0};
}

bool anchor_own(struct worker *w, uint64_t id, struct view callee_tag)
{
    struct anchor *a = anchor_find(w, id);

    if (!a)
        return false;
    a->owned = true;
    a->callee_tag = hash_view(callee_tag);
    return true;
}

void anchor_release(struct worker *w, uint64_t id)
{
    const struct anchor *a = anchor_find(w, id);

    if (a && !a->owned)
        (void)anchor_close(w, id);
}

static void port_give(struct worker *w, const struct anchor *a, const struct media_address *port)
{
    if (!port->port)
        return;
    w->anchors->strangers -= a->ends.stranger;
    media_link_give(w, port);
}

bool anchor_close(struct worker *w, uint64_t id)
{
    struct anchor *a = anchor_find(w, id);

    if (!a)
        return false;
    media_link_close(w, id);
    for (unsigned i = 0; i < a->count; i++)
        for (int s = 0; s < 2; s++)
            port_give(w, a, &a->streams[i].sides[s].local);
    table_take(&w->anchors->table, &a->node);
    anchor_free(a);
    return true;
}

void anchor_adopt(struct worker *w, uint64_t id, const struct stream *s)
{
    struct anchor *a = anchor_find(w, id);

    if (!a)
        a = anchor_new(w, id, NULL);
    if (!a || !streams_grow(a, s->index + 1u)) {
        w->counters.out_of_memory++;
        return;
    }
    a->owned = true;
    a->streams[s->index] = *s;
    a->told |= 1u << s->index;
    for (int i = 0; i < 2; i++) {
        media_flow_set(&a->ends.flows[i], &s->sides[i].signal, &s->sides[i].local);
        a->ends.gateway[i] = s->sides[i].trusted;
        a->mux[i][s->index] = s->mux;
        media_link_retake(w, &s->sides[i].local);
    }
}

struct forbidden {
    struct worker *worker;
    const struct media_address *pair;
};

static bool is_of_pair(const struct media_address *a, const struct media_address *pair)
{
    return (a->port == pair->port || a->port == pair->port + 1) && media_address_same_host(a, pair);
}

static void forbid_one(struct table_node *node, void *arg)
{
    struct anchor *a = (struct anchor *)(void *)node;
    const struct forbidden *f = arg;

    for (unsigned i = 0; i < a->count; i++)
        for (int s = 0; s < 2; s++) {
            struct stream_side *side = &a->streams[i].sides[s];

            if (side->trusted ||
                (!is_of_pair(&side->rtp, f->pair) && !is_of_pair(&side->rtcp, f->pair)))
                continue;
            stream_stop(&a->streams[i], (enum anchor_side)s);
            media_link_stream(f->worker, a->id, &a->streams[i]);
        }
}

void anchors_forbid(struct worker *w, const struct media_address *pair)
{
    struct forbidden f = {w, pair};

    table_each(&w->anchors->table, forbid_one, &f);
}

static void tell_one(struct table_node *node, void *arg)
{
    streams_tell(arg, (struct anchor *)(void *)node);
}

void anchors_tell(struct worker *w)
{
    table_each(&w->anchors->table, tell_one, w);
}
