/* Packets: a set of sockets of its own inside the event loop, so that one costs no more than a
 * receive, a comparison and a send. */
#include "media/relay.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/sdp.h"

#define STAY_MS    50 /* until others have their turn */
#define BATCH      64
#define PACKET_MAX 65536

#define COMFORT_NOISE 13 /* RFC 3551, table 4 */

struct relay {
    int set;   /* epoll */
    int alarm; /* timerfd, among those of the set */
    struct event *ready;
    uint64_t now; /* us */
    struct fast fast;
    struct relay_counts counts;
};

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct learn *lane_learn(const struct lane *lane)
{
    return &lane->of->entry->learn[lane->side][lane->rtcp];
}

/* The peer of both, without what the kernel leaves open. */
static bool is_from(const struct lane_address *a, const struct sockaddr *from)
{
    if (from->sa_family == AF_INET)
        return a->size == sizeof(a->four) && !memcmp(&a->four, from, 8);
    return a->size == sizeof(a->six) && !memcmp(&a->six, from, 4) &&
           !memcmp(&a->six.sin6_addr, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
}

static void address_take(struct lane_address *out, const struct media_address *a)
{
    struct sockaddr_storage whole;

    out->size = 0;
    if (!a->port)
        return;
    out->size = (uint8_t)media_address_sockaddr(a, &whole);
    memcpy(&out->any, &whole, out->size);
}

static void lane_connect(struct lane *lane, bool wanted)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};

    if (wanted)
        lane->connected = !connect(lane->fd, &lane->send.any, lane->send.size);
    else if (lane->connected)
        lane->connected = connect(lane->fd, &none, sizeof(none)) < 0;
}

/* A connected socket hears nobody else, and that by the kernel's judgement; one whose phone may
 * come from another port has to hear all. RTCP is too rare to be worth it. */
static void lane_settle(struct lane *lane, uint64_t now)
{
    const struct learn *l = lane_learn(lane);
    bool single = l->accept.port && media_address_same(&l->accept, &l->send);
    bool wanted = single && !lane->rtcp && !learn_listens(l, now);
    struct lane_address before = lane->send;

    address_take(&lane->accept, &l->accept);
    address_take(&lane->send, &l->send);
    if (lane->connected && !is_from(&before, &lane->send.any))
        lane_connect(lane, false);
    if (wanted != lane->connected)
        lane_connect(lane, wanted);
}

static uint32_t clock_of(const struct stream_side *side, uint8_t type)
{
    const struct sdp_format *usual = sdp_format_static(type);

    if (usual)
        return usual->clock;
    for (int i = 0; i < STREAM_FORMATS && side->formats[i].clock; i++)
        if (side->formats[i].type == type)
            return side->formats[i].clock;
    return 0;
}

/* Comfort noise, or the digits that are pressed: the codec stays what it is. */
static bool is_aside(const struct stream_side *side, uint8_t type)
{
    for (int i = 0; i < STREAM_FORMATS && side->formats[i].clock; i++)
        if (side->formats[i].type == type)
            return !strcmp(side->formats[i].name, "CN") ||
                   !strcmp(side->formats[i].name, STREAM_EVENT);
    return type == COMFORT_NOISE;
}

/* The types that a sender uses are those of the receiver's description (RFC 3264 5.1). */
static void packet_count(struct relay *r, struct lane *lane, const struct learn_packet *p,
                         uint32_t timestamp, const uint8_t *bytes, size_t n)
{
    struct ledger_stream *e = lane->of->entry;
    struct figures *f = &e->figures[lane->side], *other = &e->figures[!lane->side];
    const struct stream_side *receiver = &e->is.sides[!lane->side];

    if (p->kind == LEARN_RTP && f->packets && p->type != f->type && is_aside(receiver, p->type))
        figures_aside(f, p, n, r->now);
    else if (p->kind == LEARN_RTP)
        figures_rtp(f, p, timestamp, n, r->now, clock_of(receiver, p->type));
    else if (p->kind == LEARN_RTCP)
        rtcp_pass(f, other, bytes, n, r->now, e->is.encrypted);
    else
        f->last = r->now / 1000;
}

static ssize_t lane_send(const struct lane *to, const uint8_t *bytes, size_t n)
{
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

    return to->connected ? send(to->fd, bytes, n, flags)
                         : sendto(to->fd, bytes, n, flags, &to->send.any, to->send.size);
}

