/* Quoting of display names. */
#include "sip/display.h"

/* Is `second` wrong behind `first`: an overlong form, a surrogate, or past U+10FFFF? */
static bool is_out_of_range(unsigned char first, unsigned char second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
           (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

/* The size of the UTF-8 character at the front of v (RFC 3629), which is not empty; 0: none. */
static size_t character_size(struct view v)
{
    unsigned char first = (unsigned char)v.p[0];
    size_t n = 0;

    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xf4)
        n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (n > v.n || (n && is_out_of_range(first, (unsigned char)v.p[1])))
        return 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)v.p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static void character_write(struct text *out, struct view c)
{
    if ((unsigned char)c.p[0] < ' ' || c.p[0] == 0x7f)
        return;
    if (c.p[0] == '"' || c.p[0] == '\\')
        text_string(out, "\\");
    text_view(out, c);
}

void display_write(struct text *out, struct view name)
{
    size_t left = DISPLAY_MAX, n;

    text_string(out, "\"");
    while (name.n) {
        n = character_size(name);
        if (n > left || !left)
            break;
        character_write(out, n ? (struct view){name.p, n} : VIEW("?"));
        name = view_from(name, n ? n : 1);
        left -= n ? n : 1;
    }
    text_string(out, "\"");
}
