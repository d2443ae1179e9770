/* Unit tests of media/pairs.c: which ports serve the next call. */
#include "media/pairs.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define HOST "127.0.0.1"
#define REST 2000 /* ms */

static struct pairs *p;
static unsigned wanted, wanted_times; /* of the parent */
static unsigned short_times;          /* that there was said to be none */
static char stocked[256];             /* the ports, in order: "1000 1002 " */
static struct text stock = {.p = stocked, .size = sizeof(stocked)};

static struct media_address at(const char *host, uint16_t port)
{
    struct media_address a = {.port = port};

    if (!media_address_parse(&a, view_of(host)))
        fail_msg("\"%s\" is no address", host);
    return a;
}

static void on_want(void *arg, const struct media_address *host, unsigned count)
{
    (void)arg;
    assert_int_equal(host->port, 0);
    wanted += count;
    wanted_times++;
}

static void on_stock(void *arg, const struct pair *pair)
{
    (void)arg;
    text_number(&stock, pair->local.port);
    text_string(&stock, " ");
}

static void on_none(void *arg, const struct media_address *host)
{
    (void)arg;
    assert_int_equal(host->port, 0);
    short_times++;
}

static int begin(void **state)
{
    const struct pairs_handler handler = {.want = on_want, .stock = on_stock, .none = on_none};

    (void)state;
    clock_make_virtual(1000000, 0);
    wanted = wanted_times = short_times = 0;
    stock.n = 0;
    return pairs_new(&p, &handler, 1, 65535) == OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    pairs_free_all(p);
    return 0;
}

/* What was stocked since the last look. */
static struct view new_stock(void)
{
    struct view v = text_done(&stock);

    stock.n = 0;
    return v;
}

static enum error add_one(uint16_t port, bool rtcp)
{
    struct media_address local = at(HOST, port);