static void packet_send(struct relay *r, struct lane *lane, const struct learn_packet *p,
                        const uint8_t *bytes, size_t n)
{
    bool apart = !lane->of->mux && (lane->rtcp || p->kind == LEARN_RTCP);
    struct lane *to = &lane->of->lanes[!lane->side][apart];
    ssize_t sent;

    if (to->mute || !to->send.size) {
        r->counts.nowhere++;
        return;
    }
    sent = lane_send(to, bytes, n);
    if (sent < 0 && errno == ECONNREFUSED) /* told of an earlier one: this one was not sent yet */
        sent = lane_send(to, bytes, n);
    if (sent < 0)
        r->counts.failed++;
    else
        r->counts.packets++;
}

/* May the packet pass? The rare case: what is known may change by it. */
static bool packet_judge(struct relay *r, struct lane *lane, const struct sockaddr_storage *from,
                         const struct learn_packet *p)
{
    struct media_address source = {0};
    bool passes;

    media_address_set(&source, (const struct sockaddr *)from);
    passes = learn_packet(lane_learn(lane), &source, p, r->now / 1000);
    if (!passes && !lane_learn(lane)->sdp.port) {
        r->counts.nowhere++; /* its sender has not described itself yet: it may be anybody */
    } else if (!passes) {
        r->counts.strangers++;
        lane->of->entry->figures[lane->side].strangers++;
    }
    return passes;
}

/* RTP may leave for the kernel, or has to come back from it by what this packet has changed. */
static void lane_speed(struct relay *r, struct lane *lane)
{
    struct relayed *s = lane->of;

    fast_settle(&r->fast, s->entry);
    if (!lane->rtcp && s->lanes[0][0].bound && s->lanes[1][0].bound)
        fast_enter(&r->fast, s->entry, lane->side, r->now / 1000);
}

static void lane_receive(struct relay *r, struct lane *lane)
{
    static uint8_t bytes[PACKET_MAX];
    const struct relayed *s = lane->of;
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    struct learn_packet p;
    uint32_t timestamp = 0;
    ssize_t n =
        recvfrom(lane->fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &size);

    if (n < 0)
        return;
    if (!rtp_read(&p, &timestamp, bytes, (size_t)n, s->secure, s->other)) {
        r->counts.garbage++;
        return;
    }
    if (r->fast.map >= 0)
        fast_count(&r->fast, lane->of->entry, lane->side); /* those came before */
    if (is_from(&lane->accept, (struct sockaddr *)&from))
        learn_accepted(lane_learn(lane), &p, r->now / 1000);
    else if (!packet_judge(r, lane, &from, &p))
        return;
    if (!lane->connected)
        lane_settle(lane, r->now / 1000);
    packet_count(r, lane, &p, timestamp, bytes, (size_t)n);
    packet_send(r, lane, &p, bytes, (size_t)n);
    if (r->fast.map >= 0)
        lane_speed(r, lane);
}

/* One batch; false: there is none, or others have something to do, before any packet is looked at:
 * what they hear may decide on it. */
static bool batch_relay(struct relay *r)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(r->set, events, BATCH, -1);

    r->now = now_us();
    for (int i = 0; i < n; i++)
        if (!events[i].data.ptr)
            return false;
    for (int i = 0; i < n; i++)
        lane_receive(r, events[i].data.ptr);
    return n > 0;
}

/* 0: never. */
static void alarm_set(struct relay *r, long ms)
{
    const struct itimerspec when = {.it_value.tv_nsec = ms * 1000000};

    (void)timerfd_settime(r->alarm, 0, &when, NULL);
}

/* Going round through libevent would double what a packet costs; meanwhile its set need not hear of
 * each. An alarm for all of them costs less than a time limit for each wait. */
static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct relay *r = arg;

    (void)fd;
    (void)what;
    event_del(r->ready);
    alarm_set(r, STAY_MS);
    while (batch_relay(r))
        ;
    alarm_set(r, 0);
    event_add(r->ready, NULL); /* relay_renew repeats it, should memory be short now */
}

enum error relay_watch(struct relay *r, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    return epoll_ctl(r->set, EPOLL_CTL_ADD, fd, &event) ? ERR_SYSTEM : OK;
}

void relay_unwatch(struct relay *r, int fd)
{
    (void)epoll_ctl(r->set, EPOLL_CTL_DEL, fd, NULL);
}

enum error relay_new(struct relay **out, struct event_base *base, int map)
{
    struct relay *r = calloc(1, sizeof(*r));

