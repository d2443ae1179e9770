/* The CPU that processes have used. */
#ifndef OFFHOOK_TESTS_BENCH_USAGE_H
#define OFFHOOK_TESTS_BENCH_USAGE_H

#include <stdint.h>
#include <sys/types.h>

/* ns that the threads of a process have run, by the scheduler's clock. A thread that has ended is
 * not in it; no such process: 0. */
uint64_t usage_cpu(pid_t process);

#endif
