/* What a unit test begins with: cmocka, base/, and a comparison of views. */
#ifndef OFFHOOK_TESTS_UNIT_CHECK_H
#define OFFHOOK_TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants those above first */
#include <cmocka.h>

#include "base/base.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define assert_view(have, want) view_assert((have), view_of(want), #have, __FILE__, __LINE__)

static inline void view_assert(struct view have, struct view want, const char *what,
                               const char *file, int line)
{
    if (view_eq(have, want))
        return;
    print_error("%s is \"%.*s\", not \"%.*s\"\n", what, VIEW_ARG(have), VIEW_ARG(want));
    _fail(file, line);
}

/* A table row that did not give what it should: says which. */
#define assert_row(row, condition)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("row \"%s\": %s", (row), #condition);                                         \
    } while (0)

#endif
