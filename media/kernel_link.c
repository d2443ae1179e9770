/* Interfaces by rtnetlink(7): asked for once, and again when news was lost. */
#include "media/kernel_link.h"

#include <errno.h>
#include <event2/event.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
/* wants those above first */
#include <linux/rtnetlink.h>

#include "base/log.h"

#define NEWS_MAX 32768 /* what the kernel sends at a time at most */

struct kernel_links {
    int fd;
    struct event *readable;
    kernel_link_fn *report;
    void *arg;
    bool asked; /* the end of the list is still to come */
};

static enum error links_ask(struct kernel_links *k)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg body;
    } question = {
        .head = {.nlmsg_len = sizeof(question),
                 .nlmsg_type = RTM_GETLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.ifi_family = AF_UNSPEC},
    };

    k->asked = true;
    return send(k->fd, &question, sizeof(question), 0) < 0 ? ERR_SYSTEM : OK;
}

/* Messages of other families tell what a bridge has done with its ports. */
static void link_report(struct kernel_links *k, struct nlmsghdr *m)
{
    const struct ifinfomsg *body = NLMSG_DATA(m);
    struct kernel_link link = {.gone = m->nlmsg_type == RTM_DELLINK, .name = "?"};
    int left = (int)m->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*body));

    if (left < 0 || body->ifi_family != AF_UNSPEC)
        return;
    link.index = body->ifi_index;
    link.up = body->ifi_flags & IFF_UP;
    link.loopback = body->ifi_flags & IFF_LOOPBACK;
    link.ethernet = body->ifi_type == ARPHRD_ETHER;
    for (struct rtattr *a = IFLA_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_IFNAME)
            link.name = RTA_DATA(a);
    k->report(k->arg, &link);
}

static void news_take(struct kernel_links *k, struct nlmsghdr *m, size_t n)
{
    for (; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n)) {
        if (m->nlmsg_type == RTM_NEWLINK || m->nlmsg_type == RTM_DELLINK)
            link_report(k, m);
        else if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
            k->asked = false;
    }
}

static enum error news_read(struct kernel_links *k, int flags)
{
    _Alignas(struct nlmsghdr) char buffer[NEWS_MAX];
    struct sockaddr_nl from;
    socklen_t size = sizeof(from);
    ssize_t n = recvfrom(k->fd, buffer, sizeof(buffer), flags, (struct sockaddr *)&from, &size);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? ERR_BUSY : ERR_SYSTEM;
    if (from.nl_pid == 0) /* the kernel */
        news_take(k, (struct nlmsghdr *)buffer, (size_t)n);
    return OK;
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
    struct kernel_links *k = arg;
    enum error e;

    (void)fd;
    (void)what;
    do
        e = news_read(k, MSG_DONTWAIT);
    while (e == OK);
    if (e == ERR_SYSTEM && (errno != ENOBUFS || links_ask(k)))
        log_errno("news of network interfaces");
}

static enum error links_begin(struct kernel_links *k, struct event_base *base)
{
    struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    enum error e;

    k->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (k->fd < 0 || bind(k->fd, (struct sockaddr *)&own, sizeof(own)))
        return ERR_SYSTEM;
    k->readable = event_new(base, k->fd, EV_READ | EV_PERSIST, on_news, k);
    if (!k->readable || event_add(k->readable, NULL))
        return ERR_MEMORY;
    e = links_ask(k);
    while (e == OK && k->asked)
        e = news_read(k, 0);
    return e;
}

enum error kernel_links_open(struct kernel_links **out, struct event_base *base,
                             kernel_link_fn *report, void *arg)
{
    struct kernel_links *k = calloc(1, sizeof(*k));
    enum error e;

    if (!k)
        return ERR_MEMORY;
    *k = (struct kernel_links){.fd = -1, .report = report, .arg = arg};
    e = links_begin(k, base);
    if (e) {
        kernel_links_close(k);
        return e;
    }
    *out = k;
    return OK;
}

void kernel_links_close(struct kernel_links *k)
{
    if (!k)
        return;
    if (k->readable)
        event_free(k->readable);
    if (k->fd >= 0)
        close(k->fd);
    free(k);
}
