/* The fast path comes and goes: interfaces, ends, rights, and the records of its map. */
#include <errno.h>
#include <event2/event.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/kernel_inside.h"
#include "tests/unit/fast_path.h"

#define NOBODY 65534

static struct scene scene;

static void news_take(void)
{
    event_base_loop(scene.base, EVLOOP_NONBLOCK);
}

/* ---- interfaces -------------------------------------------------------------------------------
 */

static void interfaces_are_followed(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    for (int i = 0; i < 2; i++) {
        command_run("ip link delete to-a");
        news_take();
        cable_lay(&scene.spaces, scene.spaces.a, "to-a", 1);
        line_open(&l, &scene.spaces, 4);
        line_set(&scene, &l);
        assert_slow(&l);
        news_take();
        assert_fast(&l);
        line_close(&l);
    }
    scene_close(&scene);
}

static void interfaces_may_rest(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_begin(&scene, &l);
    command_run("ip link set to-a down");
    news_take();
    command_run("ip link set to-a up");
    news_take();
    assert_fast(&l);
    scene_end(&scene, &l);
}

static void loopback_is_left_alone(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    line_open_loopback(&l, 4);
    line_set(&scene, &l);
    assert_slow(&l);
    scene_end(&scene, &l);
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void assert_no_filter(void)
{
    command_run("test -z \"$(tc filter show dev to-a ingress)$(tc filter show dev to-b ingress)\"");
}

static void close_detaches(void **state)
{
    static const enum scene_kind kinds[] = {SCENE_PLAIN, SCENE_CLSACT};
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        scene_open(&scene, kinds[i]);
        if (kinds[i] == SCENE_CLSACT)
            assert_string_equal(kernel_path_kind(scene.path), "clsact");
        line_open(&l, &scene.spaces, 4);
        line_set(&scene, &l);
        assert_fast(&l);
        kernel_path_close(scene.path);
        scene.path = NULL;
        assert_slow(&l);
        assert_no_filter();
        scene_end(&scene, &l);
    }
}

