/* The parent's share of the kernel path of audio: it holds the program to the interfaces and hands
 * the map to every media role. */
#ifndef OFFHOOK_SERVER_MEDIA_KERNEL_H
#define OFFHOOK_SERVER_MEDIA_KERNEL_H

#include "server/child.h"

struct kernel_path;

struct media_kernel {
    struct kernel_path *path; /* NULL: audio stays in user space */
    char why[256];            /* for people: why it does, or what has it in the kernel */
};

/* As media.kernel wants it, before the parent gives up its rights. False: the daemon may not start
 * without it; then why says what is missing. */
bool media_kernel_open(struct media_kernel *k, const struct config *config,
                       struct event_base *base);
void media_kernel_close(struct media_kernel *k);
/* Hands the map, if there is one, to a role that has just been started, before the ledger. */
void media_kernel_brief(const struct media_kernel *k, struct child *c);
/* "tcx", "clsact" (media/kernel.h), or "off". */
const char *media_kernel_kind(const struct media_kernel *k);

#endif
