/* Unit tests of the TCP transport: framing over real sockets, limits on a virtual clock. */
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

#include "tests/unit/side.h"

#define REQUEST "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP a\r\nContent-Length: 0\r\n\r\n"

static int setup(void **state)
{
    *state = side_open(FLOW_TCP);
    return 0;
}

static int teardown(void **state)
{
    side_close(*state);
    return 0;
}

static int client(struct side *s)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&s->address, sizeof(s->address)), 0);
    settle(s);
    return fd;
}

static void say(struct side *s, int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    settle(s);
}

static bool is_closed(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void who_says_nothing_is_closed_after_10_s(void **state)
{
    struct side *s = *state;
    int fd = client(s);

    pass(s, 9999);
    assert_false(is_closed(fd));
    pass(s, 1);
    assert_true(is_closed(fd));
    assert_int_equal(transport_counts(s->transport).timed_out_connections, 1);
    close(fd);
}

static void a_byte_a_second_does_not_keep_a_connection(void **state)
{
    struct side *s = *state;
    int fd = client(s);
    unsigned sent = 0;

    while (sent < 40 && !is_closed(fd)) {
        (void)send(fd, REQUEST + sent++, 1, MSG_NOSIGNAL);
        settle(s);
        pass(s, 1000);
    }
    assert_in_range(sent, 10, 12);
    assert_int_equal(s->messages, 0);
    close(fd);
}

static void a_message_that_has_begun_has_20_s(void **state)
{
    struct side *s = *state;
    int fd = client(s);

    say(s, fd, REQUEST);
    assert_int_equal(s->messages, 1);
    transport_keep(s->transport, &s->last);
    pass(s, 3600 * 1000);
    assert_false(is_closed(fd)); /* a phone is quiet between two registrations */
    say(s, fd, "OPTIONS sip:x SIP");
    pass(s, 19999);
    assert_false(is_closed(fd));
    pass(s, 1);
    assert_true(is_closed(fd));
    close(fd);
}

static void proof_does_not_lengthen_a_message_that_has_begun(void **state)
{
    struct side *s = *state;
    int fd = client(s);

    say(s, fd, REQUEST "OPTIONS sip:x SIP");
    transport_keep(s->transport, &s->last); /* the verdict comes after the next bytes */
    pass(s, 20000);
    assert_true(is_closed(fd));
    close(fd);
}

static void an_idle_connection_ends_after_its_limit(void **state)
{
    struct side *s = *state;
    int fd = client(s);

    say(s, fd, REQUEST);
    transport_keep(s->transport, &s->last);
    pass(s, 7499 * 1000);
    assert_false(is_closed(fd));
    pass(s, 1000);
    assert_true(is_closed(fd));
    close(fd);
}

static void who_has_proven_nothing_may_be_silent_for_5_minutes(void **state)
{
    struct side *s = *state;
    int fd = client(s);

    say(s, fd, REQUEST);
    pass(s, 299 * 1000);
    assert_false(is_closed(fd));
    pass(s, 1000);
    assert_true(is_closed(fd));
    close(fd);
}

static void the_oldest_half_open_connection_makes_room(void **state)
{
    struct side *s = *state;
    int fds[1002];

    for (int i = 0; i < 1002; i++)
        fds[i] = client(s);
    assert_true(is_closed(fds[0]));
    assert_true(is_closed(fds[1]));
    assert_false(is_closed(fds[2]));
    assert_int_equal(transport_counts(s->transport).connections, 1000);
    say(s, fds[1001], REQUEST);
    assert_int_equal(s->messages, 1);
    for (int i = 0; i < 1002; i++)
        close(fds[i]);
    settle(s);
    assert_int_equal(transport_counts(s->transport).connections, 0);
}

static void pipelined_messages_and_pings_are_told_apart(void **state)
{
    struct side *s = *state;
    int fd = client(s);
    char answer[8];

    say(s, fd, REQUEST "\r\n\r\n" REQUEST REQUEST);
    assert_int_equal(s->messages, 3);
    assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), 2);
    assert_memory_equal(answer, "\r\n", 2);
    close(fd);
}

static void hopeless_bytes_close_the_connection(void **state)
{
    static const char *const lines[] = {
        "OPTIONS sip:x SIP/2.0\r\nContent-Length: 4294967296\r\n\r\n",
        "OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        "OPTIONS sip:x SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\n",
    };
    struct side *s = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int fd = client(s);

        say(s, fd, lines[i]);
        assert_true(is_closed(fd));
        close(fd);
    }
    assert_int_equal(transport_counts(s->transport).hopeless, 3);
}

static void an_answer_uses_the_connection_it_came_over(void **state)
{
    struct side *s = *state;
    int fd = client(s);
    char answer[8];

    say(s, fd, REQUEST);
    assert_int_equal(transport_send(s->transport, &s->last, VIEW("hello")), OK);
    settle(s);
    assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), 5);
    close(fd);
    settle(s);
    assert_int_equal(s->broken, 1);
    assert_false(transport_is_open(s->transport, &s->last));
}

static void what_is_sent_elsewhere_opens_a_connection(void **state)
{
    struct side *s = *state;
    struct sip_flow flow = {.transport = FLOW_TCP};

    flow_set_peer(&flow, (struct sockaddr *)&s->address); /* ourselves */
    assert_int_equal(transport_reach(s->transport, &flow), OK);
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    settle(s);
    assert_int_equal(s->messages, 2);
    assert_int_equal(transport_counts(s->transport).connections, 2); /* both ends */
}

static void a_connection_that_is_refused_is_told(void **state)
{
    struct side *s = *state;
    struct sip_flow flow = {.transport = FLOW_TCP};
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(nobody);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&nobody, size), 0);
    getsockname(fd, (struct sockaddr *)&nobody, &size);
    flow_set_peer(&flow, (struct sockaddr *)&nobody);
    (void)transport_send(s->transport, &flow, VIEW(REQUEST));
    settle(s);
    assert_int_equal(s->broken, 1);
    assert_int_equal(transport_counts(s->transport).connections, 0);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_says_nothing_is_closed_after_10_s),
        TEST(a_byte_a_second_does_not_keep_a_connection),
        TEST(a_message_that_has_begun_has_20_s),
        TEST(proof_does_not_lengthen_a_message_that_has_begun),
        TEST(an_idle_connection_ends_after_its_limit),
        TEST(who_has_proven_nothing_may_be_silent_for_5_minutes),
        TEST(the_oldest_half_open_connection_makes_room),
        TEST(pipelined_messages_and_pings_are_told_apart),
        TEST(hopeless_bytes_close_the_connection),
        TEST(an_answer_uses_the_connection_it_came_over),
        TEST(what_is_sent_elsewhere_opens_a_connection),
        TEST(a_connection_that_is_refused_is_told),
    };

    clock_make_virtual(1000000, 1800000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
