/* The program's hold on one interface. Only for media/. */
#ifndef OFFHOOK_MEDIA_KERNEL_HOOK_H
#define OFFHOOK_MEDIA_KERNEL_HOOK_H

#include <stdbool.h>

#include "base/error.h"

struct kernel_hook {
    int interface; /* its index */
    int link;      /* of TCX, a descriptor; -1: a filter of clsact */
};

/* Does this kernel have TCX (6.6 and later)? Tried with program on lo, for a moment. */
bool kernel_hook_tcx(int program);
/* ERR_NOT_FOUND: no such interface any more; ERR_SYSTEM: errno tells. */
enum error kernel_hook_open(struct kernel_hook *out, int program, int interface, bool tcx);
void kernel_hook_close(struct kernel_hook *h);

#endif
