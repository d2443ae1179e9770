/* The timer wheel: four levels of 256 slots, 1 ms, 256 ms, 65 s and 4.6 h wide; what lies further
 * ahead waits in the last level and is sorted in again when its slot comes round. */
#include "base/wheel.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"

#define LEVELS 4
#define SLOTS  256
#define WORDS  (SLOTS / 64)

struct wheel {
    uint64_t now;
    struct timer *slots[LEVELS][SLOTS];
    uint64_t used[LEVELS][WORDS]; /* may say yes of a slot that has become empty */
};

enum error wheel_new(struct wheel **out, uint64_t now)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return ERR_MEMORY;
    (*out)->now = now;
    return OK;
}

void wheel_free(struct wheel *w)
{
    if (!w)
        return;
    for (int level = 0; level < LEVELS; level++)
        for (int slot = 0; slot < SLOTS; slot++)
            while (w->slots[level][slot])
                timer_disarm(w->slots[level][slot]);
    free(w);
}

static void slot_push(struct timer **slot, struct timer *t)
{
    t->next = *slot;
    t->link = slot;
    if (t->next)
        t->next->link = &t->next;
    *slot = t;
}

static void wheel_put(struct wheel *w, struct timer *t)
{
    uint64_t ahead = t->due - w->now;
    uint64_t due = t->due;
    int level = 0;

    while (level < LEVELS - 1 && ahead >> (8 * (level + 1)))
        level++;
    if (ahead >> (8 * LEVELS)) /* beyond the wheel: as far as it reaches */
        due = w->now + (1ULL << (8 * LEVELS)) - 1;
    unsigned slot = (due >> (8 * level)) & (SLOTS - 1);

    slot_push(&w->slots[level][slot], t);
    w->used[level][slot / 64] |= 1ULL << slot % 64;
}

void timer_arm(struct wheel *w, struct timer *t, uint64_t ms, void (*fire)(struct timer *t))
{
    timer_disarm(t);
    t->due = (clock_ms() > w->now ? clock_ms() : w->now) + (ms ? ms : 1);
    t->fire = fire;
    wheel_put(w, t);
}

void timer_disarm(struct timer *t)
{
    if (!t->link)
        return;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    t->next = NULL;
    t->link = NULL;
}

/* Sorts the slot of a higher level that has come round into the levels below. */
static void wheel_cascade(struct wheel *w, int level)
{
    unsigned slot = (w->now >> (8 * level)) & (SLOTS - 1);
    struct timer *t = w->slots[level][slot];

    w->slots[level][slot] = NULL;
    w->used[level][slot / 64] &= ~(1ULL << slot % 64);
    while (t) {
        struct timer *next = t->next;

        wheel_put(w, t);
        t = next;
    }
}

static void wheel_fire(struct wheel *w)
{
    unsigned slot = w->now & (SLOTS - 1);
    struct timer *due = w->slots[0][slot];

    w->slots[0][slot] = NULL;
    w->used[0][slot / 64] &= ~(1ULL << slot % 64);
    if (due)
        due->link = &due; /* so that a callback may disarm any of them */
    while (due) {
        struct timer *t = due;

        timer_disarm(t);
        t->fire(t);
    }
}

/* The first used slot of level behind `from`, as a distance of 1 to SLOTS; 0 when there is none. */
static unsigned next_used(const struct wheel *w, int level, unsigned from)
{
    for (unsigned i = 1; i <= SLOTS;) {
        unsigned slot = (from + i) & (SLOTS - 1);
        uint64_t word = w->used[level][slot / 64] >> slot % 64;

        if (word) {
            unsigned distance = i + (unsigned)__builtin_ctzll(word);

            return distance <= SLOTS ? distance : 0;
        }
        i += 64 - slot % 64;
    }
    return 0;
}

uint64_t wheel_wait(const struct wheel *w)
{
    uint64_t wait = UINT64_MAX;

    for (int level = 0; level < LEVELS; level++) {
        unsigned at = (w->now >> (8 * level)) & (SLOTS - 1);
        unsigned distance = next_used(w, level, at);

        if (distance) {
            uint64_t start = ((w->now >> (8 * level)) + distance) << (8 * level);

            if (start - w->now < wait)
                wait = start - w->now;
        }
    }
    return wait;
}

void wheel_turn(struct wheel *w, uint64_t now)
{
    while (w->now < now) {
        uint64_t step = wheel_wait(w);

        if (step > now - w->now) {
            w->now = now;
            return;
        }
        w->now += step;
        for (int level = LEVELS - 1; level > 0; level--)
            if ((w->now & ((1ULL << (8 * level)) - 1)) == 0)
                wheel_cascade(w, level);
        wheel_fire(w);
    }
}
