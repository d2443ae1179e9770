/* Telephone numbers: what counts in them and what does not. */
#include "sip/number.h"

#include <string.h>

static bool is_separator(char c)
{
    return c == '-' || c == '.' || c == '(' || c == ')' || c == ' ';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool number_is_telephone(struct view user)
{
    bool digit = false;

    for (size_t i = 0; i < user.n; i++) {
        char c = user.p[i];

        if (is_digit(c))
            digit = true;
        else if (!is_separator(c) && c != '*' && c != '#' && !(c == '+' && i == 0))
            return false;
    }
    return digit;
}

enum error number_canonical(struct view user, char out[NUMBER_MAX])
{
    bool telephone = number_is_telephone(user);
    size_t n = 0;

    if (!user.n || memchr(user.p, 0, user.n))
        return ERR_SYNTAX;
    for (size_t i = 0; i < user.n; i++) {
        if (telephone && is_separator(user.p[i]))
            continue;
        if (n + 1 >= NUMBER_MAX)
            return ERR_LIMIT;
        out[n++] = user.p[i];
    }
    out[n] = 0;
    return OK;
}

bool number_is_valid(struct view user)
{
    static const char marks[] = "-_.!~*'()&=+$,;?/#";

    if (!user.n || user.n >= NUMBER_MAX)
        return false;
    if (number_is_telephone(user))
        return true;
    for (size_t i = 0; i < user.n; i++) {
        char c = user.p[i], low = c | 0x20;

        if (!(low >= 'a' && low <= 'z') && !is_digit(c) && (c == 0 || !strchr(marks, c)))
            return false;
    }
    return true;
}
