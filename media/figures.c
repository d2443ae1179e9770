/* Counting what comes, and the E-model. */
#include "media/figures.h"

#define DROPOUT  3000 /* RFC 3550 A.1: further ahead is another beginning */
#define DISORDER 100

static void source_begin(struct figures *f, const struct learn_packet *p)
{
    if (f->begun)
        f->expected += f->highest - f->base + 1;
    f->begun = true;
    f->ssrc = p->ssrc;
    f->base = f->highest = 1u << 16 | p->sequence; /* so that an earlier one is not below 0 */
    f->transit = 0;
}

/* RFC 3550 A.1: the extended number. */
static void sequence_note(struct figures *f, const struct learn_packet *p)
{
    uint16_t ahead = (uint16_t)(p->sequence - (uint16_t)f->highest);

    if (!f->begun || f->ssrc != p->ssrc) {
        source_begin(f, p);
    } else if (ahead < DROPOUT) {
        f->highest += ahead;
    } else if (ahead <= UINT16_MAX - DISORDER) {
        source_begin(f, p); /* it has begun anew, with the same name */
    } else {
        uint32_t number = f->highest - (uint16_t)-ahead;

        f->reordered++;
        f->base = number < f->base ? number : f->base;
    }
}

static void jitter_note(struct figures *f, uint32_t timestamp, uint64_t now)
{
    uint32_t transit = (uint32_t)(now * f->clock / 1000000) - timestamp;
    int32_t difference = (int32_t)(transit - f->transit);

    if (f->transit) {
        uint32_t d = difference < 0 ? -(uint32_t)difference : (uint32_t)difference;

        if (d < f->clock * 5) /* a jump of the timestamp is no jitter */
            f->jitter += d - ((f->jitter + 8) >> 4);
    }
    f->transit = transit ? transit : 1;
}

void figures_aside(struct figures *f, const struct learn_packet *p, size_t n, uint64_t now)
{
    if (!f->packets)
        f->first = now / 1000;
    f->last = now / 1000;
    f->packets++;
    f->bytes += n;
    sequence_note(f, p);
}

void figures_rtp(struct figures *f, const struct learn_packet *p, uint32_t timestamp, size_t n,
                 uint64_t now, uint32_t clock)
{
    figures_aside(f, p, n, now);
    if (p->type != f->type || clock != f->clock)
        f->transit = 0; /* another clock may run */
    f->type = p->type;
    f->clock = clock;
    if (clock)
        jitter_note(f, timestamp, now);
}

/* Of what lies before a jump nothing is known to be missing. */
void figures_gain(struct figures *f, const struct figures_gain *g)
{
    int16_t ahead = (int16_t)(uint16_t)(g->sequence - (uint16_t)f->highest);

    f->packets += g->packets;
    f->bytes += g->bytes;
    f->transit = 0;
    if (f->last < g->last)
        f->last = g->last;
    if (g->restarted || (ahead > 0 && (uint64_t)ahead > g->packets + DROPOUT)) {
        f->expected += g->packets;
        if (!g->restarted)
            f->base += (uint32_t)ahead;
    } else {
        f->reordered += g->reordered;
    }
    if (!g->restarted && ahead > 0)
        f->highest += (uint32_t)ahead;
}

uint64_t figures_lost(const struct figures *f)
{
    uint64_t expected = f->expected + (f->begun ? f->highest - f->base + 1 : 0);

    return expected > f->packets ? expected - f->packets : 0;
}

uint32_t figures_jitter(const struct figures *f)
{
    return f->clock ? (uint32_t)((uint64_t)(f->jitter >> 4) * 1000000 / f->clock) : 0;
}

static struct codec_impairment codec_find(struct view codec, uint8_t type)
{
    static const struct {
        const char *name;
        uint8_t type;
        struct codec_impairment is;
    } codecs[] = {
        {"PCMU", 0, {0, 25.1}},  {"PCMA", 8, {0, 25.1}},    {"G729", 18, {11, 19}},
        {"G723", 4, {15, 16.1}}, {"GSM", 3, {20, 10}},      {"G722", 9, {0, 25.1}},
        {"ILBC", 255, {11, 32}}, {"G726-32", 255, {7, 20}}, {"OPUS", 255, {0, 25.1}},
    };

    for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++)
        if (codec.n ? view_eq(codec, view_of(codecs[i].name)) : codecs[i].type == type)
            return codecs[i].is;
    return (struct codec_impairment){5, 20}; /* one that G.113 does not know */
}

/* Of 100 packets; those that came too late for a buffer of 60 ms count as lost by no means of ours:
 * the jitter adds to the delay instead. */
static double loss_percent(const struct figures *f)
{
    double lost = (double)figures_lost(f), all = lost + (double)f->packets;

    return all > 0 ? 100 * lost / all : 0;
}

/* One way, ms: half of both round trips, packet and buffer. */
static double delay(const struct figures *from, const struct figures *to)
{
    return ((double)from->round_trip + to->round_trip) / 2000 +
           2 * (double)figures_jitter(from) / 1000 + 40;
}

unsigned figures_mos(const struct figures *from, const struct figures *to, struct view codec)
{
    struct codec_impairment c = codec_find(codec, from->type);
    double loss = loss_percent(from), d = delay(from, to), r;

    if (!from->packets)
        return 0;
    r = 93.2 - 0.024 * d - (d > 177.3 ? 0.11 * (d - 177.3) : 0) - c.impairment -
        (95 - c.impairment) * loss / (loss + c.robustness);
    if (r < 6.52) /* below it the curve of G.107 is under 1 */
        return 100;
    return (unsigned)(100 * (1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)) + 0.5);
}
