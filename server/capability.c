/* What the parent keeps of root's rights once everything is open. */
#include "server/capability.h"

#include <stddef.h>
#include <sys/capability.h>

static const cap_value_t kept[] = {
    CAP_NET_BIND_SERVICE, /* ports below 1024 for roles that come later */
    CAP_DAC_READ_SEARCH,  /* a configuration file that only its owner may read, at reload */
    CAP_KILL,             /* roles run under other accounts */
    CAP_SETUID,           /* a role takes its account, also when it is restarted */
    CAP_SETGID,
    CAP_SYS_CHROOT, /* a role closes itself in, also when it is restarted */
};

static bool kept_has(cap_value_t c, bool kernel)
{
    if (c == CAP_BPF || c == CAP_NET_ADMIN)
        return kernel; /* the fast path of the media, for interfaces that come later */
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (kept[i] == c)
            return true;
    return false;
}

enum error capabilities_keep(bool kernel)
{
    cap_t now = cap_get_proc(), next = cap_init();
    bool failed = !now || !next;
    for (cap_value_t c = 0; !failed && c < cap_max_bits(); c++) {
        cap_flag_value_t has = CAP_CLEAR;
        cap_get_flag(now, c, CAP_PERMITTED, &has);
        if (!kept_has(c, kernel))
            cap_drop_bound(c); /* fails without CAP_SETPCAP: then there is little to drop */
        else if (has == CAP_SET)
            failed = cap_set_flag(next, CAP_PERMITTED, 1, &c, CAP_SET) ||
                     cap_set_flag(next, CAP_EFFECTIVE, 1, &c, CAP_SET);
    }
    failed = failed || cap_set_proc(next);
    if (now)
        cap_free(now);
    if (next)
        cap_free(next);
    return failed ? ERR_SYSTEM : OK;
}