    *out = r;
    if (!r) {
        if (map >= 0)
            close(map);
        return ERR_MEMORY;
    }
    fast_open(&r->fast, map);
    r->set = epoll_create1(EPOLL_CLOEXEC);
    r->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (r->set >= 0 && r->alarm >= 0)
        r->ready = event_new(base, r->set, EV_READ | EV_PERSIST, on_ready, r);
    if (r->ready) /* what is to be done with packets is heard before they are looked at */
        event_priority_set(r->ready, LOOP_LATER);
    if (r->ready && relay_watch(r, r->alarm) == OK && !event_add(r->ready, NULL))
        return OK;
    relay_free(r);
    *out = NULL;
    return ERR_SYSTEM;
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    if (r->ready)
        event_free(r->ready);
    if (r->set >= 0)
        close(r->set);
    if (r->alarm >= 0)
        close(r->alarm);
    fast_close(&r->fast);
    free(r);
}

/* Is it bound to an address of this host, as the kernel path wants it? That of a NAT in front is
 * none. */
static bool is_bound(int fd)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    struct media_address a = {0};

    if (getsockname(fd, (struct sockaddr *)&own, &size))
        return false;
    media_address_set(&a, (struct sockaddr *)&own);
    return a.family && !media_address_is_any(&a);
}

/* Goes on as a former life has left it, if the phone is still where it was: a socket that is being
 * connected anew misses packets. */
static void lane_resume(struct lane *lane, uint64_t now)
{
    struct learn *l = lane_learn(lane);
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    address_take(&lane->send, &l->send);
    lane->connected = !getpeername(lane->fd, (struct sockaddr *)&peer, &size);
    if (lane->connected && l->accept.port && is_from(&lane->send, (struct sockaddr *)&peer))
        l->last = now;
    else
        lane_connect(lane, false);
}

static bool lane_begin(struct relay *r, struct relayed *s, unsigned side, unsigned rtcp)
{
    struct lane *lane = &s->lanes[side][rtcp];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = lane};

    *lane = (struct lane){.of = s, .fd = -1, .side = (uint8_t)side, .rtcp = (uint8_t)rtcp};
    if (!s->pairs[side])
        return true;
    lane->fd = s->pairs[side]->fds[rtcp];
    lane_resume(lane, r->now / 1000);
    lane->bound = is_bound(lane->fd);
    return !epoll_ctl(r->set, EPOLL_CTL_ADD, lane->fd, &event);
}

enum error relay_start(struct relay *r, struct relayed *s)
{
    bool done = true;

    r->now = now_us();
    fast_leave(&r->fast, s->entry);
    for (unsigned i = 0; i < 4; i++)
        done = lane_begin(r, s, i / 2, i % 2) && done;
    relay_settle(r, s);
    if (done)
        return OK;
    relay_stop(r, s);
    return ERR_SYSTEM;
}

void relay_stop(struct relay *r, struct relayed *s)
{
    fast_leave(&r->fast, s->entry);
    for (unsigned i = 0; i < 4; i++) {
        struct lane *lane = &s->lanes[i / 2][i % 2];

        if (lane->fd < 0)
            continue;
        (void)epoll_ctl(r->set, EPOLL_CTL_DEL, lane->fd, NULL);
        lane_connect(lane, false);
        lane->fd = -1;
    }
}

void relay_settle(struct relay *r, struct relayed *s)
{
    r->now = now_us();
    fast_tend(&r->fast, s->entry, r->now / 1000);
    s->mux = s->entry->is.mux;
    s->secure = s->entry->is.secure;
    s->other = s->entry->is.other;
    for (unsigned i = 0; i < 4; i++) {
        struct lane *lane = &s->lanes[i / 2][i % 2];

        lane->mute = s->entry->is.sides[lane->side].held;
        if (lane->fd >= 0)
            lane_settle(lane, r->now / 1000);
    }
}

void relay_count(struct relay *r, struct relayed *s)
{
    fast_count(&r->fast, s->entry, 0);
    fast_count(&r->fast, s->entry, 1);
}

void relay_slow(struct relay *r, struct relayed *s)
{
    fast_leave(&r->fast, s->entry);
}

void relay_begin(struct relay *r)
{
    fast_begin(&r->fast);
}

void relay_renew(struct relay *r)
{
    event_add(r->ready, NULL);
    fast_renew(&r->fast);
}

struct relay_counts relay_counts(const struct relay *r)
{
    struct relay_counts all = r->counts;

    all.packets += r->fast.packets;
    return all;
}
