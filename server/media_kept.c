/* Names in the service manager's store, and what they mean. */
#include "server/media_kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/notify.h"

#define LEDGER_NAME    "offhook-ledger"
#define HOST_PREFIX    "offhook-host-"
#define NAME_MAX_BYTES 80

/* All names of the store have to fit into one variable of the environment, of 131072 bytes: a
 * port's is one letter, which stands for its host address. That is told by the name of an empty
 * file: "offhook-host-b-4-c0000201". */
static const char letters[MEDIA_HOSTS + 1] = "abcdefghijklmnopqrstuvwxyz012345";

void media_kept_add_host(const struct media_address *address, unsigned host)
{
    char bytes[NAME_MAX_BYTES + 1];
    struct text name = {.p = bytes, .size = NAME_MAX_BYTES};
    int fd = memfd_create("offhook-host", MFD_CLOEXEC);

    text_format(&name, HOST_PREFIX "%c-%u-", letters[host], address->family);
    text_hex(&name, address->bytes, address->family == 6 ? 16 : 4);
    bytes[name.n] = '\0';
    if (fd < 0)
        return;
    notify_store(bytes, &fd, 1);
    close(fd);
}

void media_kept_add_pairs(const struct media_port_pair *pairs, size_t count, unsigned host)
{
    int fds[2 * MEDIA_PORTS_AT_A_TIME];

    for (size_t i = 0; i < count; i++)
        memcpy(&fds[2 * i], pairs[i].fds, sizeof(pairs[i].fds));
    notify_store((const char[2]){letters[host]}, fds, 2 * (unsigned)count);
}

void media_kept_add_ledger(int fd)
{
    notify_store(LEDGER_NAME, &fd, 1);
}

/* False: no letter of a host. */
static bool letter_read(struct view letter, unsigned *host)
{
    const char *at = letter.n == 1 ? memchr(letters, *letter.p, MEDIA_HOSTS) : NULL;

    *host = at ? (unsigned)(at - letters) : 0;
    return at;
}

static void host_take(struct media_ports *p, struct view rest)
{
    struct media_address address = {0};
    uint64_t family;
    unsigned host;

    if (!letter_read(view_cut(&rest, '-'), &host) ||
        !view_number(view_cut(&rest, '-'), 6, &family) || (family != 4 && family != 6) ||
        !hex_take(rest, address.bytes, family == 6 ? 16 : 4))
        return;
    address.family = (uint8_t)family;
    p->hosts[host].address = address;
    p->hosts[host].next = p->first;
    if (host >= p->host_count)
        p->host_count = host + 1;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address;
    struct media_address bound = {0};
    socklen_t size = sizeof(address);

    if (!getsockname(fd, (struct sockaddr *)&address, &size))
        media_address_set(&bound, (struct sockaddr *)&address);
    return bound.port;
}

/* One of a pair: until all are there its host is a number in the place of the address. */
static bool half_take(struct media_ports *p, unsigned host, int fd)
{
    struct media_port_pair *half = media_ports_room(p);

    if (!half)
        return false;
    *half = (struct media_port_pair){.local = {.bytes = {(uint8_t)host}, .port = bound_port(fd)},
                                     .fds = {fd, -1}};
    p->count++;
    return true;
}

/* A descriptor of a former life. */
static void kept_take(void *arg, const char *name, int fd)
{
    struct media_ports *p = arg;
    struct view text = view_of(name);
    unsigned host;

    if (view_eq(text, VIEW(LEDGER_NAME)) && p->ledger < 0) {
        p->ledger = fd;
        return;
    }
    if (letter_read(text, &host) && half_take(p, host, fd))
        return;
    if (view_istarts(text, VIEW(HOST_PREFIX)))
        host_take(p, view_from(text, sizeof(HOST_PREFIX) - 1));
    close(fd);
}

static int halves_order(const void *a, const void *b)
{
    const struct media_address *x = &((const struct media_port_pair *)a)->local;
    const struct media_address *y = &((const struct media_port_pair *)b)->local;

    return x->bytes[0] != y->bytes[0] ? x->bytes[0] - y->bytes[0] : x->port - y->port;
}

/* Half a pair is of no use, nor is one whose address is not known. */
static void halves_join(struct media_ports *p)
{
    size_t kept = 0;

    if (p->count)
        qsort(p->pairs, p->count, sizeof(*p->pairs), halves_order);
    for (size_t i = 0; i < p->count; i++) {
        const struct media_port_pair half = p->pairs[i], *next = &p->pairs[i + 1];
        struct media_address local = p->hosts[half.local.bytes[0]].address;

        local.port = half.local.port;
        if (!local.family || local.port % 2 || i + 1 == p->count ||
            next->local.bytes[0] != half.local.bytes[0] || next->local.port != local.port + 1) {
            close(half.fds[0]);
            continue;
        }
        p->pairs[kept++] =
            (struct media_port_pair){.local = local, .fds = {half.fds[0], next->fds[0]}};
        i++;
    }
    p->count = kept;
}

void media_kept_take(struct media_ports *p)
{
    notify_stored(kept_take, p);
    halves_join(p);
}
