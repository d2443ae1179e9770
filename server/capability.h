/* The capabilities of the parent. */
#ifndef OFFHOOK_SERVER_CAPABILITY_H
#define OFFHOOK_SERVER_CAPABILITY_H

#include <stdbool.h>

#include "base/error.h"

/* Drops every capability that neither the parent nor the start of a role needs, from the bounding
 * set as well, so that a role begins with no more. kernel: the fast path of the media is on, and
 * BPF and NET_ADMIN stay. */
enum error capabilities_keep(bool kernel);

#endif
