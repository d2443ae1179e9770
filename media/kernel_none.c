/* The parent's side of the fast path in a build without it. */
#include <stdio.h>

#include "media/kernel_inside.h"

bool kernel_available(const char **why)
{
    *why = "it was built without the fast path: that takes libbpf 1.0 and clang, and --with-bpf";
    return false;
}

enum error kernel_path_open(struct kernel_path **out, struct event_base *base, bool loopback,
                            char why[256])
{
    const char *text;

    (void)out;
    (void)base;
    (void)loopback;
    kernel_available(&text);
    snprintf(why, 256, "%s", text);
    return ERR_NOT_FOUND;
}

enum error kernel_path_open_clsact(struct kernel_path **out, struct event_base *base, bool loopback,
                                   char why[256])
{
    return kernel_path_open(out, base, loopback, why);
}

int kernel_path_map(const struct kernel_path *k)
{
    (void)k;
    return -1;
}

const char *kernel_path_kind(const struct kernel_path *k)
{
    (void)k;
    return "none";
}

void kernel_path_close(struct kernel_path *k)
{
    (void)k;
}
