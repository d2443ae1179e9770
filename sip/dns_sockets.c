/* Shelves of sockets, filled again when one is taken. */
#include "sip/dns_sockets.h"

#include <unistd.h>

void dns_sockets_init(struct dns_sockets *s, const struct dns_channel_handler *handler,
                      const bool families[2])
{
    memset(s, 0, sizeof(*s));
    s->handler = handler;
    for (int i = 0; i < 2; i++) {
        s->shelves[i][0].size = families[i] ? DNS_DATAGRAM_STOCK : 0;
        s->shelves[i][1].size = families[i] ? DNS_STREAM_STOCK : 0;
    }
}

void dns_sockets_close(struct dns_sockets *s)
{
    for (int i = 0; i < 4; i++) {
        struct dns_shelf *shelf = &s->shelves[i / 2][i % 2];

        while (shelf->count)
            close(shelf->fds[--shelf->count]);
        shelf->size = 0;
    }
}

static void shelf_fill(struct dns_sockets *s, int family, int stream)
{
    struct dns_shelf *shelf = &s->shelves[family][stream];

    while (shelf->count + shelf->wanted < shelf->size) {
        shelf->wanted++; /* the socket may come at once */
        if (s->handler->want_socket(s->handler->arg, family ? 6 : 4, stream))
            continue;
        shelf->wanted--;
        return;
    }
}

void dns_sockets_fill(struct dns_sockets *s)
{
    for (int i = 0; i < 4; i++)
        shelf_fill(s, i / 2, i % 2);
}

int dns_sockets_take(struct dns_sockets *s, int domain, int type)
{
    struct dns_shelf *shelf = &s->shelves[domain == AF_INET6][type == SOCK_STREAM];

    return shelf->count ? shelf->fds[--shelf->count] : -1;
}

void dns_sockets_put(struct dns_sockets *s, uint8_t family, bool stream, int fd)
{
    struct dns_shelf *shelf = &s->shelves[family == 6][stream];

    if (shelf->wanted)
        shelf->wanted--;
    if (fd >= 0 && shelf->count < shelf->size)
        shelf->fds[shelf->count++] = fd;
    else if (fd >= 0)
        close(fd);
}

bool dns_sockets_wait(const struct dns_sockets *s)
{
    bool wanted = false;

    for (int i = 0; i < 2; i++) {
        if (s->shelves[i][0].count)
            return false;
        wanted = wanted || s->shelves[i][0].wanted;
    }
    return wanted;
}
