/* Opening ports for audio, and handing them over again. */
#include "server/media_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/media.h"
#include "server/media_kept.h"

#define PAIRS_MOST 16384 /* whatever a media role asks for: the parent needs descriptors too */

struct media_port_pair *media_ports_room(struct media_ports *p)
{
    size_t room = p->room ? 2 * p->room : 64;
    struct media_port_pair *more;

    if (p->count < p->room)
        return &p->pairs[p->count];
    more = realloc(p->pairs, room * sizeof(*more));
    if (!more)
        return NULL;
    p->pairs = more;
    p->room = room;
    return &p->pairs[p->count];
}

enum error media_ports_open(struct media_ports *p, const struct config *config)
{
    enum error e;

    config_media_ports(config, &p->first, &p->last);
    media_kept_take(p);
    p->kept = p->count;
    if (p->ledger >= 0)
        return OK;
    e = ledger_create(&p->ledger);
    if (e == OK)
        media_kept_add_ledger(p->ledger);
    return e;
}

void media_ports_close(struct media_ports *p)
{
    for (size_t i = 0; i < p->count; i++) {
        close(p->pairs[i].fds[0]);
        close(p->pairs[i].fds[1]);
    }
    free(p->pairs);
    if (p->ledger >= 0)
        close(p->ledger);
    *p = (struct media_ports){.ledger = -1};
}

static void pair_hand(const struct media_port_pair *pair, struct child *c)
{
    for (uint8_t rtcp = 0; rtcp < 2; rtcp++) {
        struct pack body = {0};

        media_address_pack(&body, &pair->local);
        pack_u8(&body, rtcp);
        child_send(c, ROLE_PORT, 0, pack_bytes_view(&body), pair->fds[rtcp]);
        pack_free(&body);
    }
}

static void pairs_hand(struct media_ports *p, struct child *c)
{
    for (unsigned n = 0; n < MEDIA_PORTS_AT_A_TIME && p->handed < p->count; n++)
        pair_hand(&p->pairs[p->handed++], c);
    if (p->handed < p->count)
        child_send(c, ROLE_PING, 0, VIEW_NONE, -1);
    else
        child_send(c, ROLE_START, 0, VIEW_NONE, -1);
}

void media_ports_brief(struct media_ports *p, struct child *c)
{
    child_send(c, ROLE_LEDGER, 0, VIEW_NONE, p->ledger);
    p->handed = 0;
    pairs_hand(p, c);
}

void media_ports_ponged(struct media_ports *p, struct child *c)
{
    if (!c->ready && p->handed < p->count)
        pairs_hand(p, c);
}

/* Voice goes before other traffic where somebody looks at it (RFC 4594: EF). */
static void priority_set(int fd, int family)
{
    const int expedited = 0xb8;

    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &expedited, sizeof(expedited));
    else
        (void)setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof(expedited));
}

static bool port_bind(int fd, const struct media_address *local)
{
    struct media_address any = {.family = local->family, .port = local->port};
    struct sockaddr_storage address;
    const int on = 1;
    socklen_t size = media_address_sockaddr(local, &address);

    if (local->family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
        return false;
    if (!bind(fd, (struct sockaddr *)&address, size))
        return true;
    if (errno != EADDRNOTAVAIL) /* that of a NAT in front of this host */
        return false;
    size = media_address_sockaddr(&any, &address);
    return !bind(fd, (struct sockaddr *)&address, size);
}

/* -1: errno tells. */
static int port_open(const struct media_address *local)
{
    int family = local->family == 6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int saved;

    if (fd < 0)
        return -1;
    priority_set(fd, family);
    if (port_bind(fd, local))
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool pair_open(const struct media_address *local, struct media_port_pair *out)
{
    struct media_address rtcp = *local;

    rtcp.port++;
    *out = (struct media_port_pair){.local = *local, .fds = {port_open(local), -1}};
    if (out->fds[0] < 0)
        return false;
    out->fds[1] = port_open(&rtcp);
    if (out->fds[1] >= 0)
        return true;
    close(out->fds[0]);
    return false;
}

/* MEDIA_HOSTS: there are too many. */
static unsigned host_of(struct media_ports *p, const struct media_address *address)
{
    unsigned i = 0;

    while (i < p->host_count && !media_address_same_host(&p->hosts[i].address, address))
        i++;
    if (i == MEDIA_HOSTS || i < p->host_count)
        return i;
    p->hosts[i].address = *address;
    p->hosts[i].next = p->first;
    p->host_count++;
    media_kept_add_host(address, i);
    return i;
}

/* Has a former life left the port that is next? Kept ones of a host are in the order of ports. */
static bool is_kept(struct media_ports *p, unsigned host, const struct media_address *local)
{
    size_t *at = &p->hosts[host].kept;

    while (*at < p->kept && (!media_address_same_host(&p->pairs[*at].local, local) ||
                             p->pairs[*at].local.port < local->port))
        ++*at;
    return *at < p->kept && p->pairs[*at].local.port == local->port;
}

/* Opens and hands over up to `count` pairs. False: there are no more. */
static bool pairs_open(struct media_ports *p, struct child *c, unsigned host, unsigned count)
{
    struct media_address local = p->hosts[host].address;
    unsigned *next = &p->hosts[host].next;
    struct media_port_pair *pair;

    while (count && p->count < PAIRS_MOST && *next + 1 <= p->last && (pair = media_ports_room(p))) {
        local.port = (uint16_t)*next;
        if (is_kept(p, host, &local)) {
            *next += 2;
            continue;
        }
        if (!pair_open(&local, pair)) {
            if (errno != EADDRINUSE && errno != EACCES) {
                log_errno("no further port for audio can be opened");
                return false;
            }
            *next += 2;
            p->busy++;
            continue;
        }
        *next += 2;
        p->count++;
        count--;
        pair_hand(pair, c);
    }
    return !count;
}

void media_ports_wanted(struct media_ports *p, struct child *c, struct view body)
{
    bool bad = false;
    struct media_address address = media_address_unpack(&body, &bad);
    uint16_t count = unpack_u16(&body, &bad);
    struct pack answer = {0};
    size_t before = p->count;
    unsigned host;
    bool done;

    if (bad || !address.family)
        return;
    address.port = 0;
    if (count > MEDIA_PORTS_AT_A_TIME)
        count = MEDIA_PORTS_AT_A_TIME;
    host = host_of(p, &address);
    done = host < MEDIA_HOSTS && pairs_open(p, c, host, count);
    if (p->count > before)
        media_kept_add_pairs(&p->pairs[before], p->count - before, host);
    media_address_pack(&answer, &address);
    pack_u8(&answer, !done);
    child_send(c, ROLE_PORTS, 0, pack_bytes_view(&answer), -1);
    pack_free(&answer);
}
