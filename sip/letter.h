/* What a byte may be in SIP (RFC 3261 25.1), by table. Private to sip/. */
#ifndef OFFHOOK_SIP_LETTER_H
#define OFFHOOK_SIP_LETTER_H

#include "base/base.h"

enum letter_class {
    LETTER_TOKEN = 1,  /* alphanumeric and -.!%*_+`'~ */
    LETTER_BLANK = 2,  /* space, tab, CR, LF */
    LETTER_USER = 4,   /* of a user part without anything special: alphanumeric and -_.+*() */
    LETTER_HOST = 8,   /* of a host name or IPv4 address: alphanumeric, - and . */
    LETTER_VALUE = 16, /* of a plain URI parameter: alphanumeric and -_. */
    LETTER_DIGIT = 32,
};

extern const uint8_t letter_classes[256];

static inline bool letter_is(char c, enum letter_class class)
{
    return letter_classes[(unsigned char)c] & class;
}

/* Takes the run of letters of this class off the front of *rest. */
static inline struct view letter_run(struct view *rest, enum letter_class class)
{
    struct view run = {rest->p, 0};

    while (run.n < rest->n && letter_is(rest->p[run.n], class))
        run.n++;
    *rest = view_from(*rest, run.n);
    return run;
}

#endif
