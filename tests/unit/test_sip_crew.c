/* Unit tests of hired threads: what they receive comes out of the transport that hired them, and
 * what it sends reaches their peers. Real sockets, real threads, the real clock. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sip/crew.h"

#define REQUEST "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP a\r\nContent-Length: 0\r\n\r\n"
#define THREADS 3 /* the transport's own, and two that are hired */
#define CLIENTS 64
#define WAIT_MS 10000
#define FAST    8    /* clients that send a burst each: more than a thread may be ahead */
#define BURST   2000 /* messages */

struct crew_side {
    struct event_base *base;
    struct wheel *wheel;
    struct alarm *alarm;
    struct transport *transport;
    struct sockaddr_in address;
    int fds[THREADS];
    unsigned messages, broken, turns;
    bool hostile; /* nobody is admitted */
    struct sip_flow last;
};

static void on_message(void *arg, const struct sip_flow *from, struct view bytes)
{
    struct crew_side *s = arg;

    assert_true(view_eq(bytes, VIEW(REQUEST)));
    s->messages++;
    s->last = *from;
}

static void on_broken(void *arg, const struct sip_flow *flow)
{
    (void)flow;
    ((struct crew_side *)arg)->broken++;
}

static void on_turned(void *arg)
{
    struct crew_side *s = arg;

    s->turns++;
    alarm_turn(s->alarm);
}

static bool on_admit(void *arg, const struct sip_flow *from)
{
    (void)from;
    return !((struct crew_side *)arg)->hostile;
}

static int socket_of(struct crew_side *s, int kind)
{
    int fd = socket(AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    socklen_t size = sizeof(s->address);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&s->address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&s->address, &size), 0);
    if (kind == SOCK_STREAM)
        assert_int_equal(listen(fd, CLIENTS), 0);
    return fd;
}

static struct crew_side *side_new(void)
{
    struct crew_side *s = calloc(1, sizeof(*s));
    struct transport_handler handler = {.message = on_message,
                                        .broken = on_broken,
                                        .turned = on_turned,
                                        .admit = on_admit,
                                        .arg = s};

    clock_update();
    s->base = event_base_new();
    s->address.sin_family = AF_INET;
    s->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(wheel_new(&s->wheel, clock_ms()), OK);
    assert_int_equal(alarm_new(&s->alarm, s->base, s->wheel), OK);
    assert_int_equal(transport_new(&s->transport, s->base, s->wheel, &handler, NULL, 0), OK);
    assert_int_equal(transport_hire(s->transport, THREADS - 1), OK);
    return s;
}

/* Each thread listens, the transport's own one too only with `own`. */
static void serve(struct crew_side *s, int kind, bool own)
{
    enum flow_transport transport = kind == SOCK_STREAM ? FLOW_TCP : FLOW_UDP;

    for (unsigned i = 0; i < THREADS; i++) {
        struct sockaddr *bound = (struct sockaddr *)&s->address;

        s->fds[i] = kind == SOCK_DGRAM && i ? dup(s->fds[0]) : own || i ? socket_of(s, kind) : -1;
        if (i)
            assert_int_equal(transport_assign(s->transport, i, s->fds[i], transport, bound, 0), OK);
        else if (own)
            assert_int_equal(transport_listen(s->transport, s->fds[i], transport, bound, 0), OK);
    }
    assert_int_equal(transport_begin(s->transport), OK);
}

static void side_free(struct crew_side *s)
{
    transport_free(s->transport);
    alarm_free(s->alarm);
    wheel_free(s->wheel);
    event_base_free(s->base);
    for (unsigned i = 0; i < THREADS; i++)
        if (s->fds[i] >= 0)
            close(s->fds[i]);
    free(s);
}

/* Lets the loop turn until *value is what it should be. */
static void await(struct crew_side *s, const unsigned *value, unsigned wanted)
{
    struct timeval tick = {0, 2000};

    for (int i = 0; i < WAIT_MS / 2 && *value != wanted; i++) {
        event_base_loopexit(s->base, &tick);
        event_base_loop(s->base, EVLOOP_ONCE);
        clock_update();
    }
    assert_int_equal(*value, wanted);
}

