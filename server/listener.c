/* Sockets for SIP: bound by the parent, given to the sip role. */
#include "server/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECEIVE_BUFFER (4 << 20)
#define BACKLOG        1024

static bool address_wildcard(const struct config_listen *l)
{
    if (l->address.ss_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&l->address)->sin6_addr);
    return ((const struct sockaddr_in *)&l->address)->sin_addr.s_addr == htonl(INADDR_ANY);
}

/* The kernel's limit may be lower for who has no CAP_NET_ADMIN: best effort. */
static void buffer_enlarge(int fd)
{
    const int size = RECEIVE_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static bool options_set(int fd, const struct config_listen *l)
{
    const int on = 1;
    bool six = l->address.ss_family == AF_INET6;
    if (six && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on))
        return false;
    if (l->transport != LISTEN_UDP)
        return !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    buffer_enlarge(fd);
    /* what ICMP says of a peer comes back with his address, RFC 3261 18.4 */
    (void)(six ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on)
               : setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    if (!address_wildcard(l))
        return true;
    /* the answer has to leave from the address that the question came to */
    return six ? !setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on)
               : !setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

static bool port_share(int fd)
{
    const int on = 1;
    return !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

/* Without SO_REUSEPORT (shared) bind fails when anybody else has the port. */
static int listener_open(const struct config_listen *l, bool shared)
{
    int kind = l->transport == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM;
    int fd = socket(l->address.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (options_set(fd, l) && (!shared || port_share(fd)) &&
        !bind(fd, (const struct sockaddr *)&l->address, l->address_size) &&
        (l->transport == LISTEN_UDP || !listen(fd, BACKLOG)))
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* The socket of a worker into *out; the first one looks whether the port is free. */
static bool listener_share(int *out, const struct config *config, const struct config_listen *l,
                           size_t worker)
{
    bool shared = config->workers > 1 && l->transport != LISTEN_UDP;
    *out = -1;
    if (worker > 0 && !shared)
        return true;
    if (shared && worker == 0) {
        int probe = listener_open(l, false);
        if (probe < 0)
            return false;
        close(probe);
    }
    *out = listener_open(l, shared);
    return *out >= 0;
}

static void open_explain(const struct config_listen *l, char error[LISTENER_ERROR])
{
    if (errno == EADDRINUSE)
        snprintf(error, LISTENER_ERROR,
                 "listen: %s is taken by another program, perhaps another offhookd; stop it or "
                 "choose another port",
                 l->text);
    else if (errno == EADDRNOTAVAIL)
        snprintf(error, LISTENER_ERROR, "listen: %s: this host does not have the address", l->text);
    else if (errno == EACCES)
        snprintf(error, LISTENER_ERROR,
                 "listen: %s: only root may open this port; start as root or choose one above 1023",
                 l->text);
    else
        snprintf(error, LISTENER_ERROR, "listen: %s: %s", l->text, strerror(errno));
}

static bool ipv6_missing(const struct config *config, const struct config_listen *l)
{
    return config->listen_default && l->address.ss_family == AF_INET6 &&
           (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL || errno == EPROTONOSUPPORT);
}

enum error listeners_open(int **out, struct config *config, char error[LISTENER_ERROR])
{
    int *fds = calloc(listeners_count(config) + 1, sizeof *fds);
    snprintf(error, LISTENER_ERROR, "there is not enough memory for the listeners");
    if (!fds)
        return ERR_MEMORY;
    for (size_t i = 0; i < listeners_count(config); i++) {
        const struct config_listen *l = &config->listens[i % config->listen_count];
        if (listener_share(&fds[i], config, l, i / config->listen_count))
            continue;
        if (ipv6_missing(config, l)) {
            config_drop_ipv6(config); /* those of IPv4 come first and are open */
            i--;
            continue;
        }
        open_explain(l, error);
        listeners_close(fds, i);
        return ERR_SYSTEM;
    }
    *out = fds;
    return OK;
}

size_t listeners_count(const struct config *config)
{
    return config->listen_count * config->workers;
}

void listeners_close(int *listeners, size_t count)
{
    for (size_t i = 0; listeners && i < count; i++)
        if (listeners[i] >= 0)
            close(listeners[i]);
    free(listeners);
}
