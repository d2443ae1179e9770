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

/* A hex digit's value and 1 more; 0: it is none. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool hex_take(struct view text, void *out, size_t n)
{
    uint8_t *to = out;

    if (text.n != 2 * n)
        return false;
    for (size_t i = 0; i < text.n; i += 2) {
        unsigned high = hex_values[(uint8_t)text.p[i]], low = hex_values[(uint8_t)text.p[i + 1]];

        if (!high || !low)
            return false;
        *to++ = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
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
