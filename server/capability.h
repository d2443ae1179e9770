/* The capabilities of the parent. */
#ifndef OFFHOOK_SERVER_CAPABILITY_H
#define OFFHOOK_SERVER_CAPABILITY_H

#include "base/error.h"

/* Drops every capability that neither the parent nor the start of a role needs, from the bounding
 * set as well, so that a role begins with no more. */
enum error capabilities_keep(void);

#endif
