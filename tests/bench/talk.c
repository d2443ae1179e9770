/* Opening the phones of a list of calls, and giving each its turns. */
#include "tests/bench/talk.h"

#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/bench/packet.h"

#define LINE_MAX_BYTES 256
#define BURST          64 /* packets that are sent without a look at what has come */

enum { RELAY_A, RELAY_B, PHONE_A, PHONE_B, ADDRESSES };

static bool address_read(struct sockaddr_in *out, struct view word)
{
    char text[64];
    int size = sizeof *out;

    return view_copy(word, text, sizeof text) &&
           evutil_parse_sockaddr_port(text, (struct sockaddr *)out, &size) == 0 &&
           out->sin_family == AF_INET;
}

static bool call_read(struct sockaddr_in out[ADDRESSES], struct view line)
{
    for (unsigned i = 0; i < ADDRESSES; i++)
        if (!address_read(&out[i], view_cut(&line, ' ')))
            return false;
    return line.n == 0;
}

static enum error phone_add(struct talk *t, const struct sockaddr_in *own,
                            const struct sockaddr_in *peer)
{
    struct phone *p = &t->phones[t->count];
    enum error error;

    *p = (struct phone){.stream = t->count};
    error = phone_open(p, own, peer);
    t->count += p->fd >= 0;
    return error;
}

static enum error call_add(struct talk *t, const struct sockaddr_in at[ADDRESSES], bool direct)
{
    enum error error;

    if (t->count + 2 > t->room) {
        size_t room = t->room ? 2 * t->room : 64;
        struct phone *phones = reallocarray(t->phones, room, sizeof *phones);

        if (!phones)
            return ERR_MEMORY;
        t->phones = phones;
        t->room = room;
    }
    error = phone_add(t, &at[PHONE_A], &at[direct ? PHONE_B : RELAY_A]);
    if (error == OK)
        error = phone_add(t, &at[PHONE_B], &at[direct ? PHONE_A : RELAY_B]);
    return error;
}

static enum error calls_read(struct talk *t, FILE *f, size_t calls, bool direct)
{
    char line[LINE_MAX_BYTES];
    struct sockaddr_in at[ADDRESSES];
    enum error error = OK;

    while (error == OK && (!calls || t->count < 2 * calls) && fgets(line, sizeof line, f)) {
        if (call_read(at, view_trim(view_of(line))))
            error = call_add(t, at, direct);
        else
            error = ERR_SYNTAX;
    }
    if (error == OK && (t->count == 0 || t->count < 2 * calls))
        error = ERR_LIMIT;
    return error;
}

static enum error phones_watch(struct talk *t)
{
    t->order = calloc(t->count, sizeof *t->order);
    if (!t->order)
        return ERR_MEMORY;
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < t->count; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &t->phones[i]};

        t->order[i] = &t->phones[i];
        if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->phones[i].fd, &e) < 0)
            return ERR_SYSTEM;
    }
    return OK;
}

enum error talk_open(struct talk *t, const char *file, size_t calls, bool direct)
{
    FILE *f = fopen(file, "r");
    enum error error;

    t->epoll = -1;
    if (!f)
        return ERR_SYSTEM;
    error = calls_read(t, f, calls, direct);
    fclose(f);
    if (error == OK)
        error = phones_watch(t);
    return error;
}

static int order_by_due(const void *a, const void *b)
{
    const struct phone *x = *(struct phone *const *)a, *y = *(struct phone *const *)b;

    return (x->due > y->due) - (x->due < y->due);
}

void talk_begin(struct talk *t, uint64_t begin)
{
    /* A phone that was silent since another run goes on in the sequence where it would be now. */
    uint64_t number = clock_ns(CLOCK_REALTIME) / PACKET_INTERVAL;

    random_bytes(&t->window.run, sizeof t->window.run);
    for (size_t i = 0; i < t->count; i++) {
        uint64_t phase;

        random_bytes(&phase, sizeof phase);
        t->phones[i].number = number;
        t->phones[i].due = begin + phase % PACKET_INTERVAL;
    }
    qsort(t->order, t->count, sizeof *t->order, order_by_due);
    t->next = 0;
}

static void talk_receive(struct talk *t, uint64_t wait)
{
    struct epoll_event events[256];
    struct timespec timeout = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
    int n = epoll_pwait2(t->epoll, events, 256, &timeout, NULL);

    for (int i = 0; i < n; i++)
        phone_receive(events[i].data.ptr, &t->window);
}

/* Sends what is due; the time when more will be. */
static uint64_t talk_send(struct talk *t)
{
    for (unsigned i = 0; i < BURST; i++) {
        struct phone *p = t->order[t->next];
        uint64_t now = clock_ns(CLOCK_MONOTONIC);

        if (p->due > now)
            break;
        phone_send(p, &t->window, now);
        t->next = (t->next + 1) % t->count;
    }
    return t->order[t->next]->due;
}

void talk_until(struct talk *t, uint64_t end)
{
    uint64_t now;

    while ((now = clock_ns(CLOCK_MONOTONIC)) < end) {
        uint64_t due = talk_send(t);

        now = clock_ns(CLOCK_MONOTONIC);
        due = due < end ? due : end;
        talk_receive(t, due > now ? due - now : 0);
    }
}

void talk_listen(struct talk *t, uint64_t end)
{
    uint64_t now;

    while ((now = clock_ns(CLOCK_MONOTONIC)) < end)
        talk_receive(t, end - now);
}

void talk_close(struct talk *t)
{
    for (size_t i = 0; i < t->count; i++)
        close(t->phones[i].fd);
    if (t->epoll >= 0)
        close(t->epoll);
    free(t->order);
    free(t->phones);
}