static int client(struct crew_side *s, int kind)
{
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    struct timeval limit = {WAIT_MS / 1000, 0};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(fd, (struct sockaddr *)&s->address, sizeof(s->address)), 0);
    return fd;
}

static void say(int fd)
{
    assert_int_equal(send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL), (ssize_t)strlen(REQUEST));
}

/* Turns the loop once, so that what was sent leaves. */
static void hear(struct crew_side *s, int fd, const char *text)
{
    char bytes[64] = "";

    event_base_loop(s->base, EVLOOP_NONBLOCK);
    assert_int_equal(recv(fd, bytes, sizeof(bytes) - 1, 0), (ssize_t)strlen(text));
    assert_string_equal(bytes, text);
}

static void a_connection_of_a_hired_thread_works_both_ways(void **state)
{
    struct crew_side *s = side_new();
    int fd;

    (void)state;
    serve(s, SOCK_STREAM, false);
    fd = client(s, SOCK_STREAM);
    say(fd);
    await(s, &s->messages, 1);
    assert_true(transport_is_open(s->transport, &s->last));
    transport_keep(s->transport, &s->last);
    assert_int_equal(transport_send(s->transport, &s->last, VIEW("hello")), OK);
    hear(s, fd, "hello");
    close(fd);
    await(s, &s->broken, 1);
    assert_false(transport_is_open(s->transport, &s->last));
    side_free(s);
}

static void who_is_not_admitted_is_hung_up_on(void **state)
{
    struct crew_side *s = side_new();
    int fd;

    (void)state;
    s->hostile = true;
    serve(s, SOCK_STREAM, false);
    fd = client(s, SOCK_STREAM);
    await(s, &s->broken, 1);
    hear(s, fd, "");
    close(fd);
    side_free(s);
}

/* Sends from CLIENTS places and answers the one that came last, each in turn. */
static void all_are_answered(struct crew_side *s, int kind)
{
    int fds[CLIENTS];

    serve(s, kind, true);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = client(s, kind);
        say(fds[i]);
        await(s, &s->messages, i + 1);
        crew_judge(s->transport->crew, 90);
        assert_int_equal(transport_send(s->transport, &s->last, VIEW("hello")), OK);
        hear(s, fds[i], "hello");
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

/* The report of a hired thread comes within 250 ms. */
static void counted(struct crew_side *s, bool stream)
{
    unsigned heard = 0, sent = 0, busy = 0;

    for (int i = 0; i < WAIT_MS / 20 && (heard != CLIENTS || sent != CLIENTS); i++) {
        struct timeval tick = {0, 20000};

        event_base_loopexit(s->base, &tick);
        event_base_dispatch(s->base);
        struct transport_counts all = transport_counts(s->transport);

        heard = (unsigned)(stream ? all.stream_messages : all.datagrams);
        sent = (unsigned)all.sent;
    }
    assert_int_equal(heard, CLIENTS);
    assert_int_equal(sent, CLIENTS);
    assert_int_equal(transport_threads(s->transport), THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        struct transport_counts one = transport_counts_of(s->transport, i);

        busy += (one.stream_messages > 0 || !stream) && one.sent > 0;
    }
    assert_int_equal(busy, THREADS); /* each has had its share */
}

static void connections_are_shared_out(void **state)
{
    struct crew_side *s = side_new();

    (void)state;
    all_are_answered(s, SOCK_STREAM);
    await(s, &s->broken, CLIENTS);
    counted(s, true);
    side_free(s);
}

static void datagrams_are_sent_by_all_while_the_first_is_busy(void **state)
{
    struct crew_side *s = side_new();

    (void)state;
    all_are_answered(s, SOCK_DGRAM);
    counted(s, false);
    side_free(s);
}

static void who_has_time_sends_his_datagrams_himself(void **state)
{
    struct crew_side *s = side_new();
    struct sip_flow flow = {.transport = FLOW_UDP, .family = 4, .port = 5060};
    static const struct {
        unsigned percent;
        bool shared;
    } rows[] = {{0, false}, {59, false}, {60, true}, {35, true}, {34, false}, {59, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool shared = false;

        crew_judge(s->transport->crew, rows[i].percent);
        for (flow.port = 1; flow.port < 100; flow.port++)
            shared |= crew_share(s->transport->crew, &flow) != NULL;
        assert_int_equal(shared, rows[i].shared);
    }
    side_free(s);
}

/* While the transport is busy elsewhere: many messages, and the ends of their connections. */
static void who_is_too_fast_waits_and_loses_nothing(void **state)
{
    struct crew_side *s = side_new();
    static char many[BURST * sizeof(REQUEST)];
    size_t size = 0;
    int fds[FAST], room = 4 << 20;

    (void)state;
    for (int i = 0; i < BURST; i++, size += strlen(REQUEST))
        memcpy(many + size, REQUEST, strlen(REQUEST));
    serve(s, SOCK_STREAM, false);
    for (unsigned i = 0; i < FAST; i++) {
        fds[i] = client(s, SOCK_STREAM);
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        say(fds[i]);
    }
    await(s, &s->messages, FAST); /* all are admitted */
    for (unsigned i = 0; i < FAST; i++) {
        assert_int_equal(send(fds[i], many, size, MSG_NOSIGNAL), (ssize_t)size);
        close(fds[i]);
    }
    await(s, &s->messages, FAST + FAST * BURST);
    await(s, &s->broken, FAST);
    side_free(s);
}

/* From this port, or from any one, which is kept in *port. */
static int client_from(const struct sockaddr_in *to, uint16_t *port)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = *port};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    socklen_t size = sizeof(from);

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fd, (struct sockaddr *)&from, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&from, &size), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
    *port = from.sin_port;
    return fd;
}

