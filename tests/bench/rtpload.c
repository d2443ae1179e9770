/* rtpload: plays both phones of many calls through a relay, and tells as one JSON object what came
 * out of it and what the relay's processes used meanwhile. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/talk.h"
#include "tests/bench/usage.h"

#define PROCESSES_MAX 64
#define HEAD_START    50000000  /* ns until the first packet */
#define STRAGGLERS    400000000 /* ns that the last ones may be under way */

struct options {
    const char *list;
    size_t calls;
    double seconds, warmup;
    pid_t processes[PROCESSES_MAX];
    unsigned process_count;
    int cpu;
    bool direct;
};

/* ns of CPU that the relay and this program have used. */
struct used {
    uint64_t relay, own;
};

static void usage(void)
{
    fputs("usage: rtpload -f LIST [options]\n"
          "  -f LIST  the calls, a line each: relayA:port relayB:port phoneA:port phoneB:port\n"
          "  -c N     only the first N of them\n"
          "  -t SECS  measured time (10)\n"
          "  -w SECS  time before it (1)\n"
          "  -p PID   a process of the relay; may be repeated\n"
          "  -C CPU   stay on this processor\n"
          "  -d       direct: the phones send to each other, which is the floor of the latency\n",
          stderr);
    exit(2);
}

static void fail(const char *what, enum error error)
{
    if (error == ERR_SYSTEM)
        perror(what);
    else
        fprintf(stderr, "rtpload: %s: %s\n", what, error_text(error));
    exit(1);
}

static void process_add(struct options *o, const char *number)
{
    if (o->process_count == PROCESSES_MAX)
        fail("-p", ERR_LIMIT);
    o->processes[o->process_count++] = (pid_t)atoi(number);
}

static void options_read(struct options *o, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "f:c:t:w:p:C:d")) >= 0) {
        switch (option) {
        case 'f':
            o->list = optarg;
            break;
        case 'c':
            o->calls = strtoul(optarg, NULL, 10);
            break;
        case 't':
            o->seconds = atof(optarg);
            break;
        case 'w':
            o->warmup = atof(optarg);
            break;
        case 'p':
            process_add(o, optarg);
            break;
        case 'C':
            o->cpu = atoi(optarg);
            break;
        case 'd':
            o->direct = true;
            break;
        default:
            usage();
        }
    }
    if (!o->list || o->seconds <= 0 || o->warmup < 0 || optind != argc)
        usage();
}

static void stay_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        fail("-C", ERR_SYSTEM);
}

/* Two sockets a call: more than a shell usually allows. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct used used_now(const struct options *o)
{
    struct used used = {.own = usage_cpu(getpid())};

    for (unsigned i = 0; i < o->process_count; i++)
        used.relay += usage_cpu(o->processes[i]);
    return used;
}

static struct used measure(struct talk *t, const struct options *o)
{
    uint64_t begin = clock_ns(CLOCK_MONOTONIC) + HEAD_START;
    uint64_t from = begin + (uint64_t)(o->warmup * 1e9), to = from + (uint64_t)(o->seconds * 1e9);
    uint64_t wall = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
    struct used before, after;

    t->window.from = from + wall;
    t->window.to = to + wall;
    talk_begin(t, begin);
    talk_until(t, from);
    before = used_now(o);
    talk_until(t, to);
    after = used_now(o);
    talk_listen(t, to + STRAGGLERS);
    return (struct used){after.relay - before.relay, after.own - before.own};
}

/* Of the phone that has it worst. */
struct worst {
    uint64_t silent; /* phones that heard nothing */
    uint64_t lost;   /* packets of one stream */
    uint64_t gap;    /* ns between two packets */
};

static void worst_take(struct worst *w, const struct phone *p, const struct phone *peer)
{
    w->silent += p->received == 0;
    if (peer->sent > p->received + w->lost)
        w->lost = peer->sent - p->received;
    if (p->gap > w->gap)
        w->gap = p->gap;
}

static struct phone phones_total(const struct talk *t, struct worst *worst)
{
    struct phone all = {.fd = -1};

    for (size_t i = 0; i < t->count; i++) {
        const struct phone *p = &t->phones[i];

        all.sent += p->sent;
        all.received += p->received;
        all.refused += p->refused;
        all.foreign += p->foreign;
        all.arrivals.duplicated += p->arrivals.duplicated;
        all.arrivals.reordered += p->arrivals.reordered;
        worst_take(worst, p, &t->phones[i ^ 1]);
    }
    return all;
}

static void print_quantiles(const char *name, const struct histogram *h)
{
    printf("\"%s\": {\"p50\": %" PRIu64 ", \"p99\": %" PRIu64 ", \"max\": %" PRIu64 "}, ", name,
           histogram_quantile(h, .5), histogram_quantile(h, .99), histogram_quantile(h, 1));
}

static void report(const struct talk *t, struct used used)
{
    struct worst worst = {0};
    struct phone all = phones_total(t, &worst);
    double packets = all.received ? (double)all.received : 1,
           sends = all.sent ? (double)all.sent : 1;

    printf("{\"calls\": %zu, \"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", \"lost\": %" PRIu64
           ", ",
           t->count / 2, all.sent, all.received, all.sent - all.received);
    printf("\"duplicated\": %" PRIu64 ", \"reordered\": %" PRIu64 ", \"foreign\": %" PRIu64
           ", \"refused\": %" PRIu64 ", \"silent\": %" PRIu64 ", ",
           all.arrivals.duplicated, all.arrivals.reordered, all.foreign, all.refused, worst.silent);
    printf("\"lost_most\": %" PRIu64 ", \"gap_ms\": %" PRIu64 ", ", worst.lost,
           worst.gap / 1000000);
    print_quantiles("latency_us", &t->window.latency);
    print_quantiles("late_us", &t->window.lateness);
    printf("\"cpu_us\": %.3f, \"own_us\": %.3f, \"send_us\": %.3f}\n",
           (double)used.relay / 1e3 / packets, (double)used.own / 1e3 / packets,
           (double)t->window.sending / 1e3 / sends);
}

int main(int argc, char **argv)
{
    static struct talk talk;
    struct options options = {.seconds = 10, .warmup = 1, .cpu = -1};
    enum error error;

    options_read(&options, argc, argv);
    raise_file_limit();
    if (options.cpu >= 0)
        stay_on(options.cpu);
    error = talk_open(&talk, options.list, options.calls, options.direct);
    if (error != OK)
        fail(options.list, error);
    report(&talk, measure(&talk, &options));
    talk_close(&talk);
    return 0;
}
