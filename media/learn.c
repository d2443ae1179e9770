/* Learning by rules, in the order of their strength. */
#include "media/learn.h"

#define RUN_RTP   4    /* consistent packets until a source is taken */
#define RUN_RTCP  2    /* they come every five seconds */
#define RUN_OTHER 8    /* nothing but a sequence shows what belongs together */
#define SILENCE   200  /* ms after which the accepted source counts as gone */
#define REPORTS   8000 /* the same for one that sends RTCP alone: RFC 3550 6.2 lets 7.5 s pass */
#define OPEN      50   /* packets by which the accepted source shows that it stays what it was */
#define STEP      16   /* the next packet of a run is at most so far ahead */
#define GAP       512  /* packets that may be lost while a NAT changes its mind */

void learn_describe(struct learn *l, const struct media_address *sdp,
                    const struct media_address *signal, bool trusted)
{
    bool same = media_address_same(&l->sdp, sdp) && media_address_same_host(&l->signal, signal);

    l->open = OPEN;
    l->run = 0;
    if (same)
        return;
    l->sdp = *sdp;
    l->signal = *signal;
    l->behind = !sdp->family || (!trusted && media_address_is_private(sdp) &&
                                 !media_address_same_host(sdp, signal));
    l->accept = (struct media_address){0};
    l->send = l->behind ? (struct media_address){0} : *sdp;
    l->ssrc_known = false;
}

static void take(struct learn *l, const struct media_address *from)
{
    l->accept = *from;
    l->open = 0;
    l->run = 0;
    l->ssrc_known = false;
    l->kind = LEARN_RTCP;
    if (l->behind)
        l->send = *from;
}

void learn_accepted(struct learn *l, const struct learn_packet *p, uint64_t now)
{
    l->last = now;
    if (l->open)
        l->open--;
    if (p->kind != LEARN_RTCP)
        l->kind = (uint8_t)p->kind;
    if (p->kind == LEARN_RTP)
        l->sequence = p->sequence;
    else if (p->kind != LEARN_RTCP || l->ssrc_known)
        return;
    l->ssrc = p->ssrc;
    l->ssrc_known = true;
}

/* So many numbers ahead, by at most `most`? */
static bool is_ahead(uint16_t from, uint16_t to, uint16_t most)
{
    return (uint16_t)(to - from) <= most;
}

static unsigned run_needed(const struct learn_packet *p)
{
    switch (p->kind) {
    case LEARN_RTP:
        return RUN_RTP;
    case LEARN_RTCP:
        return RUN_RTCP;
    case LEARN_DTLS:
        return 1; /* its handshake proves more than any run */
    default:
        return RUN_OTHER;
    }
}

/* Does p follow the candidate's last packet? */
static bool is_consistent(const struct learn *l, const struct media_address *from,
                          const struct learn_packet *p)
{
    return l->run && media_address_same(&l->candidate, from) && l->candidate_ssrc == p->ssrc &&
           l->candidate_type == p->type && is_ahead(l->candidate_sequence, p->sequence, STEP);
}

/* Counts a packet of somebody who might be the phone; true: there were enough in a row. */
static bool candidate_count(struct learn *l, const struct media_address *from,
                            const struct learn_packet *p)
{
    bool repeated = l->run && p->kind == LEARN_RTP && l->candidate_sequence == p->sequence;

    if (!is_consistent(l, from, p))
        l->run = 0;
    else if (repeated)
        return false;
    l->candidate = *from;
    l->candidate_ssrc = p->ssrc;
    l->candidate_type = p->type;
    l->candidate_sequence = p->sequence;
    return ++l->run >= run_needed(p);
}

/* May another port of the phone's host become the source, as things stand? */
static bool is_vacant(const struct learn *l, const struct learn_packet *p, uint64_t now)
{
    if (!l->accept.port)
        return true;
    if (now < l->last + (l->kind == LEARN_RTCP ? REPORTS : SILENCE))
        return false;
    if (l->open)
        return true;
    return l->ssrc_known && p->ssrc == l->ssrc && p->kind == l->kind &&
           (p->kind == LEARN_RTCP || is_ahead(l->sequence, p->sequence, GAP));
}

bool learn_packet(struct learn *l, const struct media_address *from, const struct learn_packet *p,
                  uint64_t now)
{
    const struct media_address *host = l->behind ? &l->signal : &l->sdp;

    if (l->accept.port && media_address_same(&l->accept, from)) {
        learn_accepted(l, p, now);
        return true;
    }
    if (!l->sdp.port || !from->port || !media_address_same_host(host, from))
        return false;
    if (l->behind || !media_address_same(&l->sdp, from)) {
        if (!is_vacant(l, p, now) || !candidate_count(l, from, p))
            return false;
    }
    take(l, from);
    learn_accepted(l, p, now);
    return true;
}

bool learn_listens(const struct learn *l, uint64_t now)
{
    return !l->accept.port || l->open || now >= l->last + SILENCE;
}
