/* Keyed hashes: SipHash (Aumasson, Bernstein 2012). For tables SipHash-1-3, so that nobody outside
 * can aim for a slot; for what a stranger must not be able to make, SipHash-2-4. */
#ifndef OFFHOOK_BASE_HASH_H
#define OFFHOOK_BASE_HASH_H

#include "base/view.h"

struct hash128 {
    uint64_t a, b;
};

/* SipHash-1-3 of v under this process's random key, with 64 and 128 bits: keys of tables. The first
 * call comes before a second thread begins. */
uint64_t hash_view(struct view v);
struct hash128 hash_wide(struct view v);
/* SipHash-2-4 with 128 bits under the given key: a MAC. */
struct hash128 hash_keyed(const uint8_t key[16], struct view v);
/* 64 bits under the given key. */
uint64_t hash_keyed64(const uint8_t key[16], struct view v);
/* Fills n bytes from the kernel's generator; ends the process when there is none. */
void random_bytes(void *out, size_t n);
/* Compares n bytes in constant time. */
bool same_bytes(const void *a, const void *b, size_t n);

#endif
