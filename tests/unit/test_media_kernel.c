/* The fast path: packets cross the relay's host without waking it, and only those that may. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* wants those above first */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>

#include "media/kernel_inside.h"
#include "tests/unit/check.h"
#include "tests/unit/phones.h"

#define SECOND 1000000000ull

static const struct rtp_packet first = {.sequence = 7, .timestamp = 160, .ssrc = 0xabcd};
static const struct rtp_packet second = {.sequence = 8, .timestamp = 320, .ssrc = 0xabcd};

static struct spaces spaces;
static struct event_base *base;
static struct kernel_path *path;
static int map;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* ---- the scene: what each test finds ----------------------------------------------------------
 */

static bool fast_path_possible(void)
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

#define ONLY_WHERE_POSSIBLE()                                                                      \
    do {                                                                                           \
        if (!fast_path_possible())                                                                 \
            skip();                                                                                \
    } while (0)

static void path_begin(bool clsact, bool loopback)
{
    char why[256] = "";
    enum error e = clsact ? kernel_path_open_clsact(&path, base, loopback, why)
                          : kernel_path_open(&path, base, loopback, why);

    if (e)
        fail_msg("%s", why);
    map = kernel_path_map(path);
    assert_int_equal(kernel_lease_renew(map, now_ns() + 600 * SECOND), OK);
}

static void scene_open(bool clsact)
{
    spaces_open(&spaces);
    base = event_base_new();
    path_begin(clsact, false);
}

static void scene_close(void)
{
    kernel_path_close(path);
    event_base_free(base);
    spaces_close(&spaces);
}

static void line_set(const struct line *l)
{
    assert_int_equal(kernel_flow_set(map, &l->forth, 8000), OK);
    assert_int_equal(kernel_flow_set(map, &l->back, 8000), OK);
}

/* The phones hear each other, and the relay's sockets nothing. */
static void assert_fast(const struct line *l)
{
    char byte;

    rtp_send(l->a, &l->forth.local, &first);
    rtp_expect(l->b, &l->forth.out_local, &first);
    rtp_send(l->b, &l->back.local, &second);
    rtp_expect(l->a, &l->back.out_local, &second);
    assert_int_equal(recv(l->near, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(recv(l->far, &byte, 1, MSG_DONTWAIT), -1);
}

/* What a sends comes to the relay's socket. */
static void assert_slow(const struct line *l)
{
    rtp_send(l->a, &l->forth.local, &first);
    rtp_expect(l->near, &l->forth.peer, &first);
}

/* ---- what crosses -----------------------------------------------------------------------------
 */

static void packets_cross(uint8_t family, bool clsact)
{
    struct line l;

    scene_open(clsact);
    line_open(&l, &spaces, family);
    assert_slow(&l);
    line_set(&l);
    assert_fast(&l);
    kernel_flow_drop(map, &l.forth);
    assert_slow(&l);
    line_close(&l);
    scene_close();
}

static void packets_cross_by_ip4(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    packets_cross(4, false);
}

static void packets_cross_by_ip6(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    packets_cross(6, false);
}

static void packets_cross_by_a_filter(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    packets_cross(4, true);
    packets_cross(6, true);
}

static void packets_cross_loopback(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    spaces_open(&spaces);
    base = event_base_new();
    path_begin(false, true);
    for (uint8_t family = 4; family <= 6; family += 2) {
        line_open_loopback(&l, family);
        assert_slow(&l);
        line_set(&l);
        assert_fast(&l);
        line_close(&l);
    }
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_cross_by_ip4),
        cmocka_unit_test(packets_cross_by_ip6),
        cmocka_unit_test(packets_cross_by_a_filter),
        cmocka_unit_test(packets_cross_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
