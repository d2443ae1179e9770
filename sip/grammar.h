/* libosip2's parsers run on an arena that is emptied after each value; nothing of theirs outlives
 * the call that needed it. Private to sip/. */
#ifndef OFFHOOK_SIP_GRAMMAR_H
#define OFFHOOK_SIP_GRAMMAR_H

#include "sip/message.h"

/* Begins a parse: a NUL-ended copy of value with folds turned into blanks, in the arena. NULL when
 * value is over SIP_VALUE_MAX or holds a NUL. */
char *grammar_begin(struct view value);
/* Ends it: everything that libosip2 allocated is gone. False when memory ran out on the way, and
 * the result is not to be trusted. */
bool grammar_end(void);
enum error grammar_init(void);

#endif
