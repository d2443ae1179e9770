/* Telephone numbers in the user part of a URI. */
#ifndef OFFHOOK_SIP_NUMBER_H
#define OFFHOOK_SIP_NUMBER_H

#include "base/base.h"

#define NUMBER_MAX 128 /* bytes of a user part that can be an address-of-record, with its NUL */

/* Does user look like a telephone number: digits, '*', '#', a leading '+', visual separators
 * (RFC 3966: - . ( ), and the blank that people write), at least one digit? */
bool number_is_telephone(struct view user);
/* Writes user without visual separators when it is a telephone number, else unchanged, into out
 * with a NUL. ERR_LIMIT when it does not fit, ERR_SYNTAX when it is empty or holds a NUL. */
enum error number_canonical(struct view user, char out[NUMBER_MAX]);
/* May user be the name of an address-of-record: a telephone number, or user characters of
 * RFC 3261 25.1 without escapes? */
bool number_is_valid(struct view user);

#endif
