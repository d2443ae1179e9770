/* Anchors: descriptions in, streams out. */
#include "server/anchor.h"

#include <stdlib.h>
#include <string.h>

#include "media/multipart.h"
#include "media/sdp.h"
#include "server/anchor_place.h"
#include "server/media_link.h"

#define STRANGER_STREAMS 2 /* of a call that nobody has proven to make ... */
#define STRANGER_SHARE   4 /* ... and of all ports of an address all of these have one in so many */

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
    struct stream *before; /* while an offer inside the dialog waits for its answer: as they were */
    unsigned before_count;
    uint64_t before_seen[2];
    bool mux[2][STREAMS_MAX];
};

struct anchors {
    struct table table;
    unsigned strangers; /* pairs of ports that their calls have */
};

enum error anchors_new(struct worker *w)
{
    w->anchors = calloc(1, sizeof(*w->anchors));
    return w->anchors ? table_init(&w->anchors->table) : ERR_MEMORY;
}

static void anchor_free(struct anchor *a)
{
    free(a->streams);
    free(a->before);
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

size_t anchors_count(const struct worker *w)
{
    return w->anchors->table.count;
}

static struct anchor *anchor_find(const struct worker *w, uint64_t id)
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

bool anchor_is_offer_answer(const struct sip_message *m)
{
    struct view method = m->request ? m->method : m->cseq_method;

    return m->method_id == METHOD_INVITE || m->method_id == METHOD_ACK ||
           view_eq(method, VIEW("UPDATE")) || view_eq(method, VIEW("PRACK"));
}

/* The description in m; p NULL: there is none. */
static enum error description_find(const struct sip_message *m, struct view *out)
{
    const struct header_line *type = sip_header(m, HEADER_CONTENT_TYPE);

    *out = VIEW_NONE;
    if (!m->body.n)
        return OK;
    return body_find_sdp(out, type ? type->value : VIEW(""), m->body);
}

/* The pairs of ports that each side takes; one without a description, for an offer will come. */
static unsigned pairs_needed(const struct sdp *sdp, struct view text)
{
    unsigned count = 0;

    for (unsigned i = 0; text.p && i < sdp->count; i++)
        count += sdp->streams[i].rtp.port && sdp->streams[i].transport != SDP_OTHER;
    return count ? count : 1;
}

/* Whose audio is anchored, when these are the ways of caller and callee: either end may ask for
 * more than the other one, and the configuration is asked last. */
static enum media_anchor anchor_rule(const struct worker *w, enum audio_way caller,
                                     enum audio_way callee)
{
    if (caller == AUDIO_ALWAYS || callee == AUDIO_ALWAYS)
        return ANCHOR_ALWAYS;
    if (caller == AUDIO_NAT || callee == AUDIO_NAT)
        return ANCHOR_NAT;
    if (caller == AUDIO_NEVER || callee == AUDIO_NEVER)
        return ANCHOR_NEVER;
    return w->config->media.anchor;
}

static enum audio_way caller_way(const struct request *r)
{
    return r->user ? r->user->audio : AUDIO_DEFAULT;
}

/* The rule for what r begins, as far as it is known before there are targets. */
static enum media_anchor likely_rule(const struct worker *w, const struct request *r)
{
    struct target target = plan_resolve(&w->plan, w->location, &r->uri);

    return anchor_rule(w, caller_way(r),
                       target.kind == TARGET_USER ? target.user->audio : AUDIO_DEFAULT);
}

/* Who has proven nothing must not take the ports of those who have. streams: of one call; pairs:
 * that it would take now. */
static bool strangers_may(const struct worker *w, unsigned streams, unsigned pairs)
{
    uint16_t first, last;

    config_media_ports(w->config, &first, &last);
    return streams <= STRANGER_STREAMS &&
           w->anchors->strangers + pairs <= (last - first + 1u) / 2 / STRANGER_SHARE;
}

static bool strangers_refuse(struct worker *w, const struct request *r, unsigned streams,
                             struct text *headers)
{
    if (r->in_dialog || !request_is_strangers(r) || strangers_may(w, streams, 2 * streams))
        return false;
    w->counters.no_ports++;
    text_string(headers, "Retry-After: 30\r\n");
    return true;
}

unsigned anchor_admit(struct worker *w, const struct request *r, struct text *headers)
{
    static __thread struct sdp sdp;
    const char *problem = "multipart body without its parts";
    struct view text;
    enum media_anchor rule;

    if (!media_link_is_there(w) || !anchor_is_offer_answer(r->m))
        return 0;
    rule = r->in_dialog ? ANCHOR_ALWAYS : likely_rule(w, r);
    if (rule == ANCHOR_NEVER)
        return 0;
    if (r->in_dialog && media_link_is_known(w) && !anchor_find(w, r->session))
        return 0;
    if (description_find(r->m, &text) != OK || (text.p && sdp_parse(&sdp, text, &problem) != OK)) {
        if (rule != ANCHOR_ALWAYS)
            return 0;
        w->counters.bad_descriptions++;
        text_format(headers, "Warning: 399 offhook \"%s\"\r\n", problem);
        return 488;
    }
    if (strangers_refuse(w, r, pairs_needed(&sdp, text), headers))
        return 503;
    if (r->in_dialog ? text.p && !media_link_is_known(w)
                     : !anchor_place_free(w, &r->from, 2 * pairs_needed(&sdp, text))) {
        w->counters.no_ports++;
        text_string(headers, "Retry-After: 5\r\n");
        return 503;
    }
    return 0;
}

/* Is the phone at flow known by another address than the one that it names itself? */
static bool is_behind_nat(const struct sip_flow *flow, struct view host)
{
    struct sip_flow named = *flow;

    return flow_set_address(&named, host) && !flow_same_address(&named, flow);
}

static bool caller_is_behind_nat(const struct request *r)
{
    static __thread struct sdp sdp;
    struct media_address from = flow_media_address(&r->from);
    const char *problem;
    struct view text;

    if (description_find(r->m, &text) != OK || !text.p || sdp_parse(&sdp, text, &problem) != OK)
        return false;
    for (unsigned i = 0; i < sdp.count; i++)
        if (sdp.streams[i].rtp.family && !sdp.streams[i].held &&
            media_address_is_private(&sdp.streams[i].rtp) &&
            !media_address_same_host(&sdp.streams[i].rtp, &from))
            return true;
    return false;
}

bool anchor_is_wanted(const struct worker *w, const struct request *r, const struct hop *hop)
{
    enum media_anchor rule = anchor_rule(w, caller_way(r), hop->audio);
    struct uri contact;

    if (r->m->method_id != METHOD_INVITE || !media_link_is_there(w) || rule == ANCHOR_NEVER)
        return false;
    if (rule == ANCHOR_ALWAYS || r->from.family != hop->flow.family)
        return true;
    return (hop->phone && uri_parse(&contact, hop->uri) == OK &&
            is_behind_nat(&hop->flow, contact.host)) ||
           caller_is_behind_nat(r);
}

/* So many streams there are now. */
static bool streams_grow(struct anchor *a, unsigned count)
{
    struct stream *more;

    if (count <= a->count)
        return true;
    more = realloc(a->streams, count * sizeof(*more));
    if (!more)
        return false;
    a->streams = more;
    memset(more + a->count, 0, (count - a->count) * sizeof(*more));
    for (; a->count < count; a->count++)
        more[a->count].index = (uint8_t)a->count;
    return true;
}

static void formats_take(struct stream_side *side, const struct sdp_stream *s)
{
    unsigned count = 0;

    memset(side->formats, 0, sizeof(side->formats));
    for (unsigned i = 0; i < s->format_count && count < STREAM_FORMATS; i++) {
        struct stream_format *f = &side->formats[count];

        if (!s->formats[i].clock || strlen(s->formats[i].name) >= sizeof(f->name))
            continue;
        f->clock = s->formats[i].clock;
        f->type = s->formats[i].type;
        memcpy(f->name, s->formats[i].name, strlen(s->formats[i].name) + 1);
        count++;
    }
}

/* What `side` says of a stream; anew: for the first time. */
static void side_take(const struct worker *w, struct anchor *a, struct stream *is,
                      enum anchor_side side, const struct sdp_stream *s, bool anew)
{
    struct stream_side *mine = &is->sides[side];

    mine->signal = flow_media_address(&a->ends.flows[side]);
    mine->trusted = a->ends.gateway[side];
    mine->held = s->held;
    if (!s->held) {
        mine->rtp = s->rtp;
        mine->rtcp = s->transport == SDP_RTP ? s->rtcp : (struct media_address){0};
    }
    if (!mine->trusted && !anchor_place_is_for_audio(w, &mine->rtp))
        mine->rtp.port = 0;
    if (!mine->trusted && !anchor_place_is_for_audio(w, &mine->rtcp))
        mine->rtcp.port = 0;
    mine->serial += anew;
    formats_take(mine, s);
    is->other = s->transport == SDP_UDP;
    is->secure = s->secure_datagrams;
    is->encrypted = s->encrypted;
    a->mux[side][is->index] = s->mux;
    is->mux = a->mux[ANCHOR_CALLER][is->index] && a->mux[ANCHOR_CALLEE][is->index];
    is->paused = s->directions != (SDP_SENDS | SDP_RECEIVES) || s->held || is->sides[!side].held;
}

/* May there be ports for one more stream, whatever is asked for within a call and however many
 * phones it rings? */
static bool may_grow(const struct worker *w, const struct anchor *a)
{
    unsigned streams = 1;

    for (unsigned i = 0; i < a->count; i++)
        streams += a->streams[i].sides[0].local.port != 0;
    return !a->ends.stranger || strangers_may(w, streams, 2);
}

/* A port of ours for each side, of the family that it speaks. */
static bool ports_take(struct worker *w, struct anchor *a, struct stream *is)
{
    if (!is->sides[0].local.port && !may_grow(w, a))
        return false;
    for (int i = 0; i < 2; i++) {
        struct stream_side *side = &is->sides[i];
        struct media_address host;
        uint8_t family = side->rtp.family ? side->rtp.family : a->ends.flows[i].family;

        if (side->local.port)
            continue;
        if (!anchor_place(w, &a->ends.flows[i], family, &host) ||
            !media_link_take(w, &host, &side->local))
            return false;
        w->anchors->strangers += a->ends.stranger;
    }
    return true;
}

/* One that is rejected or not ours to move. */
static void stream_stop(struct stream *is, enum anchor_side side)
{
    if (!is->sides[side].rtp.port)
        return;
    is->sides[side].rtp.port = is->sides[side].rtcp.port = 0;
    is->sides[side].serial++;
    is->paused = false;
}

/* Takes the description over and says where its streams are to be received instead. */
static enum error description_take(struct worker *w, struct anchor *a, enum anchor_side side,
                                   const struct sdp *sdp, bool anew, struct sdp_place *places)
{
    if (!streams_grow(a, sdp->count))
        return ERR_MEMORY;
    for (unsigned i = 0; i < sdp->count; i++) {
        const struct sdp_stream *s = &sdp->streams[i];
        struct stream *is = &a->streams[i];

        places[i] = (struct sdp_place){0};
        if (s->transport == SDP_OTHER || !s->rtp.port) {
            stream_stop(is, side);
            continue;
        }
        side_take(w, a, is, side, s, anew);
        if (!ports_take(w, a, is))
            return ERR_BUSY;
        places[i].rtp = is->sides[!side].local;
        places[i].rtcp_port =
            (uint16_t)(places[i].rtp.port + (s->rtcp.port != s->rtp.port || !s->mux));
    }
    for (unsigned i = sdp->count; i < a->count; i++)
        stream_stop(&a->streams[i], side);
    return OK;
}

static void streams_tell(struct worker *w, struct anchor *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        if (!a->streams[i].sides[0].local.port || !a->streams[i].sides[1].local.port)
            continue;
        media_link_stream(w, a->id, &a->streams[i]);
        a->told |= 1u << i;
    }
}

