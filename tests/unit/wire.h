/* Looks at a phone's cable (tests/unit/phones.h), and meddles with it. */
#ifndef OFFHOOK_TESTS_UNIT_WIRE_H
#define OFFHOOK_TESTS_UNIT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/kernel.h"

/* From now on checksums are complete before that interface gets a packet. */
void checksums_complete(int space, const char *interface);
/* Reads what comes in by the interface eth of a namespace, as it is on the wire. */
int wire_open(int space, uint8_t family);
/* The next UDP datagram over IP: both of its checksums must be right, or the UDP one none where
 * that is said, and it is marked as audio (RFC 3246). Returns its TTL or hop limit. */
unsigned wire_expect(int wire, uint8_t family, bool no_checksum);
/* Of what goes out there from now on, the first frame leaves once more, with an 802.1Q tag. */
int tagger_open(int space);
void tagger_send(int tagger);
/* The same, but what leaves once more looks as if it came from that IPv4 flow's peer to its local
 * address. */
void tagger_forge(int tagger, const struct kernel_flow *f);

#endif
