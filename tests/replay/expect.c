/* Holding what left against what should have. */
#include "tests/replay/expect.h"

#include <inttypes.h>
#include <string.h>

#include "server/calls.h"
#include "tests/replay/keeper.h"

bool glob_matches(struct view pattern, struct view text)
{
    size_t star = view_find(pattern, '*');
    struct view head = {pattern.p, star}, tail = view_from(pattern, star + 1);

    if (text.n < head.n || memcmp(text.p, head.p, head.n) != 0)
        return false;
    text = view_from(text, head.n);
    if (star == pattern.n)
        return text.n == 0;
    for (size_t at = 0; at <= text.n; at++)
        if (glob_matches(tail, view_from(text, at)))
            return true;
    return false;
}

/* Is any value of that header one that fits? */
static bool header_fits(struct view message, struct view name, struct view pattern)
{
    struct view found, value;

    view_cut(&message, '\n');
    while (header_next(&message, &found, &value))
        if (header_is(found, name) && glob_matches(pattern, value))
            return true;
    return false;
}

static unsigned header_count(struct view message, struct view name)
{
    struct view found, value;
    unsigned count = 0;

    view_cut(&message, '\n');
    while (header_next(&message, &found, &value))
        count += header_is(found, name);
    return count;
}

/* "no Header", "3 Header", or "Header: pattern". */
static bool line_fits(struct view message, struct view line)
{
    struct view rest = line, first = view_cut(&rest, ' ');
    uint64_t count = 0;

    if (view_eq(first, VIEW("no")) || view_number(first, 64, &count))
        return header_count(message, view_trim(rest)) == count;
    rest = line;
    first = view_trim(view_cut(&rest, ':'));
    return header_fits(message, first, view_trim(rest));
}

static bool start_fits(const struct step *step, struct view message)
{
    struct view start = view_trim(view_cut(&message, '\n')), first = view_cut(&start, ' ');
    struct view second = view_cut(&start, ' ');
    struct view kind = step->words[2], more = step->words[3];

    if (view_eq(first, VIEW("SIP/2.0")))
        return view_eq(second, kind) && !more.n;
    return view_eq(first, kind) && (!more.n || glob_matches(more, second));
}

static void again(const struct step *step, struct peer *peer)
{
    const struct packet *before = stage_last(peer, step->words[3]);
    struct packet *now = stage_next(peer);

    if (!before)
        fail("nothing like that left for %s yet", peer->name);
    if (!now)
        fail("expected the same again for %s, but nothing left", peer->name);
    if (!view_eq(before->bytes, now->bytes))
        fail("expected for %s the same again:\n%.*sbut this left:\n%.*s", peer->name,
             VIEW_ARG(before->bytes), VIEW_ARG(now->bytes));
    now->taken = true;
}

void expect_out(const struct step *step)
{
    static char bytes[4096];
    struct peer *peer = stage_find(step->words[1]);
    struct packet *packet = stage_next(peer);

    if (view_eq(step->words[2], VIEW("again"))) {
        again(step, peer);
        return;
    }
    if (!packet)
        fail("expected %.*s to leave for %s, but nothing left", VIEW_ARG(step->words[2]),
             peer->name);
    if (!start_fits(step, packet->bytes))
        fail("expected \"%.*s %.*s\" for %s, but this left:\n%.*s", VIEW_ARG(step->words[2]),
             VIEW_ARG(step->words[3]), peer->name, VIEW_ARG(packet->bytes));
    for (unsigned i = 0; i < step->line_count; i++) {
        struct text line = TEXT(bytes);

        expand(&line, step->lines[i]);
        if (!line_fits(packet->bytes, text_done(&line)))
            fail("expected \"%.*s\" for %s, but this left:\n%.*s", VIEW_ARG(text_done(&line)),
                 peer->name, VIEW_ARG(packet->bytes));
    }
    packet->taken = true;
}

static bool value_of(struct view name, uint64_t *out)
{
    const struct worker *w = &stage.worker;
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
#define COUNTER_VALUE(field, dotted) {dotted, w->counters.field},
        COUNTERS(COUNTER_VALUE)
#undef COUNTER_VALUE
            {"transactions", transactions_count(w->transactions)},
        {"retransmissions", transactions_retransmissions(w->transactions)},
        {"calls.standing", calls_counts(w).standing},
        {"calls.setting-up", calls_counts(w).setting_up},
        {"bindings", location_counts(w->location).bindings},
        {"questions", keeper_held()},
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (view_eq(view_of(values[i].name), name)) {
            *out = values[i].value;
            return true;
        }
    }
    return false;
}

void expect_value(struct view name, struct view value)
{
    uint64_t is, wanted;

    if (!value_of(name, &is) || !view_number(value, UINT64_MAX, &wanted))
        fail("there is no count \"%.*s\", or its value is no number", VIEW_ARG(name));
    if (is != wanted)
        fail("expected %.*s to be %" PRIu64 ", it is %" PRIu64, VIEW_ARG(name), wanted, is);
}
