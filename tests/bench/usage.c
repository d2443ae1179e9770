/* /proc/PID/task/TID/schedstat: its first number is the time on a processor. */
#include "tests/bench/usage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

static uint64_t thread_cpu(pid_t process, const char *thread)
{
    char path[300];
    uint64_t ns = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)process, thread);
    f = fopen(path, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%" SCNu64, &ns) != 1)
        ns = 0;
    fclose(f);
    return ns;
}

uint64_t usage_cpu(pid_t process)
{
    char path[64];
    const struct dirent *entry;
    uint64_t ns = 0;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    threads = opendir(path);
    if (!threads)
        return 0;
    while ((entry = readdir(threads)))
        if (entry->d_name[0] != '.')
            ns += thread_cpu(process, entry->d_name);
    closedir(threads);
    return ns;
}
