/* Attaching at ingress: a TCX link where there are such, else a filter at a fixed place. */
#include "media/kernel_hook.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
/* wants those above first */
#include <linux/bpf.h>

#define LOOPBACK    1  /* lo has this index in every network namespace */
#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, which headers older than Linux 6.6 do not know */
/* the place of the filter: who finds one there replaces it */
#define FILTER_HANDLE   1
#define FILTER_PRIORITY 28520

static int tcx_open(int program, int interface)
{
    union bpf_attr a;

    memset(&a, 0, sizeof(a));
    a.link_create.prog_fd = (uint32_t)program;
    a.link_create.target_ifindex = (uint32_t)interface;
    a.link_create.attach_type = TCX_INGRESS;
    return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a));
}

/* 0, or an errno. A clsact that is there already will do. */
static int filter_open(int program, int interface)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface, .attach_point = BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = program, .handle = FILTER_HANDLE,
                .priority = FILTER_PRIORITY, .flags = BPF_TC_F_REPLACE);
    int failed = -bpf_tc_hook_create(&hook);

    return failed && failed != EEXIST ? failed : -bpf_tc_attach(&hook, &filter);
}

bool kernel_hook_tcx(int program)
{
    int link = tcx_open(program, LOOPBACK);

    if (link >= 0)
        close(link);
    return link >= 0;
}

enum error kernel_hook_open(struct kernel_hook *out, int program, int interface, bool tcx)
{
    int failed = 0, link = -1;

    if (tcx) {
        link = tcx_open(program, interface);
        failed = link < 0 ? errno : 0;
    } else {
        failed = filter_open(program, interface);
    }
    *out = (struct kernel_hook){.interface = interface, .link = link};
    errno = failed;
    if (failed)
        return failed == ENODEV ? ERR_NOT_FOUND : ERR_SYSTEM;
    return OK;
}

/* The clsact stays: others may have put filters there. */
void kernel_hook_close(struct kernel_hook *h)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = h->interface, .attach_point = BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

    if (h->link >= 0)
        close(h->link);
    else
        bpf_tc_detach(&hook, &filter); /* fails when the interface is gone */
}
