/* Views: comparing, cutting and trimming text without copying it. */
#include "base/view.h"

#include <stdlib.h>
#include <string.h>

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool bytes_ieq(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] && lower((unsigned char)a[i]) != lower((unsigned char)b[i]))
            return false;
    return true;
}

bool view_istarts(struct view v, struct view prefix)
{
    return v.n >= prefix.n && view_ieq((struct view){v.p, prefix.n}, prefix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view view_trim_blanks(struct view v)
{
    while (v.n > 0 && is_blank(v.p[0])) {
        v.p++;
        v.n--;
    }
    while (v.n > 0 && is_blank(v.p[v.n - 1]))
        v.n--;
    return v;
}

size_t view_ifind(struct view v, struct view needle)
{
    for (size_t i = 0; i + needle.n <= v.n; i++)
        if (view_ieq((struct view){v.p + i, needle.n}, needle))
            return i;
    return v.n;
}

struct view view_cut(struct view *rest, char c)
{
    size_t n = view_find(*rest, c);
    struct view head = {rest->p, n};

    *rest = view_from(*rest, n + 1);
    return head;
}

bool view_number(struct view v, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (v.n == 0 || v.n > 20)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        unsigned digit = (unsigned char)v.p[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

bool view_copy(struct view v, char *buffer, size_t size)
{
    if (v.n >= size || (v.n && memchr(v.p, 0, v.n)))
        return false;
    if (v.n)
        memcpy(buffer, v.p, v.n);
    buffer[v.n] = 0;
    return true;
}

char *view_dup(struct view v)
{
    char *s = malloc(v.n + 1);

    if (!s)
        return NULL;
    if (v.n)
        memcpy(s, v.p, v.n);
    s[v.n] = 0;
    return s;
}