/* Another process has the path, relays that line, and is killed. */
static void path_die(const struct line *l, bool clsact)
{
    char why[256], byte;
    int tube[2];
    pid_t child;

    assert_int_equal(pipe(tube), 0);
    child = fork();
    if (child == 0) {
        struct event_base *base = event_base_new();
        struct scene other;

        if (clsact ? kernel_path_open_clsact(&other.path, base, false, why)
                   : kernel_path_open(&other.path, base, false, why))
            _exit(1);
        other.map = kernel_path_map(other.path);
        kernel_lease_renew(other.map, now_ns() + LONG_NS);
        line_set(&other, l);
        if (write(tube[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(tube[0], &byte, 1), 1);
    assert_fast(l);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(tube[0]);
    close(tube[1]);
}

static void death_detaches(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    if (strcmp(kernel_path_kind(scene.path), "tcx") != 0) {
        print_message("skipped: this kernel has no TCX\n");
        scene_close(&scene);
        skip();
    }
    line_open(&l, &scene.spaces, 4);
    path_die(&l, false);
    assert_slow(&l);
    scene_end(&scene, &l);
}

/* A filter stays behind; the next path takes its place, and takes it away in the end. */
static void filters_are_replaced(void **state)
{
    struct line l;
    char why[256];

    (void)state;
    ONLY_WHERE_POSSIBLE();
    spaces_open(&scene.spaces);
    scene.base = event_base_new();
    line_open(&l, &scene.spaces, 4);
    path_die(&l, true);
    assert_fast(&l); /* its lease stands */
    assert_int_equal(kernel_path_open_clsact(&scene.path, scene.base, false, why), OK);
    assert_slow(&l);
    kernel_path_close(scene.path);
    assert_no_filter();
    scene.path = NULL;
    scene_end(&scene, &l);
}

/* ---- rights -----------------------------------------------------------------------------------
 */

/* In a child: becomes nobody, with those capabilities. */
static void rights_drop(const cap_value_t *keep, int n)
{
    cap_t caps = cap_init();

    if (prctl(PR_SET_KEEPCAPS, 1) || setresgid(NOBODY, NOBODY, NOBODY) ||
        setresuid(NOBODY, NOBODY, NOBODY) ||
        (n && (cap_set_flag(caps, CAP_PERMITTED, n, keep, CAP_SET) ||
               cap_set_flag(caps, CAP_EFFECTIVE, n, keep, CAP_SET))) ||
        cap_set_proc(caps))
        _exit(100);
    cap_free(caps);
}

/* The error of a child that opens a path of its own. */
static int open_with(const cap_value_t *keep, int n)
{
    char why[256] = "";
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        struct event_base *base = event_base_new();
        struct kernel_path *path = NULL;
        enum error e;

        rights_drop(keep, n);
        e = kernel_path_open(&path, base, false, why);
        if (e && !strstr(why, "CAP_BPF and CAP_NET_ADMIN"))
            _exit(101);
        kernel_path_close(path);
        event_base_free(base);
        _exit((int)e);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void two_capabilities_are_enough(void **state)
{
    static const cap_value_t both[] = {CAP_BPF, CAP_NET_ADMIN};

    (void)state;
    ONLY_WHERE_POSSIBLE();
    spaces_open(&scene.spaces);
    assert_int_equal(open_with(both, 2), OK);
    assert_int_equal(open_with(both, 1), ERR_DENIED);
    assert_int_equal(open_with(both + 1, 1), ERR_DENIED);
    spaces_close(&scene.spaces);
}

/* In a child: as in a container, or under a service manager that protects them. */
static void settings_protect(void)
{
    const char *sys = "/proc/sys";

    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount(sys, sys, NULL, MS_BIND, NULL) ||
        mount(NULL, sys, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL))
        _exit(100);
}

static int open_protected(void)
{
    char why[256] = "";
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        struct event_base *base = event_base_new();
        struct kernel_path *path = NULL;
        enum error e;

        settings_protect();
        e = kernel_path_open(&path, base, false, why);
        if (e && !strstr(why, "net.ipv4.conf.lo.forwarding"))
            _exit(101);
        kernel_path_close(path);
        event_base_free(base);
        _exit((int)e);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void forwarding_may_be_set_by_others(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    spaces_open(&scene.spaces);
    assert_int_equal(open_protected(), ERR_SYSTEM);
    command_run("echo 1 >/proc/sys/net/ipv4/conf/lo/forwarding");
    assert_int_equal(open_protected(), OK); /* without IPv6 */
    spaces_close(&scene.spaces);
}

static void the_map_takes_no_rights(void **state)
{
    struct line l;
    int status = -1;
    pid_t child;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    kernel_flows_clear(scene.map);
    line_open(&l, &scene.spaces, 4);
    child = fork();
    if (child == 0) {
        rights_drop(NULL, 0);
        if (kernel_lease_renew(scene.map, now_ns() + LONG_NS))
            _exit(1);
        line_set(&scene, &l);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_fast(&l);
    scene_end(&scene, &l);
}

/* ---- the map ----------------------------------------------------------------------------------
 */

#define FOUR(a, b, c, d, p)                                                                        \
    {                                                                                              \
        .family = 4, .port = (p), .bytes = {(a), (b), (c), (d) }                                   \
    }
#define SIX(a, b, p)                                                                               \
    {                                                                                              \
        .family = 6, .port = (p), .bytes = {(a), (b), [15] = 1 }                                   \
    }

static const struct media_address unfit[] = {
    FOUR(10, 0, 1, 1, 0),
    FOUR(0, 0, 0, 0, 4000),
    FOUR(224, 0, 0, 1, 4000),
    FOUR(255, 255, 255, 255, 4000),
    FOUR(169, 254, 1, 1, 4000),
    SIX(0xfd, 0, 4000), /* the others are IPv4 */
    {.family = 0, .port = 4000, .bytes = {10, 0, 1, 1}},
};
static const struct media_address unfit6[] = {
    SIX(0xff, 2, 4000),          SIX(0xfe, 0x80, 4000),   SIX(0xfd, 0, 0),
    {.family = 6, .port = 4000}, FOUR(10, 0, 1, 1, 4000),
};

static void assert_unfit(const struct media_address *good, const struct media_address *bad)
{
    struct kernel_flow f = {*good, *good, *good, *good, 0, false};
    struct media_address *ends[] = {&f.peer, &f.local, &f.out_local, &f.out_peer};

    assert_int_equal(kernel_flow_set(scene.map, &f, 8000), OK);
    for (size_t i = 0; i < COUNT(ends); i++) {
        *ends[i] = *bad;
        assert_int_equal(kernel_flow_set(scene.map, &f, 8000), ERR_LIMIT);
        *ends[i] = *good;
    }
}

static void some_addresses_are_refused(void **state)
{
    const struct media_address four = FOUR(10, 0, 1, 1, 4000), six = SIX(0xfd, 0, 4000);

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    for (size_t i = 0; i < COUNT(unfit); i++)
        assert_unfit(&four, &unfit[i]);
    for (size_t i = 0; i < COUNT(unfit6); i++)
        assert_unfit(&six, &unfit6[i]);
    scene_close(&scene);
}

static void the_map_has_an_end(void **state)
{
    struct kernel_flow f = {FOUR(10, 0, 1, 2, 1),
                            FOUR(10, 0, 1, 1, 1),
                            FOUR(10, 0, 2, 1, 1),
                            FOUR(10, 0, 2, 2, 1),
                            0,
                            false};
    struct kernel_counts c;
    unsigned n = 0;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    for (; kernel_flow_set(scene.map, &f, 8000) == OK; n++)
        if (++f.peer.port == 0)
            f.local.port = ++f.peer.port + 1;
    assert_int_equal(n, 65535); /* and the lease */
    assert_int_equal(kernel_flow_set(scene.map, &f, 8000), ERR_LIMIT);
    kernel_flows_clear(scene.map);
    f.peer.port = f.local.port = 1;
    assert_int_equal(kernel_flow_read(scene.map, &f, &c), ERR_NOT_FOUND);
    assert_int_equal(kernel_flow_set(scene.map, &f, 8000), OK);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interfaces_are_followed),
        cmocka_unit_test(interfaces_may_rest),
        cmocka_unit_test(loopback_is_left_alone),
        cmocka_unit_test(close_detaches),
        cmocka_unit_test(death_detaches),
        cmocka_unit_test(filters_are_replaced),
        cmocka_unit_test(two_capabilities_are_enough),
        cmocka_unit_test(forwarding_may_be_set_by_others),
        cmocka_unit_test(the_map_takes_no_rights),
        cmocka_unit_test(some_addresses_are_refused),
        cmocka_unit_test(the_map_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
