/* The network interfaces of this host, and news of them (rtnetlink). Only for media/. */
#ifndef OFFHOOK_MEDIA_KERNEL_LINK_H
#define OFFHOOK_MEDIA_KERNEL_LINK_H

#include <stdbool.h>

#include "base/error.h"

struct event_base;

struct kernel_link {
    int index;
    bool up, gone;
    bool loopback, ethernet; /* lo is no Ethernet */
    const char *name;        /* "?" when unknown; lives as long as the call */
};

typedef void kernel_link_fn(void *arg, const struct kernel_link *link);

struct kernel_links;

/* Reports each interface once before it returns, and then on base whatever changes; the same news
 * may come again. The caller owns *out. */
enum error kernel_links_open(struct kernel_links **out, struct event_base *base,
                             kernel_link_fn *report, void *arg);
void kernel_links_close(struct kernel_links *k);

#endif
