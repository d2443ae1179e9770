/* Phones on both sides of a relay, in network namespaces of their own, for the tests of the fast
 * path. Needs root, and iproute2 for all but the first function. */
#ifndef OFFHOOK_TESTS_UNIT_PHONES_H
#define OFFHOOK_TESTS_UNIT_PHONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/kernel.h"

/* A new namespace whose lo is up, as a descriptor, which the process is in from then on; -1: not
 * allowed. */
int space_new(void);
void space_enter(int space);
/* Runs a command line in the namespace that the process is in; fails the test when it fails. */
void command_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The relay's namespace and those of phones a and b, each joined to it by a cable: interfaces to-a
 * and to-b in the relay's, eth in the phones'. The relay has 10.0.1.1 and fd00:1::1 towards
 * a, 10.0.2.1 and fd00:2::1 towards b, the phones those that end in 2. */
struct spaces {
    int relay, a, b;
};

/* Leaves the process in the relay's namespace. */
void spaces_open(struct spaces *s);
void spaces_close(struct spaces *s);

/* Lays a cable from that interface of the relay to eth of a phone, in the nets of that number. */
void cable_lay(const struct spaces *s, int phone, const char *name, int net);
/* A socket at some port of that host, in the namespace that the process is in. */
int socket_open(struct media_address *out, uint8_t family, const char *host);

/* A call: the sockets of its phones and of the relay's two legs, each with its address. */
struct line {
    int a, near, far, b;
    struct kernel_flow forth, back; /* from a to b, and from b to a */
};

/* Sockets at the addresses above. */
void line_open(struct line *l, const struct spaces *s, uint8_t family);
/* All four on lo of the namespace that the process is in. */
void line_open_loopback(struct line *l, uint8_t family);
void line_close(struct line *l);

/* An RTP packet of 172 bytes for tests. */
struct rtp_packet {
    uint16_t sequence;
    uint32_t timestamp, ssrc;
};

void rtp_send(int fd, const struct media_address *to, const struct rtp_packet *p);
void bytes_send(int fd, const struct media_address *to, const void *bytes, size_t n);
/* Expects the packet at fd, from that address, unchanged. */
void rtp_expect(int fd, const struct media_address *from, const struct rtp_packet *p);
void bytes_expect(int fd, const struct media_address *from, const void *bytes, size_t n);

#endif
