/* The sandbox holds: in each role the forbidden calls end the process by SIGSYS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <config.h>
#include <fcntl.h>
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

static char folder[64], database[96];

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
                     "keeper-user = \"nobody\"",
                     database, folder);
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

/* The wait status of a process that enters the sandbox of role and makes the call. */
static int sandboxed(enum role role, void (*call)(void))
{
    struct config *config = configure();
    int wait_status;
    assert_non_null(config);
    pid_t pid = fork();
    if (pid == 0) {
        char error[256];
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
    int wait_status = sandboxed(role, call);
    assert_true(WIFSIGNALED(wait_status));
    assert_int_equal(WTERMSIG(wait_status), SIGSYS);
}

static void assert_lives(enum role role, void (*call)(void))
{
    int wait_status = sandboxed(role, call);
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
        cmocka_unit_test(keeper_is_closed_in),
        cmocka_unit_test(nothing_stays_behind),
    };
    return cmocka_run_group_tests(tests, folder_new, folder_remove);
}
