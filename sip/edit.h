/* Edits spliced into received bytes: what is not edited survives byte for byte. */
#ifndef OFFHOOK_SIP_EDIT_H
#define OFFHOOK_SIP_EDIT_H

#include "base/base.h"

#define EDITS_MAX 32

struct edits {
    struct view original;
    unsigned count;
    bool full; /* more than EDITS_MAX: the result would be wrong, edits_apply refuses */
    struct {
        struct view range; /* inside original; empty: an insertion */
        struct view text;
    } items[EDITS_MAX];
};

void edits_begin(struct edits *e, struct view original);
/* Replaces range (a view into the original) by text, which has to live until edits_apply. */
void edits_replace(struct edits *e, struct view range, struct view text);
/* Puts text before the byte at `at`; several at one place keep their order. */
void edits_insert(struct edits *e, const char *at, struct view text);
/* Writes the edited bytes into out. ERR_LIMIT when they do not fit, or edits overlap. */
enum error edits_apply(struct edits *e, struct text *out);

#endif
