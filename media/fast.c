/* When a direction of a stream enters the kernel, and when it leaves it. */
#include "media/fast.h"

#include <time.h>
#include <unistd.h>

#include "media/ledger.h"

#define LEASE    2000000000ull /* ns */
#define SETTLED  1000          /* ms: what is over sooner is not worth it */
#define AGAIN    30000         /* ms until the kernel is asked again that has taken nothing */
#define SILENCE  200           /* ms: the phone may go on from another port, see learn.c */
#define RESTARTS 4             /* packets in a row that are all late are those of a new beginning */

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fast_open(struct fast *f, int map)
{
    *f = (struct fast){.map = map, .ahead = clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC)};
}

void fast_close(struct fast *f)
{
    if (f->map >= 0)
        close(f->map);
    f->map = -1;
}

void fast_renew(struct fast *f)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    enum error e;

    if (f->map < 0)
        return;
    f->ahead = clock_ns(CLOCK_BOOTTIME) - now;
    e = kernel_lease_renew(f->map, (uint64_t)now + LEASE);
    if (e == OK)
        return;
    log_error("audio stays in user space: the kernel refuses it (%s)", error_text(e));
    fast_close(f);
}

void fast_begin(struct fast *f)
{
    if (f->map >= 0)
        kernel_flows_clear(f->map);
    fast_renew(f);
}

bool fast_flow(struct kernel_flow *out, const struct ledger_stream *s, unsigned side)
{
    const struct learn *from = &s->learn[side][0], *to = &s->learn[!side][0];

    *out = (struct kernel_flow){.peer = from->accept,
                                .local = s->is.sides[side].local,
                                .out_local = s->is.sides[!side].local,
                                .out_peer = to->send,
                                .ssrc = from->ssrc,
                                .ssrc_known = true};
    return !s->is.other && !s->is.sides[!side].held && !from->open && from->ssrc_known &&
           from->kind == LEARN_RTP && out->peer.port && out->local.port && out->out_local.port &&
           out->out_peer.port && out->peer.family == out->out_peer.family;
}

static bool flow_same(const struct kernel_flow *a, const struct kernel_flow *b)
{
    return a->ssrc == b->ssrc && media_address_same(&a->peer, &b->peer) &&
           media_address_same(&a->local, &b->local) &&
           media_address_same(&a->out_local, &b->out_local) &&
           media_address_same(&a->out_peer, &b->out_peer);
}

/* The entry stands in the ledger first: whoever dies in between leaves nothing unknown. */
static void way_enter(struct fast *f, struct fast_way *w, const struct figures *figures,
                      uint64_t now)
{
    w->entered = now;
    w->jitter = figures->jitter;
    w->counts = (struct kernel_counts){0};
    if (kernel_flow_set(f->map, &w->flow, figures->clock) == OK)
        return;
    w->entered = 0;
    w->due = now + AGAIN;
}

void fast_enter(struct fast *f, struct ledger_stream *s, unsigned side, uint64_t now)
{
    struct fast_way *w = &s->fast[side];
    struct kernel_flow flow;

    if (f->map < 0 || w->entered)
        return;
    if (!fast_flow(&flow, s, side)) {
        w->due = 0;
    } else if (!w->due || !flow_same(&flow, &w->flow)) {
        w->flow = flow;
        w->due = now + SETTLED;
    } else if (now >= w->due) {
        way_enter(f, w, &s->figures[side], now);
    }
}

/* The kernel has begun with a jitter of zero; what was there before dies away by the same rule,
 * with each packet but the first (RFC 3550 A.8). */
static uint32_t jitter_left(uint32_t before, uint64_t packets)
{
    while (--packets && before >= 8)
        before -= (before + 8) >> 4;
    return before;
}

bool fast_add(struct fast_way *w, const struct kernel_counts *counts, struct figures *out,
              uint64_t last)
{
    struct figures_gain g = {.packets = counts->packets - w->counts.packets,
                             .bytes = counts->bytes - w->counts.bytes,
                             .reordered = counts->reordered - w->counts.reordered,
                             .sequence = (uint16_t)counts->highest,
                             .last = last};

    if (!g.packets)
        return true;
    g.restarted = g.packets >= RESTARTS && g.packets == g.reordered;
    figures_gain(out, &g);
    out->jitter = counts->jitter + jitter_left(w->jitter, counts->packets);
    w->counts = *counts;
    return !g.restarted;
}

static uint64_t kernel_ms(const struct fast *f, uint64_t ns)
{
    return (uint64_t)((int64_t)ns + f->ahead) / 1000000;
}

/* False: user space has to go on with it. */
static bool way_count(struct fast *f, struct ledger_stream *s, unsigned side)
{
    struct fast_way *w = &s->fast[side];
    struct learn *l = &s->learn[side][0];
    uint64_t before = w->counts.packets;
    struct kernel_counts counts = {0};
    bool goes_on;

    if (kernel_flow_read(f->map, &w->flow, &counts) != OK)
        return false;
    goes_on = fast_add(w, &counts, &s->figures[side], kernel_ms(f, counts.last));
    if (counts.packets == before)
        return true;
    f->packets += counts.packets - before;
    l->sequence = (uint16_t)counts.highest;
    if (l->last < kernel_ms(f, counts.last))
        l->last = kernel_ms(f, counts.last);
    return goes_on;
}

static void way_leave(struct fast *f, struct ledger_stream *s, unsigned side)
{
    struct fast_way *w = &s->fast[side];

    if (w->entered && f->map >= 0) {
        (void)way_count(f, s, side);
        kernel_flow_drop(f->map, &w->flow);
    }
    w->entered = w->due = 0;
}

void fast_count(struct fast *f, struct ledger_stream *s, unsigned side)
{
    if (f->map >= 0 && s->fast[side].entered && !way_count(f, s, side))
        way_leave(f, s, side);
}

void fast_settle(struct fast *f, struct ledger_stream *s)
{
    struct kernel_flow flow;

    for (unsigned side = 0; side < 2; side++)
        if (s->fast[side].entered &&
            (!fast_flow(&flow, s, side) || !flow_same(&flow, &s->fast[side].flow)))
            way_leave(f, s, side);
}

/* What the kernel has never seen, while packets came here, takes a way that it is not on. */
static void way_tend(struct fast *f, struct ledger_stream *s, unsigned side, uint64_t now)
{
    struct fast_way *w = &s->fast[side];
    uint64_t last = w->counts.packets ? kernel_ms(f, w->counts.last) : w->entered;
    bool missed = !w->counts.packets && s->learn[side][0].last > w->entered;

    if (!w->entered || now < last + SILENCE)
        return;
    way_leave(f, s, side);
    w->due = missed ? now + AGAIN : 0;
}

void fast_tend(struct fast *f, struct ledger_stream *s, uint64_t now)
{
    fast_count(f, s, 0);
    fast_count(f, s, 1);
    fast_settle(f, s);
    way_tend(f, s, 0, now);
    way_tend(f, s, 1, now);
}

void fast_leave(struct fast *f, struct ledger_stream *s)
{
    way_leave(f, s, 0);
    way_leave(f, s, 1);
}

bool fast_relays(const struct ledger_stream *s)
{
    for (unsigned side = 0; side < 2; side++)
        if (s->fast[side].entered && s->fast[side].counts.packets)
            return true;
    return false;
}
