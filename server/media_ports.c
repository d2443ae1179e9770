/* Opening ports for audio, and handing them over again. */
#include "server/media_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/media.h"
#include "server/notify.h"

#define LEDGER_NAME    "offhook-ledger"
#define PAIR_PREFIX    "offhook-audio-"
#define NAME_MAX_BYTES 80

#define AT_A_TIME 64 /* pairs that may be on their way: the system counts them */

static struct media_port_pair *pair_room(struct media_ports *p)
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

/* "offhook-audio-4-c0000201": ports of one address in the service manager's store; which they are
 * their sockets know. */
static void host_name(const struct media_address *host, char out[NAME_MAX_BYTES])
{
    struct text name = {.p = out, .size = NAME_MAX_BYTES - 1};

    text_format(&name, PAIR_PREFIX "%u-", host->family);
    text_hex(&name, host->bytes, host->family == 6 ? 16 : 4);
    out[name.n] = '\0';
}

static bool host_name_read(const char *name, struct media_address *out)
{
    struct view rest = view_of(name), family;
    uint64_t number;

    *out = (struct media_address){0};
    if (!view_istarts(rest, VIEW(PAIR_PREFIX)))
        return false;
    rest = view_from(rest, sizeof(PAIR_PREFIX) - 1);
    family = view_cut(&rest, '-');
    if (!view_number(family, 6, &number) || (number != 4 && number != 6))
        return false;
    out->family = (uint8_t)number;
    return hex_take(rest, out->bytes, number == 6 ? 16 : 4);
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

static struct media_port_pair *pair_of(struct media_ports *p, const struct media_address *local)
{
    struct media_port_pair *pair;

    for (size_t i = p->count; i-- > 0;) /* both of a pair come one after the other */
        if (media_address_same(&p->pairs[i].local, local))
            return &p->pairs[i];
    pair = pair_room(p);
    if (!pair)
        return NULL;
    *pair = (struct media_port_pair){.local = *local, .fds = {-1, -1}};
    p->count++;
    return pair;
}

/* A descriptor of a former life. */
static void kept_take(void *arg, const char *name, int fd)
{
    struct media_ports *p = arg;
    struct media_address local;
    struct media_port_pair *pair = NULL;
    unsigned rtcp = 0;

    if (!strcmp(name, LEDGER_NAME) && p->ledger < 0) {
        p->ledger = fd;
        return;
    }
    if (host_name_read(name, &local)) {
        rtcp = bound_port(fd) % 2;
        local.port = (uint16_t)(bound_port(fd) - rtcp);
        pair = local.port ? pair_of(p, &local) : NULL;
    }
    if (pair && pair->fds[rtcp] < 0)
        pair->fds[rtcp] = fd;
    else
        close(fd);
}

/* Half a pair is of no use. */
static void halves_drop(struct media_ports *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count; i++) {
        const struct media_port_pair pair = p->pairs[i];

        if (pair.fds[0] >= 0 && pair.fds[1] >= 0)
            p->pairs[kept++] = pair;
        else
            close(pair.fds[0] >= 0 ? pair.fds[0] : pair.fds[1]);
    }
    p->count = kept;
}

enum error media_ports_open(struct media_ports *p, const struct config *config)
{
    enum error e;

    config_media_ports(config, &p->first, &p->last);
    notify_stored(kept_take, p);
    halves_drop(p);
    if (p->ledger >= 0)
        return OK;
    e = ledger_create(&p->ledger);
    if (e == OK)
        notify_store(LEDGER_NAME, &p->ledger, 1);
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
    for (unsigned n = 0; n < AT_A_TIME && p->handed < p->count; n++)
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

static unsigned *next_port(struct media_ports *p, const struct media_address *host)
{
    unsigned i = 0;

    while (i < p->host_count && !media_address_same_host(&p->hosts[i].address, host))
        i++;
    if (i == MEDIA_HOSTS)
        return NULL;
    if (i == p->host_count) {
        p->hosts[i].address = *host;
        p->hosts[i].next = p->first;
        p->host_count++;
    }
    return &p->hosts[i].next;
}

/* Opens and hands over up to `count` pairs. False: there are no more. */
static bool pairs_open(struct media_ports *p, struct child *c, const struct media_address *host,
                       unsigned count)
{
    struct media_address local = *host;
    unsigned *next = next_port(p, host);
    struct media_port_pair *pair;

    while (next && count && *next + 1 <= p->last && (pair = pair_room(p))) {
        local.port = (uint16_t)*next;
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

/* Leaves the pairs from `first` on, which are of this host, with the service manager: all at once,
 * since each notice takes its time. */
static void pairs_store(const struct media_ports *p, const struct media_address *host, size_t first)
{
    int fds[2 * AT_A_TIME];
    char name[NAME_MAX_BYTES];
    unsigned n = 0;

    for (size_t i = first; i < p->count; i++) {
        fds[n++] = p->pairs[i].fds[0];
        fds[n++] = p->pairs[i].fds[1];
    }
    host_name(host, name);
    if (n)
        notify_store(name, fds, n);
}

void media_ports_wanted(struct media_ports *p, struct child *c, struct view body)
{
    bool bad = false;
    struct media_address host = media_address_unpack(&body, &bad);
    uint16_t count = unpack_u16(&body, &bad);
    struct pack answer = {0};
    size_t before;
    bool done;

    if (bad || !host.family)
        return;
    before = p->count;
    done = pairs_open(p, c, &host, count < AT_A_TIME ? count : AT_A_TIME);
    pairs_store(p, &host, before);
    host.port = 0;
    media_address_pack(&answer, &host);
    pack_u8(&answer, !done);
    child_send(c, ROLE_PORTS, 0, pack_bytes_view(&answer), -1);
    pack_free(&answer);
}
