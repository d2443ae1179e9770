/* Namespaces, cables and sockets for the tests of the fast path. */
#include "tests/unit/phones.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define RTP_SIZE 172

/* ---- namespaces ------------------------------------------------------------------------------ */

int space_new(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd;

    if (unshare(CLONE_NEWNET))
        return -1;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
    close(fd);
    fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

void space_enter(int space)
{
    assert_int_equal(setns(space, CLONE_NEWNET), 0);
}

void command_run(const char *format, ...)
{
    char line[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (system(line))
        fail_msg("%s", line);
}

void cable_lay(const struct spaces *s, int phone, const char *name, int net)
{
    space_enter(s->relay);
    command_run("ip link add name %s type veth peer name eth netns /proc/%d/fd/%d", name, getpid(),
                phone);
    command_run("ip address add 10.0.%d.1/24 dev %s", net, name);
    command_run("ip address add fd00:%d::1/64 dev %s nodad", net, name);
    command_run("ip link set %s up", name);
    space_enter(phone);
    command_run("ip address add 10.0.%d.2/24 dev eth", net);
    command_run("ip address add fd00:%d::2/64 dev eth nodad", net);
    command_run("ip link set eth up");
    space_enter(s->relay);
}

void spaces_open(struct spaces *s)
{
    s->a = space_new();
    s->b = space_new();
    s->relay = space_new();
    cable_lay(s, s->a, "to-a", 1);
    cable_lay(s, s->b, "to-b", 2);
}

void spaces_close(struct spaces *s)
{
    close(s->a);
    close(s->b);
    close(s->relay);
}

/* ---- sockets --------------------------------------------------------------------------------- */

int socket_open(struct media_address *out, uint8_t family, const char *host)
{
    const struct timeval patience = {.tv_sec = 5};
    int kind = family == 4 ? AF_INET : AF_INET6;
    int fd = socket(kind, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage a;
    socklen_t size;

    *out = (struct media_address){.family = family};
    assert_int_equal(inet_pton(kind, host, out->bytes), 1);
    size = media_address_sockaddr(out, &a);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    media_address_set(out, (struct sockaddr *)&a);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void flows_fill(struct line *l, const struct media_address *a,
                       const struct media_address *near, const struct media_address *far,
                       const struct media_address *b)
{
    l->forth = (struct kernel_flow){.peer = *a, .local = *near, .out_local = *far, .out_peer = *b};
    l->back = (struct kernel_flow){.peer = *b, .local = *far, .out_local = *near, .out_peer = *a};
}

void line_open(struct line *l, const struct spaces *s, uint8_t family)
{
    struct media_address a, near, far, b;
    bool four = family == 4;

    space_enter(s->a);
    l->a = socket_open(&a, family, four ? "10.0.1.2" : "fd00:1::2");
    space_enter(s->b);
    l->b = socket_open(&b, family, four ? "10.0.2.2" : "fd00:2::2");
    space_enter(s->relay);
    l->near = socket_open(&near, family, four ? "10.0.1.1" : "fd00:1::1");
    l->far = socket_open(&far, family, four ? "10.0.2.1" : "fd00:2::1");
    flows_fill(l, &a, &near, &far, &b);
}

void line_open_loopback(struct line *l, uint8_t family)
{
    const char *host = family == 4 ? "127.0.0.1" : "::1";
    struct media_address a, near, far, b;

    l->a = socket_open(&a, family, host);
    l->near = socket_open(&near, family, host);
    l->far = socket_open(&far, family, host);
    l->b = socket_open(&b, family, host);
    flows_fill(l, &a, &near, &far, &b);
}

void line_close(struct line *l)
{
    close(l->a);
    close(l->near);
    close(l->far);
    close(l->b);
}

/* ---- packets --------------------------------------------------------------------------------- */

static void rtp_write(uint8_t bytes[RTP_SIZE], const struct rtp_packet *p)
{
    uint16_t sequence = htons(p->sequence);
    uint32_t timestamp = htonl(p->timestamp), ssrc = htonl(p->ssrc);

    memset(bytes, 0xd5, RTP_SIZE);
    bytes[0] = 0x80;
    bytes[1] = 8;
    memcpy(bytes + 2, &sequence, 2);
    memcpy(bytes + 4, &timestamp, 4);
    memcpy(bytes + 8, &ssrc, 4);
}

void rtp_send(int fd, const struct media_address *to, const struct rtp_packet *p)
{
    uint8_t bytes[RTP_SIZE];

    rtp_write(bytes, p);
    bytes_send(fd, to, bytes, sizeof(bytes));
}

void bytes_send(int fd, const struct media_address *to, const void *bytes, size_t n)
{
    struct sockaddr_storage a;
    socklen_t size = media_address_sockaddr(to, &a);

    assert_int_equal(sendto(fd, bytes, n, 0, (struct sockaddr *)&a, size), n);
}

void rtp_expect(int fd, const struct media_address *from, const struct rtp_packet *p)
{
    uint8_t bytes[RTP_SIZE];

    rtp_write(bytes, p);
    bytes_expect(fd, from, bytes, sizeof(bytes));
}

void bytes_expect(int fd, const struct media_address *from, const void *bytes, size_t n)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof(a);
    struct media_address have;
    uint8_t got[2048];
    ssize_t count = recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&a, &size);

    assert_int_equal(count, n);
    media_address_set(&have, (struct sockaddr *)&a);
    assert_true(media_address_same(&have, from));
    assert_memory_equal(got, bytes, n);
}
