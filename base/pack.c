/* Packing and unpacking of fields. */
#include "base/pack.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static bool pack_grow(struct pack *k, size_t n)
{
    size_t room = k->room ? k->room : 1024;
    char *bigger;

    while (room - k->n < n) {
        if (room > SIZE_MAX / 2) {
            k->error = ERR_LIMIT;
            return false;
        }
        room *= 2;
    }
    bigger = realloc(k->p, room);
    if (!bigger) {
        k->error = ERR_MEMORY;
        return false;
    }
    k->p = bigger;
    k->room = room;
    return true;
}

static inline bool pack_room(struct pack *k, size_t n)
{
    if (k->error)
        return false;
    return n <= k->room - k->n || pack_grow(k, n);
}

void pack_bytes(struct pack *k, const void *p, size_t n)
{
    if (n == 0 || !pack_room(k, n))
        return;
    memcpy(k->p + k->n, p, n);
    k->n += n;
}

void pack_u8(struct pack *k, uint8_t v)
{
    pack_bytes(k, &v, sizeof(v));
}

void pack_u16(struct pack *k, uint16_t v)
{
    v = htole16(v);
    pack_bytes(k, &v, sizeof(v));
}

void pack_u32(struct pack *k, uint32_t v)
{
    v = htole32(v);
    pack_bytes(k, &v, sizeof(v));
}

void pack_u64(struct pack *k, uint64_t v)
{
    v = htole64(v);
    pack_bytes(k, &v, sizeof(v));
}

void pack_view(struct pack *k, struct view v)
{
    if (v.n > UINT32_MAX) {
        k->error = ERR_LIMIT;
        return;
    }
    if (!pack_room(k, sizeof(uint32_t) + v.n))
        return;
    pack_u32(k, (uint32_t)v.n);
    pack_bytes(k, v.p, v.n);
}

void pack_reset(struct pack *k)
{
    k->n = 0;
    k->error = OK;
}

void pack_free(struct pack *k)
{
    free(k->p);
    *k = (struct pack){0};
}

static inline void take(struct view *v, void *out, size_t n, bool *bad)
{
    if (v->n < n) {
        memset(out, 0, n);
        *v = view_from(*v, v->n);
        *bad = true;
        return;
    }
    memcpy(out, v->p, n);
    *v = view_from(*v, n);
}

void unpack_bytes(struct view *v, void *out, size_t n, bool *bad)
{
    take(v, out, n, bad);
}

uint8_t unpack_u8(struct view *v, bool *bad)
{
    uint8_t x;

    take(v, &x, sizeof(x), bad);
    return x;
}

uint16_t unpack_u16(struct view *v, bool *bad)
{
    uint16_t x;

    take(v, &x, sizeof(x), bad);
    return le16toh(x);
}

uint32_t unpack_u32(struct view *v, bool *bad)
{
    uint32_t x;

    take(v, &x, sizeof(x), bad);
    return le32toh(x);
}

uint64_t unpack_u64(struct view *v, bool *bad)
{
    uint64_t x;

    take(v, &x, sizeof(x), bad);
    return le64toh(x);
}

struct view unpack_view(struct view *v, bool *bad)
{
    uint32_t n = unpack_u32(v, bad);
    struct view out = {v->p, n};

    if (v->n < n) {
        *v = view_from(*v, v->n);
        *bad = true;
        return (struct view){"", 0};
    }
    *v = view_from(*v, n);
    return out;
}
