/* The names of the kinds of forwarding. */
#include "db/forward.h"

static const char *const names[FORWARD_KINDS] = {
    [FORWARD_ALWAYS] = "always",
    [FORWARD_BUSY] = "busy",
    [FORWARD_NO_ANSWER] = "no-answer",
    [FORWARD_UNREACHABLE] = "unreachable",
};

const char *forward_kind_name(enum forward_kind kind)
{
    return names[kind];
}

bool forward_kind_parse(enum forward_kind *out, struct view name)
{
    for (int i = 0; i < FORWARD_KINDS; i++) {
        if (view_eq(name, view_of(names[i]))) {
            *out = (enum forward_kind)i;
            return true;
        }
    }
    return false;
}