static void a_peer_may_have_connections_to_two_threads(void **state)
{
    struct crew_side *s = side_new();
    struct sockaddr_in at[2];
    uint16_t port = 0;
    int fds[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        s->address.sin_port = 0;
        s->fds[i] = socket_of(s, SOCK_STREAM);
        at[i] = s->address;
        assert_int_equal(transport_assign(s->transport, i + 1, s->fds[i], FLOW_TCP,
                                          (struct sockaddr *)&at[i], i),
                         OK);
    }
    s->fds[2] = -1;
    assert_int_equal(transport_begin(s->transport), OK);
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = client_from(&at[i], &port);
        say(fds[i]);
        await(s, &s->messages, i + 1);
    }
    close(fds[0]);
    say(fds[1]);
    await(s, &s->messages, 3);
    assert_true(transport_is_open(s->transport, &s->last));
    assert_int_equal(s->broken, 0); /* something can still be sent */
    close(fds[1]);
    await(s, &s->broken, 1);
    assert_false(transport_is_open(s->transport, &s->last));
    side_free(s);
}

static void it_ends_in_the_middle_of_everything(void **state)
{
    struct crew_side *s = side_new();
    int fds[CLIENTS];

    (void)state;
    serve(s, SOCK_STREAM, true);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = client(s, SOCK_STREAM);
        say(fds[i]);
    }
    event_base_loop(s->base, EVLOOP_NONBLOCK);
    side_free(s);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_of_a_hired_thread_works_both_ways),
        cmocka_unit_test(who_is_not_admitted_is_hung_up_on),
        cmocka_unit_test(connections_are_shared_out),
        cmocka_unit_test(datagrams_are_sent_by_all_while_the_first_is_busy),
        cmocka_unit_test(who_has_time_sends_his_datagrams_himself),
        cmocka_unit_test(who_is_too_fast_waits_and_loses_nothing),
        cmocka_unit_test(a_peer_may_have_connections_to_two_threads),
        cmocka_unit_test(it_ends_in_the_middle_of_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
