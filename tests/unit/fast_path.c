/* Opening and closing the scene of the fast path's tests. */
#include "tests/unit/fast_path.h"

#include <event2/event.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "media/kernel_inside.h"

const struct rtp_packet one = {.sequence = 7, .timestamp = 160, .ssrc = 0xabcd};
const struct rtp_packet two = {.sequence = 8, .timestamp = 320, .ssrc = 0xabcd};

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

void pass_until(uint64_t end_ns)
{
    const struct timespec end = {.tv_sec = (time_t)(end_ns / SECOND_NS),
                                 .tv_nsec = (long)(end_ns % SECOND_NS)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL))
        ;
}

bool fast_path_possible(void)
{
    const char *why;

    if (!kernel_available(&why)) {
        print_message("skipped: %s\n", why);
        return false;
    }
    if (geteuid() || unshare(CLONE_NEWNET)) {
        print_message("skipped: only root may have network namespaces and load programs\n");
        return false;
    }
    return true;
}

void scene_open(struct scene *s, enum scene_kind kind)
{
    char why[256] = "";
    enum error e;

    spaces_open(&s->spaces);
    s->base = event_base_new();
    if (kind == SCENE_CLSACT)
        e = kernel_path_open_clsact(&s->path, s->base, false, why);
    else
        e = kernel_path_open(&s->path, s->base, kind == SCENE_LOOPBACK, why);
    if (e)
        fail_msg("%s", why);
    s->map = kernel_path_map(s->path);
    assert_int_equal(kernel_lease_renew(s->map, now_ns() + LONG_NS), OK);
}

void scene_close(struct scene *s)
{
    kernel_path_close(s->path);
    event_base_free(s->base);
    spaces_close(&s->spaces);
}

void line_set(const struct scene *s, const struct line *l)
{
    assert_int_equal(kernel_flow_set(s->map, &l->forth, 8000), OK);
    assert_int_equal(kernel_flow_set(s->map, &l->back, 8000), OK);
}

void scene_begin(struct scene *s, struct line *l)
{
    scene_open(s, SCENE_PLAIN);
    line_open(l, &s->spaces, 4);
    line_set(s, l);
}

void scene_end(struct scene *s, struct line *l)
{
    line_close(l);
    scene_close(s);
}

void assert_fast(const struct line *l)
{
    char byte;

    rtp_send(l->a, &l->forth.local, &one);
    rtp_expect(l->b, &l->forth.out_local, &one);
    rtp_send(l->b, &l->back.local, &two);
    rtp_expect(l->a, &l->back.out_local, &two);
    assert_int_equal(recv(l->near, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(recv(l->far, &byte, 1, MSG_DONTWAIT), -1);
}

void assert_slow(const struct line *l)
{
    rtp_send(l->a, &l->forth.local, &one);
    rtp_expect(l->near, &l->forth.peer, &one);
}
