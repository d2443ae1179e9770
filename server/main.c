/* offhookd(8): the daemon, or, executed again by itself, one of its roles. */
#include <config.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/daemon.h"
#include "server/parent.h"
#include "server/role.h"
#include "server/tls_files.h"

#define CHANNEL_FD 3

static int usage(FILE *out, int status)
{
    fputs("usage: offhookd [-c FILE] [-n] [-V] [-h]\n", out);
    return status;
}

static int help(void)
{
    usage(stdout, 0);
    puts("  -c FILE  the configuration file\n"
         "  -n       check the configuration and exit\n"
         "  -V       print the version and exit\n"
         "  -h       print this and exit");
    return 0;
}

static void problem_print(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

static int configuration_check(const char *path)
{
    struct config *c = daemon_configure(path, problem_print, NULL);
    if (!c)
        return 1;
    char error[TLS_FILES_ERROR];
    bool right = !config_has_tls(c) || !tls_files_check(c, error);
    if (right) {
        config_warnings(c, problem_print, NULL);
        printf("%s: ok\n", path ? path : config_default_path());
    } else {
        problem_print(NULL, error);
    }
    config_free(c);
    return right ? 0 : 1;
}

/* Only the parent gives a process a channel as descriptor 3. */
static bool channel_given(void)
{
    int kind = 0, family = 0;
    socklen_t size = sizeof kind;
    return !getsockopt(CHANNEL_FD, SOL_SOCKET, SO_TYPE, &kind, &size) && kind == SOCK_SEQPACKET &&
           !getsockopt(CHANNEL_FD, SOL_SOCKET, SO_DOMAIN, &family, &size) && family == AF_UNIX;
}

static int role_run(const char *name)
{
    for (int role = 0; role < ROLES; role++)
        if (!strcmp(role_name((enum role)role), name) && channel_given())
            return role_main((enum role)role);
    return usage(stderr, 2);
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    bool check = false;
    int option;
    if (argc == 3 && !strcmp(argv[1], "--role"))
        return role_run(argv[2]);
    opterr = 0;
    static const struct option names[] = {
        {"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'}, {0}};
    while ((option = getopt_long(argc, argv, "c:nVh", names, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'n':
            check = true;
            break;
        case 'V':
            puts("offhookd " PACKAGE_VERSION);
            return 0;
        case 'h':
            return help();
        default:
            return usage(stderr, 2);
        }
    }
    if (optind < argc)
        return usage(stderr, 2);
    return check ? configuration_check(path) : parent_run(path);
}
