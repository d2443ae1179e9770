/* Bounded text. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_view(struct text *t, struct view v)
{
    if (t->full || v.n > t->size - t->n) {
        t->full = true;
        return;
    }
    if (v.n)
        memcpy(t->p + t->n, v.p, v.n);
    t->n += v.n;
}

void text_number(struct text *t, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    text_view(t, (struct view){digits + at, sizeof(digits) - at});
}

void text_hex(struct text *t, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *b = bytes;
    char *to = t->p + t->n;

    if (t->full || n > (t->size - t->n) / 2) {
        t->full = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[b[i] >> 4];
        *to++ = digits[b[i] & 15];
    }
    t->n += 2 * n;
}

void text_format(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    if (t->full)
        return;
    va_start(args, format);
    n = vsnprintf(t->p + t->n, t->size - t->n, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= t->size - t->n)
        t->full = true;
    else
        t->n += (size_t)n;
}
