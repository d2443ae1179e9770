/* The scene of the fast path's tests: phones in namespaces, and a path that is open. */
#ifndef OFFHOOK_TESTS_UNIT_FAST_PATH_H
#define OFFHOOK_TESTS_UNIT_FAST_PATH_H

#include "tests/unit/check.h"
#include "tests/unit/phones.h"

#define SECOND_NS 1000000000ull
#define LONG_NS   (600 * SECOND_NS)

/* May this process load programs and have namespaces? When not, says why. It is in one afterwards.
 */
bool fast_path_possible(void);

#define ONLY_WHERE_POSSIBLE()                                                                      \
    do {                                                                                           \
        if (!fast_path_possible())                                                                 \
            skip();                                                                                \
    } while (0)

enum scene_kind { SCENE_PLAIN, SCENE_CLSACT, SCENE_LOOPBACK };

struct scene {
    struct spaces spaces;
    struct event_base *base;
    struct kernel_path *path;
    int map; /* with a lease that stands for the test */
};

void scene_open(struct scene *s, enum scene_kind kind);
void scene_close(struct scene *s);
uint64_t now_ns(void);
void pass_until(uint64_t end_ns);
/* Both directions of a call, at 8000 Hz, with any SSRC. */
void line_set(const struct scene *s, const struct line *l);

extern const struct rtp_packet one, two;

/* Both at once, IPv4: a plain scene with a line that is set; and its end. */
void scene_begin(struct scene *s, struct line *l);
void scene_end(struct scene *s, struct line *l);

/* The phones hear each other, and the relay's sockets hear nothing. */
void assert_fast(const struct line *l);
/* What a sends comes to the relay's socket. */
void assert_slow(const struct line *l);

#endif
