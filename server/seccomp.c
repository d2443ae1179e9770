/* The system calls of the roles: one row a call. What is not here kills the process. */
#include "server/seccomp.h"

#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define KEEPER (1u << ROLE_KEEPER)
#define SIP    (1u << ROLE_SIP)
#define MEDIA  (1u << ROLE_MEDIA)
#define ALL    (KEEPER | MEDIA | SIP)

static const struct {
    const char *name;
    unsigned roles;
} calls[] = {
    /* the event loop, timers and descriptors that are open already */
    {"epoll_wait", ALL},
    {"epoll_pwait", ALL},
    {"epoll_pwait2", ALL},
    {"epoll_ctl", ALL},
    {"epoll_create1", ALL},
    {"eventfd2", ALL},
    {"timerfd_create", ALL},
    {"timerfd_settime", ALL},
    {"pipe2", ALL},
    {"poll", ALL},
    {"ppoll", ALL},
    {"read", ALL},
    {"readv", ALL},
    {"write", ALL},
    {"writev", ALL},
    {"close", ALL},
    {"fcntl", ALL},
    {"fstat", ALL},
    {"newfstatat", ALL}, /* glibc's fstat */
    {"lseek", ALL},
    /* sockets that somebody else made */
    {"recvmsg", ALL},
    {"recvmmsg", ALL},
    {"recvfrom", ALL},
    {"sendmsg", ALL},
    {"sendmmsg", ALL},
    {"sendto", ALL},
    {"accept", ALL},
    {"accept4", ALL},
    {"shutdown", ALL},
    {"getsockopt", ALL},
    {"getsockname", ALL},
    {"getpeername", ALL},
    {"connect", MEDIA | SIP},
    /* memory; what is mapped may not become executable, see below */
    {"brk", ALL},
    {"munmap", ALL},
    {"mremap", ALL},
    {"madvise", ALL},
    /* time, chance and who one is */
    {"clock_gettime", ALL},
    {"clock_getres", ALL},
    {"clock_nanosleep", ALL},
    {"nanosleep", ALL},
    {"gettimeofday", ALL},
    {"time", ALL},
    {"getrandom", ALL},
    {"getpid", ALL},
    {"getppid", ALL},
    {"gettid", ALL},
    {"getuid", ALL},
    {"geteuid", ALL},
    {"getgid", ALL},
    {"getegid", ALL},
    {"getrusage", ALL},
    {"sysinfo", ALL}, /* qsort asks how much memory there is */
    {"uname", ALL},
    {"sched_getaffinity", ALL},
    {"sched_yield", ALL},
    /* signals, threads, the end */
    {"futex", ALL},
    {"rseq", ALL},
    {"set_robust_list", ALL},
    {"rt_sigaction", ALL},
    {"rt_sigprocmask", ALL},
    {"rt_sigreturn", ALL},
    {"sigaltstack", ALL},
    {"restart_syscall", ALL},
    {"tgkill", ALL}, /* abort */
    {"exit", ALL},
    {"exit_group", ALL},
    /* the database and its snapshot */
    {"open", KEEPER},
    {"openat", KEEPER},
    {"access", KEEPER},
    {"faccessat", KEEPER},
    {"faccessat2", KEEPER},
    {"stat", KEEPER},
    {"lstat", KEEPER},
    {"statx", KEEPER},
    {"readlink", KEEPER},
    {"readlinkat", KEEPER},
    {"getcwd", KEEPER},
    {"getdents64", KEEPER},
    {"unlink", KEEPER},
    {"unlinkat", KEEPER},
    {"pread64", KEEPER},
    {"preadv", KEEPER},
    {"pwrite64", KEEPER},
    {"pwritev", KEEPER},
    {"fsync", KEEPER},
    {"fdatasync", KEEPER},
    {"ftruncate", KEEPER | MEDIA},
    {"fallocate", KEEPER},
    {"fadvise64", KEEPER},
    {"fchmod", KEEPER},
    {"fchown", KEEPER},
    {"chmod", KEEPER},
    {"umask", KEEPER},
    {"fstatfs", KEEPER},
    {"statfs", KEEPER},
    {"flock", KEEPER},
    {"msync", KEEPER},
    {"memfd_create", KEEPER},
};

static int call_number(const char *name)
{
    return seccomp_syscall_resolve_name(name);
}

static int calls_allow(scmp_filter_ctx filter, enum role role)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls && !failed; i++) {
        int number = call_number(calls[i].name);
        if (calls[i].roles & 1u << role && number != __NR_SCMP_ERROR)
            failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    return failed;
}

/* Allows name when all the bits of mask in argument n are as in value. */
static int masked_allow(scmp_filter_ctx filter, const char *name, unsigned n, uint64_t mask,
                        uint64_t value)
{
    struct scmp_arg_cmp cmp = {
        .arg = n, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call_number(name), 1, &cmp);
}

static int equal_allow(scmp_filter_ctx filter, const char *name, unsigned n, uint64_t value)
{
    struct scmp_arg_cmp cmp = {.arg = n, .op = SCMP_CMP_EQ, .datum_a = value};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call_number(name), 1, &cmp);
}

/* Records of a map that is open already; nothing is loaded, made or attached (media/kernel.h). */
static int map_allow(scmp_filter_ctx filter)
{
    const int commands[] = {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM,
                            BPF_MAP_GET_NEXT_KEY};
    int failed = 0;
    for (size_t i = 0; i < sizeof commands / sizeof *commands && !failed; i++)
        failed = equal_allow(filter, "bpf", 0, (uint64_t)commands[i]);
    return failed;
}

/* Calls of which only some uses are permitted. */
static int uses_allow(scmp_filter_ctx filter, enum role role, bool threads)
{
    const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP};
    int failed = masked_allow(filter, "mmap", 2, PROT_EXEC, 0);
    if (!failed)
        failed = masked_allow(filter, "mprotect", 2, PROT_EXEC, 0);
    for (size_t i = 0; i < sizeof levels / sizeof *levels && !failed; i++)
        failed = equal_allow(filter, "setsockopt", 1, (uint64_t)levels[i]);
    if (!failed)
        failed = equal_allow(filter, "ioctl", 1, FIONREAD);
    if (!failed)
        failed = equal_allow(filter, "ioctl", 1, TCGETS);
    if (!failed)
        failed = equal_allow(filter, "prctl", 0, PR_SET_NAME);
    if (!failed)
        failed = equal_allow(filter, "prlimit64", 2, 0); /* asks, does not set */
    if (!failed && threads)
        failed = masked_allow(filter, "clone", 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
    if (!failed && threads && role == ROLE_SIP) /* glibc asks /proc how to shrink a thread's heap */
        failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), call_number("openat"), 0);
    if (!failed && role == ROLE_MEDIA)
        failed = map_allow(filter);
    /* its flags lie in memory, out of the filter's sight: glibc then takes clone */
    if (!failed)
        failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call_number("clone3"), 0);
    return failed;
}

enum error seccomp_enter(enum role role, bool threads, char error[256])
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = filter ? 0 : -ENOMEM;
    if (!failed)
        failed = calls_allow(filter, role);
    if (!failed)
        failed = uses_allow(filter, role, threads);
    if (!failed)
        failed = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    if (!failed)
        return OK;
    snprintf(error, 256,
             "the list of permitted system calls cannot be set (%s); set sandbox = off "
             "if this kernel has no seccomp",
             strerror(-failed));
    return ERR_SYSTEM;
}
