/* The sandbox holds: in each role the forbidden calls end the process by SIGSYS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/sandbox.h"
#include "sip/resolver.h"
#include "tests/unit/name_server.h"

static char folder[64], database[96];
static unsigned workers = 1;

static bool sandbox_possible(void)
{
#ifdef WITH_SANITIZERS
    return false;
#else
    return geteuid() == 0;
#endif
}

static void problem_print(void *arg, const char *text)
{
    (void)arg;
    print_error("%s\n", text);
}

static struct config *configure(void)
{
    char text[400];
    int n = snprintf(text, sizeof text,
                     "database = \"%s\" control = \"%s/control.sock\" user = \"nobody\" "
                     "keeper-user = \"nobody\" workers = %u",
                     database, folder, workers);
    return config_parse("test", text, (size_t)n, problem_print, NULL);
}

static void call_nothing(void)
{
}

static void call_open(void)
{
    if (open(database, O_RDONLY | O_CLOEXEC) < 0)
        _exit(3);
}

static void call_open_refused(void)
{
    if (open(database, O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        _exit(3);
}

/* The heap of a thread grows, shrinks and goes. */
static void *memory_use(void *arg)
{
    void *blocks[400];
    (void)arg;
    for (int i = 0; i < 400; i++)
        blocks[i] = memset(malloc(100000), 1, 100000);
    for (int i = 400; i-- > 0;)
        free(blocks[i]);
    return NULL;
}

static void call_threads(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, memory_use, NULL))
            _exit(3);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void call_socketpair(void)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds))
        _exit(3);
}

static void call_open_inside(void)
{
    if (open("/offhook.db", O_RDWR | O_CLOEXEC) < 0)
        _exit(3);
}

static void call_socket(void)
{
    if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
        _exit(3);
}

static void call_execve(void)
{
    char *const argv[] = {(char *)"/bin/true", NULL};
    execve(argv[0], argv, argv + 1);
    _exit(3);
}

static void call_fork(void)
{
    if (fork() == 0)
        _exit(0);
}

static void call_chdir(void)
{
    if (chdir("/etc"))
        _exit(3);
}

/* A resolver, its name server, and sockets that were made before the sandbox closes. */
static struct name_server server;
static struct resolver *resolver;
static struct event_base *base;
static int stock[2][16];
static unsigned given[2];

static bool on_want_socket(void *arg, uint8_t family, bool stream)
{
    (void)arg;
    if (family != 4 || given[stream] == 16)
        return false;
    resolver_give_socket(resolver, family, stream, stock[stream][given[stream]++]);
    return true;
}

static void on_turned(void *arg)
{
    (void)arg;
}

static uint64_t on_random(void *arg)
{
    uint64_t out;
    (void)arg;
    random_bytes(&out, sizeof out);
    return out;
}

