/* Display names: what people typed, as a value may carry it. */
#ifndef OFFHOOK_SIP_DISPLAY_H
#define OFFHOOK_SIP_DISPLAY_H

#include "base/base.h"

#define DISPLAY_MAX 128 /* bytes of a name that are written; quotes come on top */

/* Writes name as a quoted string (RFC 3261 25.1), cut between two characters when it is longer than
 * DISPLAY_MAX. Control characters are left out, bytes that are no UTF-8 become '?': whatever name
 * holds, the value ends at the last quote. */
void display_write(struct text *out, struct view name);

#endif
