/* Sending and checking; the time of arrival is the kernel's, so that our own delay is not in it. */
#include "tests/bench/phone.h"

#include <sys/socket.h>
#include <time.h>

#include "tests/bench/packet.h"

uint64_t clock_ns(int clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

enum error phone_open(struct phone *p, const struct sockaddr_in *own,
                      const struct sockaddr_in *peer)
{
    int on = 1;

    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0 ||
        bind(p->fd, (const struct sockaddr *)own, sizeof *own) < 0 ||
        connect(p->fd, (const struct sockaddr *)peer, sizeof *peer) < 0)
        return ERR_SYSTEM;
    return OK;
}

static bool window_holds(const struct window *w, uint64_t sent)
{
    return sent >= w->from && sent < w->to;
}

void phone_send(struct phone *p, struct window *w, uint64_t now)
{
    struct packet_mark mark = {.run = w->run, .stream = p->stream, .number = p->number};
    char packet[PACKET_SIZE];
    bool done;

    mark.sent = clock_ns(CLOCK_REALTIME);
    packet_write(packet, &mark);
    done = send(p->fd, packet, sizeof packet, 0) == sizeof packet;
    if (!done)
        p->refused++;
    if (window_holds(w, mark.sent)) {
        w->sending += clock_ns(CLOCK_REALTIME) - mark.sent;
        histogram_add(&w->lateness, (now - p->due) / 1000);
        p->sent += done;
    }
    p->number++;
    p->due += PACKET_INTERVAL;
}

static uint64_t arrival_time(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct timespec t;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    }
    return clock_ns(CLOCK_REALTIME);
}

static void gap_note(struct phone *p, uint64_t arrived)
{
    if (p->last && arrived > p->last && arrived - p->last > p->gap)
        p->gap = arrived - p->last;
    p->last = arrived;
}

static void phone_check(struct phone *p, struct window *w, struct view packet, uint64_t arrived)
{
    struct packet_mark mark;

    if (packet_read(&mark, packet) != OK || mark.run != w->run || mark.stream != (p->stream ^ 1)) {
        p->foreign++;
        return;
    }
    if (!arrivals_add(&p->arrivals, mark.number) || !window_holds(w, mark.sent))
        return;
    p->received++;
    gap_note(p, arrived);
    /* the wall clock may have been set back meanwhile */
    histogram_add(&w->latency, arrived > mark.sent ? (arrived - mark.sent) / 1000 : 0);
}

void phone_receive(struct phone *p, struct window *w)
{
    char bytes[512], control[128];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(p->fd, &m, 0);

    if (n >= 0)
        phone_check(p, w, (struct view){bytes, (size_t)n}, arrival_time(&m));
}
