/* The media role's side of the fast path: records of the map, by bpf(2) alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
/* wants those above first */
#include <linux/bpf.h>

#include "media/bpf/relay.h"
#include "media/kernel.h"

#define SECOND_NS 1000000000ull

static int map_call(enum bpf_cmd command, int map, const void *key, void *value)
{
    union bpf_attr a;

    memset(&a, 0, sizeof(a));
    a.map_fd = (uint32_t)map;
    a.key = (uintptr_t)key;
    a.value = (uintptr_t)value;
    return (int)syscall(SYS_bpf, command, &a, sizeof(a));
}

static enum error map_error(void)
{
    switch (errno) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case E2BIG:
        return ERR_LIMIT;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_SYSTEM;
    }
}

/* Link-local addresses mean nothing without an interface, and multicast is no phone. */
static bool address_suits(const struct media_address *a, uint8_t family)
{
    static const uint8_t zeros[16];
    const uint8_t *b = a->bytes;

    if (a->family != family || !a->port || memcmp(b, zeros, family == 4 ? 4 : 16) == 0)
        return false;
    if (family == 4)
        return b[0] < 224 && !(b[0] == 169 && b[1] == 254);
    return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

static bool flow_suits(const struct kernel_flow *f)
{
    uint8_t family = f->peer.family;

    return (family == 4 || family == 6) && address_suits(&f->peer, family) &&
           address_suits(&f->local, family) && address_suits(&f->out_local, family) &&
           address_suits(&f->out_peer, family);
}

static void address_copy(uint8_t bytes[16], uint16_t *port, const struct media_address *a)
{
    memcpy(bytes, a->bytes, a->family == 4 ? 4 : 16);
    *port = htons(a->port);
}

static struct relay_key flow_key(const struct kernel_flow *f)
{
    struct relay_key key = {.family = f->peer.family};

    address_copy(key.peer, &key.peer_port, &f->peer);
    address_copy(key.local, &key.local_port, &f->local);
    return key;
}

enum error kernel_lease_renew(int map, uint64_t until_ns)
{
    struct relay_key key = {.family = 0};
    struct relay_record lease = {.until = until_ns};

    return map_call(BPF_MAP_UPDATE_ELEM, map, &key, &lease) ? map_error() : OK;
}

enum error kernel_flow_set(int map, const struct kernel_flow *f, uint32_t clock_rate)
{
    struct relay_key key = flow_key(f);
    struct relay_record r = {.ssrc = f->ssrc,
                             .ssrc_known = f->ssrc_known,
                             .clock_rate = (uint32_t)(((uint64_t)clock_rate << 32) / SECOND_NS)};

    if (!flow_suits(f))
        return ERR_LIMIT;
    address_copy(r.out_local, &r.out_local_port, &f->out_local);
    address_copy(r.out_peer, &r.out_peer_port, &f->out_peer);
    return map_call(BPF_MAP_UPDATE_ELEM, map, &key, &r) ? map_error() : OK;
}

enum error kernel_flow_read(int map, const struct kernel_flow *f, struct kernel_counts *out)
{
    struct relay_key key = flow_key(f);
    struct relay_record r;

    if (map_call(BPF_MAP_LOOKUP_ELEM, map, &key, &r))
        return map_error();
    *out = (struct kernel_counts){.packets = r.packets,
                                  .bytes = r.bytes,
                                  .reordered = r.reordered,
                                  .last = r.last,
                                  .ssrc = r.seen_ssrc,
                                  .first = r.first,
                                  .highest = r.highest,
                                  .jitter = r.jitter};
    return OK;
}

void kernel_flow_drop(int map, const struct kernel_flow *f)
{
    struct relay_key key = flow_key(f);

    (void)map_call(BPF_MAP_DELETE_ELEM, map, &key, NULL); /* it may be gone already */
}

/* The next one is asked for while its predecessor still stands, or the search begins at the start.
 */
void kernel_flows_clear(int map)
{
    struct relay_key key, next;
    bool more = !map_call(BPF_MAP_GET_NEXT_KEY, map, NULL, &key);

    while (more) {
        more = !map_call(BPF_MAP_GET_NEXT_KEY, map, &key, &next);
        (void)map_call(BPF_MAP_DELETE_ELEM, map, &key, NULL);
        key = next;
    }
}
