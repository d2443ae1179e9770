/* A view: pointer and length into bytes that somebody else owns. NUL is a byte like any other. */
#ifndef OFFHOOK_BASE_VIEW_H
#define OFFHOOK_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const char *p;
    size_t n;
};

#define VIEW(literal) ((struct view){(literal), sizeof(literal) - 1})
#define VIEW_NONE     ((struct view){NULL, 0})
#define VIEW_ARG(v)   (int)(v).n, (v).p /* for "%.*s" */

/* The view of a C string; of "" when s is NULL. */
static inline struct view view_of(const char *s)
{
    return s ? (struct view){s, strlen(s)} : (struct view){"", 0};
}

/* Same bytes; view_ieq without regard to the case of ASCII letters. */
static inline bool view_eq(struct view a, struct view b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool bytes_ieq(const char *a, const char *b, size_t n);
static inline bool view_ieq(struct view a, struct view b)
{
    return a.n == b.n && bytes_ieq(a.p, b.p, a.n);
}

/* Does v begin with prefix, ASCII case ignored? */
bool view_istarts(struct view v, struct view prefix);
/* v without spaces, tabs, CR and LF at both ends. */
struct view view_trim_blanks(struct view v);
static inline struct view view_trim(struct view v)
{
    bool bare = v.n && (unsigned char)v.p[0] > ' ' && (unsigned char)v.p[v.n - 1] > ' ';

    return bare ? v : view_trim_blanks(v);
}

/* Offset of the first c in v, or v.n. */
static inline size_t view_find(struct view v, char c)
{
    const char *at = v.n ? (const char *)memchr(v.p, c, v.n) : NULL;

    return at ? (size_t)(at - v.p) : v.n;
}

/* Offset of the first occurrence of needle, ASCII case ignored, or v.n. */
size_t view_ifind(struct view v, struct view needle);
/* The part of v from offset on; empty past the end. */
static inline struct view view_from(struct view v, size_t offset)
{
    if (offset >= v.n)
        return (struct view){v.p ? v.p + v.n : NULL, 0};
    return (struct view){v.p + offset, v.n - offset};
}

/* A view into `from` becomes one into the copy of it at `to`; others stay as they are. */
static inline void view_rebase(struct view *v, struct view from, const char *to)
{
    if (v->p && v->p >= from.p && v->p <= from.p + from.n)
        v->p = to + (v->p - from.p);
}

/* Cuts the text up to c off *rest and returns it (c itself is dropped); all of it without a c. */
struct view view_cut(struct view *rest, char c);
/* All of v as a decimal number: 1 to 20 digits, at most max. False leaves *out alone. */
bool view_number(struct view v, uint64_t max, uint64_t *out);
/* Copies v with a NUL into buffer of size bytes; false when it does not fit or contains NUL. */
bool view_copy(struct view v, char *buffer, size_t size);
/* A malloc'ed C string of v, owned by the caller; NULL without memory. */
char *view_dup(struct view v);

#endif
