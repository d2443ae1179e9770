/* The parent's side of the fast path: the program, its map, and the interfaces that it is on. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "media/kernel_hook.h"
#include "media/kernel_inside.h"
#include "media/kernel_link.h"

/* The compiled program: an ELF file, which wants to be aligned. */
static _Alignas(8) const unsigned char program_bytes[] = {
#include "media/bpf/relay_object.inc"
};

struct hooked {
    struct kernel_hook hook;
    struct hooked *next;
};

struct kernel_path {
    struct bpf_object *object; /* owns program and map */
    int program, map;
    bool tcx, loopback;
    struct kernel_links *links;
    struct hooked *hooks;
    int failed; /* errno of an interface that could not be hooked */
};

bool kernel_available(const char **why)
{
    *why = "";
    return true;
}

static void hook_add(struct kernel_path *k, const struct kernel_link *link)
{
    struct hooked *h = malloc(sizeof(*h));
    enum error e = h ? kernel_hook_open(&h->hook, k->program, link->index, k->tcx) : ERR_MEMORY;

    if (e) {
        free(h);
        if (e == ERR_NOT_FOUND)
            return;
        k->failed = errno;
        log_errno("interface %s is left out of the fast path", link->name);
        return;
    }
    h->next = k->hooks;
    k->hooks = h;
    log_debug("interface %s is on the fast path", link->name);
}

static void hook_remove(struct hooked **at)
{
    struct hooked *h = *at;

    *at = h->next;
    kernel_hook_close(&h->hook);
    free(h);
}

/* An interface that is down keeps its hook: nothing comes in, and it may be up again soon. */
static void on_link(void *arg, const struct kernel_link *link)
{
    struct kernel_path *k = arg;
    struct hooked **at = &k->hooks;

    while (*at && (*at)->hook.interface != link->index)
        at = &(*at)->next;
    if (*at && link->gone)
        hook_remove(at);
    else if (!*at && !link->gone && link->up && (link->loopback ? k->loopback : link->ethernet))
        hook_add(k, link);
}

/* 0, or an errno. */
static int program_load(struct kernel_path *k)
{
    struct bpf_program *program;

    libbpf_set_print(NULL); /* it has many lines for one failure */
    k->object = bpf_object__open_mem(program_bytes, sizeof(program_bytes), NULL);
    if (!k->object || bpf_object__load(k->object))
        return errno;
    program = bpf_object__find_program_by_name(k->object, "relay");
    k->program = program ? bpf_program__fd(program) : -1;
    k->map = bpf_object__find_map_fd_by_name(k->object, "flows");
    return k->program < 0 || k->map < 0 ? ENOENT : 0;
}

static bool forwards(int fd)
{
    char value = '0';

    return read(fd, &value, 1) == 1 && value != '0';
}

/* The kernel answers a program that asks for a route only where forwarding is on; the question is
 * asked as if from lo, where no packet comes in that is not for this host. */
static bool forwarding_allow(const char *family)
{
    char path[64];
    int fd;
    bool done;

    snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/lo/forwarding", family);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT; /* no such family here */
    done = forwards(fd);
    close(fd);
    if (done)
        return true;
    fd = open(path, O_WRONLY | O_CLOEXEC);
    done = fd >= 0 && write(fd, "1\n", 2) == 2;
    if (!done)
        log_warning("%s has no fast path: net.%s.conf.lo.forwarding cannot be set to 1", family,
                    family);
    if (fd >= 0)
        close(fd);
    return done;
}

static enum error fail(char why[256], int number, const char *what)
{
    if (number == EPERM || number == EACCES) {
        snprintf(why, 256, "%s: it takes CAP_BPF and CAP_NET_ADMIN", what);
        return ERR_DENIED;
    }
    snprintf(why, 256, "%s: %s", what, strerror(number));
    return number == ENOMEM ? ERR_MEMORY : ERR_SYSTEM;
}

static enum error path_begin(struct kernel_path *k, struct event_base *base, char why[256])
{
    int failed = program_load(k);
    bool routes;

    if (failed)
        return fail(why, failed, "the kernel does not load the relay program");
    k->tcx = k->tcx && kernel_hook_tcx(k->program);
    routes = forwarding_allow("ipv4");
    if (!forwarding_allow("ipv6") && !routes)
        return fail(why, EROFS, "net.ipv4.conf.lo.forwarding cannot be set to 1");
    if (kernel_links_open(&k->links, base, on_link, k))
        return fail(why, errno, "the network interfaces cannot be listed");
    if (!k->hooks && k->failed)
        return fail(why, k->failed, "the relay program cannot be attached to any interface");
    return OK;
}

static enum error path_open(struct kernel_path **out, struct event_base *base, bool loopback,
                            bool tcx, char why[256])
{
    struct kernel_path *k = calloc(1, sizeof(*k));
    enum error e;

    if (!k)
        return fail(why, ENOMEM, "the fast path");
    k->loopback = loopback;
    k->tcx = tcx;
    e = path_begin(k, base, why);
    if (e) {
        kernel_path_close(k);
        return e;
    }
    *out = k;
    return OK;
}

enum error kernel_path_open(struct kernel_path **out, struct event_base *base, bool loopback,
                            char why[256])
{
    return path_open(out, base, loopback, true, why);
}

enum error kernel_path_open_clsact(struct kernel_path **out, struct event_base *base, bool loopback,
                                   char why[256])
{
    return path_open(out, base, loopback, false, why);
}

int kernel_path_map(const struct kernel_path *k)
{
    return k->map;
}

const char *kernel_path_kind(const struct kernel_path *k)
{
    return k->tcx ? "tcx" : "clsact";
}

void kernel_path_close(struct kernel_path *k)
{
    if (!k)
        return;
    kernel_links_close(k->links);
    while (k->hooks)
        hook_remove(&k->hooks);
    bpf_object__close(k->object);
    free(k);
}
