/* Unit tests of rtpload's judgement: what counts as lost, duplicated, reordered and foreign. */
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/packet.h"
#include "tests/bench/phone.h"

#define RUN 77

/* Phone 6 at one end of a pair of sockets; the test writes what arrives into the other. */
struct line {
    struct phone phone;
    struct window window;
    int far;
};

static int line_open(void **state)
{
    struct line *l = calloc(1, sizeof *l);
    int fds[2];

    if (!l || socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
        return -1;
    l->phone.fd = fds[0];
    l->phone.stream = 6;
    l->far = fds[1];
    l->window.run = RUN;
    l->window.from = 1000;
    l->window.to = 2000;
    *state = l;
    return 0;
}

static int line_close(void **state)
{
    struct line *l = *state;

    close(l->phone.fd);
    close(l->far);
    free(l);
    return 0;
}

static void arrive(struct line *l, struct packet_mark mark)
{
    char packet[PACKET_SIZE];

    packet_write(packet, &mark);
    assert_int_equal(write(l->far, packet, sizeof packet), sizeof packet);
    phone_receive(&l->phone, &l->window);
}

static void the_other_phone_is_received_within_the_window(void **state)
{
    struct line *l = *state;

    arrive(l, (struct packet_mark){RUN, 7, 100, 999});
    arrive(l, (struct packet_mark){RUN, 7, 101, 1000});
    arrive(l, (struct packet_mark){RUN, 7, 102, 1999});
    arrive(l, (struct packet_mark){RUN, 7, 103, 2000});
    assert_int_equal(l->phone.received, 2);
    assert_int_equal(l->phone.arrivals.received, 4);
    assert_int_equal(l->phone.foreign, 0);
    assert_int_equal(l->window.latency.total, 2);
}

static void others_are_foreign(void **state)
{
    struct line *l = *state;
    char packet[PACKET_SIZE];

    arrive(l, (struct packet_mark){RUN + 1, 7, 100, 1500});
    arrive(l, (struct packet_mark){RUN, 6, 100, 1500});
    arrive(l, (struct packet_mark){RUN, 5, 100, 1500});
    packet_write(packet, &(struct packet_mark){RUN, 7, 100, 1500});
    assert_int_equal(write(l->far, packet, sizeof packet - 1), sizeof packet - 1);
    phone_receive(&l->phone, &l->window);
    packet[PACKET_SIZE - 1] ^= 1;
    assert_int_equal(write(l->far, packet, sizeof packet), sizeof packet);
    phone_receive(&l->phone, &l->window);
    assert_int_equal(l->phone.foreign, 5);
    assert_int_equal(l->phone.received, 0);
}

static void duplicates_and_disorder_are_told_apart(void **state)
{
    struct arrivals a = {0};

    (void)state;
    assert_true(arrivals_add(&a, 1000));
    assert_true(arrivals_add(&a, 1002));
    assert_true(arrivals_add(&a, 1001));
    assert_false(arrivals_add(&a, 1001));
    assert_false(arrivals_add(&a, 1002));
    assert_true(arrivals_add(&a, 1065));
    assert_false(arrivals_add(&a, 1002));
    assert_false(arrivals_add(&a, 1001));
    assert_true(arrivals_add(&a, 5000));
    assert_true(arrivals_add(&a, 4937));
    assert_int_equal(a.received, 6);
    assert_int_equal(a.duplicated, 4);
    assert_int_equal(a.reordered, 2);
}

static void quantiles_are_those_of_what_was_added(void **state)
{
    struct histogram *h = calloc(1, sizeof *h);

    (void)state;
    assert_non_null(h);
    assert_int_equal(histogram_quantile(h, .5), 0);
    for (uint64_t us = 1; us <= 100; us++)
        histogram_add(h, us);
    assert_int_equal(histogram_quantile(h, .5), 50);
    assert_int_equal(histogram_quantile(h, .99), 99);
    assert_int_equal(histogram_quantile(h, 1), 100);
    histogram_add(h, 5ULL * HISTOGRAM_MAX);
    assert_int_equal(histogram_quantile(h, 1), HISTOGRAM_MAX);
    free(h);
}

static void a_packet_is_rtp(void **state)
{
    char packet[PACKET_SIZE];
    uint16_t sequence;
    uint32_t timestamp;

    (void)state;
    packet_write(packet, &(struct packet_mark){RUN, 7, 65537, 1500});
    memcpy(&sequence, packet + 2, sizeof sequence);
    memcpy(&timestamp, packet + 4, sizeof timestamp);
    assert_int_equal((unsigned char)packet[0], 0x80);
    assert_int_equal(packet[1], 0);
    assert_int_equal(ntohs(sequence), 1);
    assert_int_equal(ntohl(timestamp), 65537 * 160);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_other_phone_is_received_within_the_window, line_open,
                                        line_close),
        cmocka_unit_test_setup_teardown(others_are_foreign, line_open, line_close),
        cmocka_unit_test(duplicates_and_disorder_are_told_apart),
        cmocka_unit_test(quantiles_are_those_of_what_was_added),
        cmocka_unit_test(a_packet_is_rtp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
