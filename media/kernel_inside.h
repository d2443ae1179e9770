/* What tests reach of the fast path. Only for media/. */
#ifndef OFFHOOK_MEDIA_KERNEL_INSIDE_H
#define OFFHOOK_MEDIA_KERNEL_INSIDE_H

#include "media/kernel.h"

/* kernel_path_open, by filters of clsact even where the kernel has TCX. */
enum error kernel_path_open_clsact(struct kernel_path **out, struct event_base *base, bool loopback,
                                   char why[256]);

#endif