    return pairs_add(p, &local, rtcp, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static void add(uint16_t port)
{
    assert_int_equal(add_one(port, false), OK);
    assert_int_equal(add_one(port, true), OK);
}

static void want(unsigned count)
{
    struct media_address host = at(HOST, 0);

    pairs_wanted(p, &host, count);
}

static void answered(bool exhausted)
{
    struct media_address host = at(HOST, 0);

    pairs_answered(p, &host, exhausted);
}

static struct pair *use(uint16_t port)
{
    struct media_address local = at(HOST, port);

    return pairs_use(p, &local);
}

/* Three pairs that calls have. */
static void use_three(struct pair *out[3])
{
    for (uint16_t i = 0; i < 3; i++) {
        add((uint16_t)(1000 + 2 * i));
        out[i] = use((uint16_t)(1000 + 2 * i));
        assert_non_null(out[i]);
    }
}

static size_t used(void)
{
    size_t n;

    pairs_count(p, &n);
    return n;
}

static void pairs_are_asked_for_by_the_dozen(void **state)
{
    (void)state;
    want(100);
    assert_int_equal(wanted, 64);
    want(20);
    assert_int_equal(wanted_times, 1); /* one question at a time */
    add(1000);
    answered(false);
    assert_view(new_stock(), "1000 ");
    assert_int_equal(wanted, 64 + 64);
    answered(true);
    answered(true);
    assert_int_equal(wanted_times, 2);
}

static void a_pair_needs_both_ports(void **state)
{
    (void)state;
    assert_int_equal(add_one(1000, false), OK);
    want(1);
    answered(true);
    assert_view(new_stock(), "");
    assert_null(use(1000));
    assert_int_equal(add_one(1000, true), OK);
    answered(true);
    assert_view(new_stock(), "1000 ");
}

static void a_port_comes_once(void **state)
{
    (void)state;
    add(1000);
    assert_int_equal(add_one(1000, false), ERR_MEMORY);
    assert_int_equal(add_one(1000, true), ERR_MEMORY);
}

static void a_pair_serves_one_call(void **state)
{
    struct pair *pair;

    (void)state;
    add(1000);
    assert_null(use(1002));
    pair = use(1000);
    assert_non_null(pair);
    assert_null(use(1000));
    assert_int_equal(used(), 1);
    pairs_give_back(p, pair);
    assert_int_equal(used(), 0);
    assert_ptr_equal(use(1000), pair);
}

static void the_one_given_back_first_is_the_next(void **state)
{
    struct pair *pairs[3];

    (void)state;
    use_three(pairs);
    pairs_give_back(p, pairs[1]);
    clock_advance(10);
    pairs_give_back(p, pairs[2]);
    clock_advance(10);
    pairs_give_back(p, pairs[0]);
    clock_advance(REST);
    want(3);
    assert_view(new_stock(), "1002 1004 1000 ");
    assert_int_equal(wanted, 0);
}

static void a_pair_rests_while_there_may_be_others(void **state)
{
    struct pair *pairs[3];

    (void)state;
    use_three(pairs);
    pairs_give_back(p, pairs[0]);
    clock_advance(REST - 1);
    pairs_give_back(p, pairs[1]);
    want(1);
    assert_view(new_stock(), "");
    assert_int_equal(wanted, 1);
    clock_advance(1);
    answered(false);
    assert_view(new_stock(), "1000 ");
}

static void fresh_ones_go_before_those_that_rest(void **state)
{
    struct pair *pairs[3];

    (void)state;
    use_three(pairs);
    pairs_give_back(p, pairs[0]);
    want(1);
    add(2000);
    answered(false);
    assert_view(new_stock(), "2000 ");
}

static void there_is_no_rest_without_others(void **state)
{
    struct pair *pairs[3];

    (void)state;
    use_three(pairs);
    want(2);
    answered(true);
    assert_view(new_stock(), "");
    assert_int_equal(short_times, 1);
    pairs_give_back(p, pairs[2]);
    assert_view(new_stock(), "1004 ");
    pairs_give_back(p, pairs[0]);
    assert_view(new_stock(), "1000 ");
    pairs_give_back(p, pairs[1]);
    assert_view(new_stock(), "");
}

static void the_stock_of_a_dead_role_is_free_again(void **state)
{
    struct pair *pairs[3];

    (void)state;
    use_three(pairs);
    add(2000);
    want(2);
    assert_view(new_stock(), "2000 ");
    pairs_give_back(p, pairs[0]);
    pairs_return_stock(p);
    answered(false); /* nothing is wanted any more */
    assert_view(new_stock(), "");
    want(1);
    assert_view(new_stock(), "2000 "); /* before the one that rests */
    assert_null(use(1002));
    assert_int_equal(used(), 2);
}

static void a_stocked_pair_may_be_used_and_come_back(void **state)
{
    struct pair *pair;

    (void)state;
    add(1000);
    want(1);
    pair = use(1000);
    assert_non_null(pair);
    pairs_return_stock(p);
    assert_null(use(1000));
    pairs_give_back(p, pair);
    assert_ptr_equal(use(1000), pair);
}

static void a_new_role_hears_too_that_there_are_no_more(void **state)
{
    (void)state;
    add(1000);
    want(1);
    assert_view(new_stock(), "1000 ");
    want(1);
    answered(true);
    assert_int_equal(short_times, 1);
    pairs_return_stock(p);
    want(1);
    assert_view(new_stock(), "1000 ");
    assert_int_equal(short_times, 1);
    want(1);
    assert_int_equal(short_times, 2);
}

/* As a new media role does, by what the ledger names. */
static void free_ones_may_be_taken_out_of_any_place(void **state)
{
    static const uint16_t orders[][3] = {{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}};

    (void)state;
    for (uint16_t i = 0; i < 3; i++)
        add((uint16_t)(1000 + 2 * i));
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct pair *pairs[3];

        for (int j = 0; j < 3; j++) {
            pairs[j] = use((uint16_t)(1000 + 2 * orders[i][j]));
            assert_non_null(pairs[j]);
        }
        for (int j = 0; j < 3; j++)
            pairs_give_back(p, pairs[j]);
    }
    clock_advance(REST);
    want(3);
    assert_view(new_stock(), "1002 1004 1000 ");
}

static void hosts_have_pairs_of_their_own(void **state)
{
    struct media_address other = at("::1", 1000), host = at("::1", 0);

    (void)state;
    add(1000);
    assert_null(pairs_use(p, &other));
    pairs_wanted(p, &host, 1);
    assert_view(new_stock(), "");
    assert_int_equal(wanted, 1);
}

static void there_are_not_too_many_hosts(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 40; i++) {
        struct media_address local = {.family = 4, .port = 1000, .bytes = {192, 0, 2, i}};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_int_equal(pairs_add(p, &local, false, fd), i < 32 ? OK : ERR_MEMORY);
        pairs_wanted(p, &local, 1);
        pairs_answered(p, &local, true);
    }
    assert_int_equal(wanted_times, 32);
}

