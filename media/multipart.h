/* Where in the body of a message the session description is (RFC 2046, RFC 5621). */
#ifndef OFFHOOK_MEDIA_MULTIPART_H
#define OFFHOOK_MEDIA_MULTIPART_H

#include "base/base.h"

/* The SDP in body, as a view into it: all of it when type, the value of Content-Type ("": none), is
 * application/sdp, else the first such part of a multipart body, in which one more multipart may be
 * nested. p NULL: there is none. ERR_SYNTAX: a multipart body that cannot be taken apart. */
enum error body_find_sdp(struct view *out, struct view type, struct view body);

#endif