/* There were too few: those that were taken for streams that are not to be go back. */
static void ports_return(struct worker *w, struct anchor *a)
{
    for (unsigned i = 0; i < a->count; i++)
        for (int s = 0; s < 2 && !(a->told & 1u << i); s++) {
            if (a->streams[i].sides[s].local.port)
                w->anchors->strangers -= a->ends.stranger;
            media_link_return(w, &a->streams[i].sides[s].local);
            a->streams[i].sides[s].local.port = 0;
        }
}

/* An offer inside the dialog may be refused; of two that cross, both may be. */
static void before_keep(struct anchor *a)
{
    if (a->before)
        return;
    a->before = malloc(a->count * sizeof(*a->before));
    a->before_count = a->before ? a->count : 0;
    if (a->before)
        memcpy(a->before, a->streams, a->count * sizeof(*a->before));
    memcpy(a->before_seen, a->seen, sizeof(a->seen));
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

/* Names our ports, and changes nothing. */
static enum error places_write(const struct anchor *a, enum anchor_side side, const struct sdp *sdp,
                               struct text *out)
{
    struct sdp_place places[SDP_STREAMS_MAX] = {0};

    if (sdp->count > a->count)
        return ERR_BUSY;
    for (unsigned i = 0; i < sdp->count; i++) {
        places[i].rtp = a->streams[i].sides[!side].local;
        places[i].rtcp_port = (uint16_t)(places[i].rtp.port + 1);
    }
    return sdp_write(sdp, places, out);
}

static enum error description_edit(struct worker *w, struct anchor *a, enum anchor_side side,
                                   const struct sdp *sdp, struct text *out)
{
    struct sdp_place places[SDP_STREAMS_MAX];
    uint64_t hash = hash_view(sdp->text);
    bool anew = a->seen[side] != hash;
    enum error e = description_take(w, a, side, sdp, anew, places);

    if (e != OK) {
        ports_return(w, a);
        return e;
    }
    a->seen[side] = hash;
    if (anew) {
        streams_tell(w, a);
        media_link_hurry(w);
    }
    return sdp_write(sdp, places, out);
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

    *out = (struct anchor_edit){VIEW_NONE, VIEW_NONE};
    if ((!a && !ends) || !id || !anchor_is_offer_answer(m))
        return OK;
    e = description_find(m, &text);
    if (e != OK || !text.p)
        return e;
    if (sdp_parse(&sdp, text, &problem) != OK)
        return ERR_SYNTAX;
    if (!a && is_ours(w, &sdp))
        return OK;
    if (!a && !(a = anchor_new(w, id, ends)))
        return ERR_MEMORY;
    if (!ends && m->request && m->method_id != METHOD_ACK)
        before_keep(a);
    e = is_of_other(a, side, m) ? places_write(a, side, &sdp, &edited)
                                : description_edit(w, a, side, &sdp, &edited);
    *out = (struct anchor_edit){text, text_done(&edited)};
    if (e != OK && ends && !a->owned)
        (void)anchor_close(w, id);
    return e;
}

void anchor_undo(struct worker *w, uint64_t id)
{
    struct anchor *a = anchor_find(w, id);

    if (!a || !a->before)
        return;
    for (unsigned i = 0; i < a->before_count; i++)
        for (int s = 0; s < 2; s++) {
            a->before[i].sides[s].serial = a->streams[i].sides[s].serial + 1;
            a->before[i].sides[s].local = a->streams[i].sides[s].local;
        }
    memcpy(a->streams, a->before, a->before_count * sizeof(*a->before));
    for (unsigned i = a->before_count; i < a->count; i++) {
        stream_stop(&a->streams[i], ANCHOR_CALLER);
        stream_stop(&a->streams[i], ANCHOR_CALLEE);
    }
    memcpy(a->seen, a->before_seen, sizeof(a->seen));
    anchor_confirm(w, id);
    streams_tell(w, a);
    media_link_hurry(w);
}

void anchor_confirm(struct worker *w, uint64_t id)
{
    struct anchor *a = anchor_find(w, id);

    if (!a)
        return;
    free(a->before);
    a->before = NULL;
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