static void resolver_prepare(void)
{
    base = event_base_new();
    name_server_open(&server, base);
    name_server_srv(&server, "_sip._udp.x.test", 1, 1, 5070, "a.x.test");
    name_server_address(&server, "a.x.test", "192.0.2.1");
    server.truncates = true; /* TCP as well */
    for (int i = 0; i < 32; i++)
        stock[i % 2][i / 2] =
            socket(AF_INET, (i % 2 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (resolver_new(&resolver, &server.address, 1))
        _exit(6);
}

static void on_resolved(void *user, const struct resolver_address *list, unsigned count,
                        enum error error)
{
    (void)user;
    if (error || count != 1 || list[0].flow.port != 5070)
        _exit(7);
    event_base_loopbreak(base);
}

static void call_resolve(void)
{
    struct resolver_options options = {.families = {4},
                                       .transports = RESOLVER_UDP,
                                       .random = on_random,
                                       .handler = {on_want_socket, NULL, on_turned, NULL}};
    struct resolver_target target = {.host = VIEW("x.test")};
    struct wheel *wheel;
    if (wheel_new(&wheel, clock_ms()) || resolver_open(resolver, base, wheel, &options) ||
        !resolver_ask(resolver, &target, on_resolved, NULL))
        _exit(3);
    event_base_dispatch(base);
    resolver_free(resolver);
}

/* The wait status of a process that enters the sandbox of role, after `early`, and makes the call.
 */
static int sandboxed(enum role role, void (*early)(void), void (*call)(void))
{
    struct config *config = configure();
    int wait_status;
    assert_non_null(config);
    pid_t pid = fork();
    if (pid == 0) {
        char error[256];
        early();
        if (sandbox_enter(role, config, error))
            _exit(4);
        if (getuid() == 0)
            _exit(5);
        call();
        _exit(0);
    }
    config_free(config);
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    return wait_status;
}

static void assert_killed(enum role role, void (*call)(void))
{
    int wait_status = sandboxed(role, call_nothing, call);
    assert_true(WIFSIGNALED(wait_status));
    assert_int_equal(WTERMSIG(wait_status), SIGSYS);
}

static void assert_lives(enum role role, void (*call)(void))
{
    int wait_status = sandboxed(role, call_nothing, call);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

static void sip_is_closed_in(void **state)
{
    (void)state;
    if (!sandbox_possible())
        skip();
    assert_lives(ROLE_SIP, call_nothing);
    assert_killed(ROLE_SIP, call_open);
    assert_killed(ROLE_SIP, call_socket);
    assert_killed(ROLE_SIP, call_execve);
    assert_killed(ROLE_SIP, call_fork);
    assert_killed(ROLE_SIP, call_chdir);
}

static void sip_with_several_workers_is_closed_in(void **state)
{
    (void)state;
    if (!sandbox_possible())
        skip();
    workers = 3;
    assert_lives(ROLE_SIP, call_threads);
    assert_lives(ROLE_SIP, call_open_refused);
    assert_killed(ROLE_SIP, call_socketpair);
    assert_killed(ROLE_KEEPER, call_socketpair);
    assert_killed(ROLE_SIP, call_socket);
    assert_killed(ROLE_SIP, call_execve);
    assert_killed(ROLE_SIP, call_fork);
    assert_killed(ROLE_SIP, call_chdir);
    workers = 1;
    assert_killed(ROLE_SIP, call_open);
}

static void sip_asks_name_servers(void **state)
{
    (void)state;
    if (!sandbox_possible())
        skip();
    int wait_status = sandboxed(ROLE_SIP, resolver_prepare, call_resolve);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

static void keeper_is_closed_in(void **state)
{
    (void)state;
    if (!sandbox_possible())
        skip();
    assert_lives(ROLE_KEEPER, call_open_inside);
    assert_killed(ROLE_KEEPER, call_socket);
    assert_killed(ROLE_KEEPER, call_execve);
    assert_killed(ROLE_KEEPER, call_fork);
    assert_killed(ROLE_KEEPER, call_chdir);
}

static void nothing_stays_behind(void **state)
{
    (void)state;
    if (!sandbox_possible())
        skip();
    assert_lives(ROLE_SIP, call_nothing);
    assert_int_equal(unlink(database), 0);
    assert_int_equal(rmdir(folder), 0); /* fails when anything else is in it */
}

static int folder_new(void **state)
{
    (void)state;
    const struct passwd *nobody = getpwnam("nobody");
    snprintf(folder, sizeof folder, "/tmp/offhook-sandbox.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(database, sizeof database, "%s/offhook.db", folder);
    int fd = open(database, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || close(fd))
        return -1;
    if (geteuid() == 0 && nobody &&
        (chown(folder, nobody->pw_uid, nobody->pw_gid) ||
         chown(database, nobody->pw_uid, nobody->pw_gid)))
        return -1;
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    unlink(database);
    rmdir(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sip_is_closed_in),
        cmocka_unit_test(sip_with_several_workers_is_closed_in),
        cmocka_unit_test(sip_asks_name_servers),
        cmocka_unit_test(keeper_is_closed_in),
        cmocka_unit_test(nothing_stays_behind),
    };
    return cmocka_run_group_tests(tests, folder_new, folder_remove);
}
