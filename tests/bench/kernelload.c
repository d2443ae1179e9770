/* kernelload: what a packet costs that the kernel relays, and one that crosses the same cable
 * without a relay; as one JSON object. Phones and relay are in namespaces of their own, joined by
 * veth; what the kernel does for a packet runs within send(), so that the sender's CPU time holds
 * all of it. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/packet.h"
#include "tests/unit/fast_path.h"

#define ROUNDS_MAX 10000
#define IMPOSSIBLE 77 /* exit status */

/* The sockets that send and those that are to hear it, in the same order. */
struct wave {
    int *from, *to;
    size_t count;
    double us[ROUNDS_MAX]; /* of each round: CPU a packet */
};

static struct wave through, direct;
static uint64_t lost;

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void wave_open(struct wave *w, size_t calls)
{
    w->from = calloc(2 * calls, sizeof(*w->from));
    w->to = calloc(2 * calls, sizeof(*w->to));
    assert_non_null(w->from);
    assert_non_null(w->to);
}

static void wave_add(struct wave *w, int from, const struct media_address *peer, int to)
{
    struct sockaddr_storage a;
    socklen_t size = media_address_sockaddr(peer, &a);

    assert_int_equal(connect(from, (struct sockaddr *)&a, size), 0);
    w->from[w->count] = from;
    w->to[w->count++] = to;
}

static void call_open(const struct scene *s, struct line *l)
{
    line_open(l, &s->spaces, 4);
    line_set(s, l);
    wave_add(&through, l->a, &l->forth.local, l->b);
    wave_add(&through, l->b, &l->back.local, l->a);
    wave_add(&direct, l->near, &l->forth.peer, l->a);
    wave_add(&direct, l->far, &l->forth.out_peer, l->b);
}

/* Each sends one packet; only sending is timed. */
static void wave_send(struct wave *w, size_t round)
{
    struct packet_mark mark = {.run = 1, .number = round};
    char packet[PACKET_SIZE];
    double begin;

    packet_write(packet, &mark);
    begin = cpu_us();
    for (size_t i = 0; i < w->count; i++)
        (void)send(w->from[i], packet, sizeof(packet), MSG_DONTWAIT);
    w->us[round] = (cpu_us() - begin) / (double)w->count;
    for (size_t i = 0; i < w->count; i++)
        lost += recv(w->to[i], packet, sizeof(packet), MSG_DONTWAIT) != sizeof(packet);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static void report(size_t calls, size_t rounds, const char *kind)
{
    static double added[ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++)
        added[i] = through.us[i] - direct.us[i];
    printf("{\"calls\": %zu, \"kind\": \"%s\", \"lost\": %" PRIu64 ", ", calls, kind, lost);
    printf("\"through_us\": %.3f, \"direct_us\": %.3f, \"added_us\": %.3f}\n",
           median(through.us, rounds), median(direct.us, rounds), median(added, rounds));
}

static void file_limit_raise(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static size_t number(const char *text, size_t most)
{
    char *end;
    unsigned long n = text ? strtoul(text, &end, 10) : 0;

    if (n && !*end && n <= most)
        return n;
    fputs("usage: kernelload CALLS ROUNDS\n", stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct scene scene;
    size_t calls = number(argc > 1 ? argv[1] : NULL, 4000);
    size_t rounds = number(argc == 3 ? argv[2] : NULL, ROUNDS_MAX);
    struct line *lines = calloc(calls, sizeof(*lines));

    file_limit_raise();
    if (!lines || !fast_path_possible())
        return IMPOSSIBLE;
    scene_open(&scene, SCENE_PLAIN);
    wave_open(&through, calls);
    wave_open(&direct, calls);
    for (size_t i = 0; i < calls; i++)
        call_open(&scene, &lines[i]);
    for (size_t i = 0; i < rounds; i++) {
        wave_send(&through, i);
        wave_send(&direct, i);
    }
    report(calls, rounds, kernel_path_kind(scene.path));
    for (size_t i = 0; i < calls; i++)
        line_close(&lines[i]);
    scene_close(&scene);
    return lost ? 1 : 0;
}