/* A socket on loopback with a datagram in it. */
static int socket_with_mail(struct sockaddr_in *a)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(*a);

    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)a, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)a, &size), 0);
    assert_int_equal(sendto(fd, "late", 4, 0, (struct sockaddr *)a, size), 4);
    return fd;
}

static void what_came_before_a_call_is_not_heard_in_it(void **state)
{
    struct media_address local = at(HOST, 1000);
    struct sockaddr_in a;
    int fd = socket_with_mail(&a), other = socket_with_mail(&a);
    char byte;

    (void)state;
    assert_int_equal(pairs_add(p, &local, false, fd), OK);
    assert_int_equal(pairs_add(p, &local, true, other), OK);
    want(1);
    assert_view(new_stock(), "1000 ");
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(recv(other, &byte, 1, MSG_DONTWAIT), -1);
}

static void ports_out_of_range_are_not_given_again(void **state)
{
    const struct pairs_handler handler = {.want = on_want, .stock = on_stock, .none = on_none};
    struct media_address inside = at("192.0.2.1", 2000), former = at("192.0.2.1", 1998);
    struct pair *used;

    (void)state;
    pairs_free_all(p);
    assert_int_equal(pairs_new(&p, &handler, 2000, 2001), OK);
    for (int rtcp = 0; rtcp < 2; rtcp++) {
        assert_int_equal(pairs_add(p, &former, rtcp, dup(STDERR_FILENO)), OK);
        assert_int_equal(pairs_add(p, &inside, rtcp, dup(STDERR_FILENO)), OK);
    }
    used = pairs_use(p, &former); /* a call of a former life has it */
    assert_non_null(used);
    pairs_give_back(p, used);
    clock_advance(REST);
    pairs_wanted(p, &inside, 2);
    assert_view(new_stock(), "2000 ");
    assert_non_null(pairs_use(p, &former));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs_are_asked_for_by_the_dozen, begin, end),
        cmocka_unit_test_setup_teardown(a_pair_needs_both_ports, begin, end),
        cmocka_unit_test_setup_teardown(a_port_comes_once, begin, end),
        cmocka_unit_test_setup_teardown(a_pair_serves_one_call, begin, end),
        cmocka_unit_test_setup_teardown(the_one_given_back_first_is_the_next, begin, end),
        cmocka_unit_test_setup_teardown(a_pair_rests_while_there_may_be_others, begin, end),
        cmocka_unit_test_setup_teardown(fresh_ones_go_before_those_that_rest, begin, end),
        cmocka_unit_test_setup_teardown(there_is_no_rest_without_others, begin, end),
        cmocka_unit_test_setup_teardown(the_stock_of_a_dead_role_is_free_again, begin, end),
        cmocka_unit_test_setup_teardown(a_stocked_pair_may_be_used_and_come_back, begin, end),
        cmocka_unit_test_setup_teardown(a_new_role_hears_too_that_there_are_no_more, begin, end),
        cmocka_unit_test_setup_teardown(free_ones_may_be_taken_out_of_any_place, begin, end),
        cmocka_unit_test_setup_teardown(hosts_have_pairs_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(there_are_not_too_many_hosts, begin, end),
        cmocka_unit_test_setup_teardown(what_came_before_a_call_is_not_heard_in_it, begin, end),
        cmocka_unit_test_setup_teardown(ports_out_of_range_are_not_given_again, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
