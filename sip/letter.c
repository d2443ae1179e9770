/* The table of letters. */
#include "sip/letter.h"

#define ALL                                                                                        \
    LETTER_TOKEN | LETTER_USER | LETTER_HOST | LETTER_VALUE /* what an alphanumeric may be */

const uint8_t letter_classes[256] = {
    ['a' ... 'z'] = ALL,
    ['A' ... 'Z'] = ALL,
    ['0' ... '9'] = ALL | LETTER_DIGIT,
    ['-'] = ALL,
    ['.'] = ALL,
    ['_'] = LETTER_TOKEN | LETTER_USER | LETTER_VALUE,
    ['+'] = LETTER_TOKEN | LETTER_USER,
    ['*'] = LETTER_TOKEN | LETTER_USER,
    ['('] = LETTER_USER,
    [')'] = LETTER_USER,
    ['!'] = LETTER_TOKEN,
    ['%'] = LETTER_TOKEN,
    ['`'] = LETTER_TOKEN,
    ['\''] = LETTER_TOKEN,
    ['~'] = LETTER_TOKEN,
    [' '] = LETTER_BLANK,
    ['\t'] = LETTER_BLANK,
    ['\r'] = LETTER_BLANK,
    ['\n'] = LETTER_BLANK,
};
