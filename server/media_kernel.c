/* Opening the kernel path, or saying why not. */
#include "server/media_kernel.h"

#include <stdio.h>

#include "media/kernel.h"

bool media_kernel_open(struct media_kernel *k, const struct config *config, struct event_base *base)
{
    enum media_kernel_use use = config->media.kernel;
    char why[256];

    if (use == KERNEL_NEVER) {
        snprintf(k->why, sizeof(k->why), "media.kernel is never");
        return true;
    }
    if (kernel_path_open(&k->path, base, use == KERNEL_ALWAYS, why) == OK) {
        snprintf(k->why, sizeof(k->why), "media.kernel is %s",
                 use == KERNEL_ALWAYS ? "always" : "auto");
        return true;
    }
    k->path = NULL;
    snprintf(k->why, sizeof(k->why), "%s", why);
    if (use == KERNEL_AUTO)
        log_info("audio is relayed in user space: %s", why);
    return use == KERNEL_AUTO;
}

void media_kernel_close(struct media_kernel *k)
{
    kernel_path_close(k->path);
    k->path = NULL;
}

void media_kernel_brief(const struct media_kernel *k, struct child *c)
{
    if (k->path)
        child_send(c, ROLE_KERNEL, 0, VIEW_NONE, kernel_path_map(k->path));
}

const char *media_kernel_kind(const struct media_kernel *k)
{
    return k->path ? kernel_path_kind(k->path) : "off";
}
