/* Packing typed fields into the bytes of a role message or of a row on disk and taking them out
 * again, bounds checked. Integers are little-endian: a database may move to another machine. */
#ifndef OFFHOOK_BASE_PACK_H
#define OFFHOOK_BASE_PACK_H

#include "base/error.h"
#include "base/view.h"

/* A growing buffer of fields. Zeroed is empty; pack_free gives the memory back. */
struct pack {
    char *p;
    size_t n, room;
    enum error error; /* the first that happened; later calls do nothing */
};

void pack_u8(struct pack *k, uint8_t v);
void pack_u16(struct pack *k, uint16_t v);
void pack_u32(struct pack *k, uint32_t v);
void pack_u64(struct pack *k, uint64_t v);
void pack_view(struct pack *k, struct view v); /* u32 length, bytes */
void pack_bytes(struct pack *k, const void *p, size_t n);
void pack_reset(struct pack *k); /* empty again, memory kept */
void pack_free(struct pack *k);
static inline struct view pack_bytes_view(const struct pack *k)
{
    return (struct view){k->p, k->n};
}

/* Takes fields off the front of *v. Past the end they return zero or an empty view and set *bad. */
uint8_t unpack_u8(struct view *v, bool *bad);
uint16_t unpack_u16(struct view *v, bool *bad);
uint32_t unpack_u32(struct view *v, bool *bad);
uint64_t unpack_u64(struct view *v, bool *bad);
struct view unpack_view(struct view *v, bool *bad);
void unpack_bytes(struct view *v, void *out, size_t n, bool *bad);

#endif
