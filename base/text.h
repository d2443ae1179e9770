/* Writing text into a bounded buffer; what does not fit marks it full and is dropped. */
#ifndef OFFHOOK_BASE_TEXT_H
#define OFFHOOK_BASE_TEXT_H

#include "base/view.h"

struct text {
    char *p;
    size_t n, size;
    bool full;
};

#define TEXT(buffer) ((struct text){.p = (buffer), .size = sizeof(buffer)})

void text_view(struct text *t, struct view v);
static inline void text_string(struct text *t, const char *s)
{
    text_view(t, view_of(s)); /* the length of a literal is known to the compiler */
}

void text_number(struct text *t, uint64_t number);
void text_hex(struct text *t, const void *bytes, size_t n);
/* Reads n bytes from 2 n hex digits; false when text is anything else. */
bool hex_take(struct view text, void *out, size_t n);
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct view text_done(const struct text *t)
{
    return (struct view){t->p, t->n};
}

#endif
