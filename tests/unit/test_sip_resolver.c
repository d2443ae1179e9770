/* Unit tests of the resolver against a name server in the same event loop. Time is virtual, but for
 * c-ares, which has its own clock. */
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "sip/resolver.h"
#include "tests/unit/check.h"
#include "tests/unit/name_server.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static unsigned made, fail_at; /* the allocation that fails; 0: none */

static bool fails(void)
{
    return fail_at && ++made == fail_at;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

struct side {
    struct event_base *base;
    struct wheel *wheel;
    struct name_server server;
    struct resolver *resolver;
    struct resolver_options options;
    bool no_sockets;   /* none is to be had */
    bool late_sockets; /* they come when the test gives them */
    unsigned wanted;
    /* the last result */
    unsigned calls;
    enum error error;
    unsigned count;
    struct resolver_address list[RESOLVER_ADDRESSES_MAX];
};

static bool on_want_socket(void *arg, uint8_t family, bool stream)
{
    struct side *s = arg;

    s->wanted++;
    if (s->late_sockets)
        return true;
    if (s->no_sockets)
        return false;
    resolver_give_socket(s->resolver, family, stream,
                         socket(family == 6 ? AF_INET6 : AF_INET,
                                (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                0));
    return true;
}

static void on_turned(void *arg)
{
    (void)arg;
}

static uint64_t on_random(void *arg)
{
    (void)arg;
    return 42;
}

static void on_done(void *user, const struct resolver_address *list, unsigned count,
                    enum error error)
{
    struct side *s = user;

    s->calls++;
    s->count = count;
    s->error = error;
    memcpy(s->list, list, count * sizeof(*list));
}

static enum error begin(struct side *s)
{
    enum error error = resolver_new(&s->resolver, &s->server.address, 1);

    if (error == OK)
        error = resolver_open(s->resolver, s->base, s->wheel, &s->options);
    return error;
}

static int setup(void **state)
{
    struct side *s = calloc(1, sizeof(*s));

    s->base = event_base_new();
    assert_int_equal(wheel_new(&s->wheel, clock_ms()), OK);
    name_server_open(&s->server, s->base);
    s->options = (struct resolver_options){.families = {4, 6},
                                           .transports = RESOLVER_UDP | RESOLVER_TCP,
                                           .random = on_random,
                                           .handler = {on_want_socket, NULL, on_turned, s}};
    assert_int_equal(begin(s), OK);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct side *s = *state;

    resolver_free(s->resolver);
    name_server_close(&s->server);
    wheel_free(s->wheel);
    event_base_free(s->base);
    free(s);
    return 0;
}

/* Begins anew with other options. */
static void again(struct side *s)
{
    resolver_free(s->resolver);
    assert_int_equal(begin(s), OK);
}

static void settle(struct side *s)
{
    for (int i = 0; i < 60; i++)
        event_base_loop(s->base, EVLOOP_NONBLOCK);
}

static void pass(struct side *s, uint64_t ms)
{
    clock_advance(ms);
    wheel_turn(s->wheel, clock_ms());
    settle(s);
}

/* Runs the loop in real time until a result came. */
static void wait_call(struct side *s, unsigned calls)
{
    struct timeval tick = {0, 20000};

    for (int i = 0; i < 500 && s->calls < calls; i++) {
        event_base_loopexit(s->base, &tick);
        event_base_dispatch(s->base);
    }
    assert_int_equal(s->calls, calls);
}

static struct resolver_query *ask_for(struct side *s, struct resolver_target target)
{
    unsigned calls = s->calls;
    struct resolver_query *q = resolver_ask(s->resolver, &target, on_done, s);

    assert_int_equal(s->calls, calls);
    return q;
}

/* Asks for host and port and waits for the result. */
static void resolve(struct side *s, const char *host, uint16_t port)
{
    unsigned calls = s->calls;

    assert_non_null(ask_for(s, (struct resolver_target){.host = view_of(host), .port = port}));
    wait_call(s, calls + 1);
}

static void assert_result(const struct side *s, const char *want)
{
    char have[RESOLVER_ADDRESSES_MAX * FLOW_TEXT_MAX] = "", flow[FLOW_TEXT_MAX];

    for (unsigned i = 0; i < s->count; i++) {
        strcat(have, i ? " " : "");
        strcat(have, flow_text(&s->list[i].flow, flow));
    }
    assert_string_equal(have, want);
    assert_int_equal(s->count != 0, s->error == OK);
}

/* A domain with all that RFC 3263 knows. */
static void domain_make(struct name_server *n)
{
    name_server_naptr(n, "office.test", 50, 50, "SIPS+D2T", "_sips._tcp.office.test");
    name_server_naptr(n, "office.test", 100, 50, "SIP+D2U", "udp.office.test");
    name_server_naptr(n, "office.test", 90, 50, "SIP+D2T", "tcp.office.test");
    name_server_naptr(n, "office.test", 10, 10, "E2U+sip", "_sip._udp.office.test");
    name_server_srv(n, "tcp.office.test", 1, 0, 5070, "a.office.test");
    name_server_srv(n, "udp.office.test", 2, 0, 5082, "b.office.test");
    name_server_srv(n, "udp.office.test", 1, 0, 5081, "a.office.test");
    name_server_srv(n, "_sips._tcp.office.test", 1, 0, 5061, "b.office.test");
    name_server_address(n, "a.office.test", "192.0.2.1");
    name_server_address(n, "a.office.test", "2001:db8::1");
    name_server_address(n, "b.office.test", "192.0.2.2");
}

static void naptr_leads_to_srv_and_srv_to_addresses(void **state)
{
    struct side *s = *state;

    domain_make(&s->server);
    resolve(s, "Office.test", 0);
    assert_result(s, "tcp:192.0.2.1:5070 tcp:[2001:db8::1]:5070 udp:192.0.2.1:5081 "
                     "udp:[2001:db8::1]:5081 udp:192.0.2.2:5082");
}

static void a_transport_in_the_uri_decides(void **state)
{
    struct side *s = *state;
    struct resolver_target target = {
        .host = VIEW("x.test"), .transport = FLOW_TCP, .transport_given = true};

    name_server_naptr(&s->server, "x.test", 1, 1, "SIP+D2U", "_sip._udp.x.test");
    name_server_srv(&s->server, "_sip._tcp.x.test", 1, 0, 5070, "a.x.test");
    name_server_srv(&s->server, "_sip._udp.x.test", 1, 0, 5080, "a.x.test");
    name_server_address(&s->server, "a.x.test", "192.0.2.1");
    assert_non_null(ask_for(s, target));
    wait_call(s, 1);
    assert_result(s, "tcp:192.0.2.1:5070");
    assert_int_equal(s->server.datagrams, 3);
}

static void only_what_is_listened_for_is_used(void **state)
{
    struct side *s = *state;

    s->options.families[0] = 6;
    s->options.families[1] = 0;
    s->options.transports = RESOLVER_UDP;
    again(s);
    domain_make(&s->server);
    resolve(s, "office.test", 0);
    assert_result(s, "udp:[2001:db8::1]:5081");
    resolve(s, "192.0.2.1", 0);
    assert_int_equal(s->error, ERR_NOT_FOUND);
}

static void sips_takes_tls_alone(void **state)
{
    struct side *s = *state;
    struct resolver_target target = {.host = VIEW("office.test"), .secure = true};

    domain_make(&s->server);
    assert_non_null(ask_for(s, target));
    wait_call(s, 1);
    assert_int_equal(s->error, ERR_NOT_FOUND);
    s->options.transports = RESOLVER_UDP | RESOLVER_TCP | RESOLVER_TLS;
    again(s);
    assert_non_null(ask_for(s, target));
    wait_call(s, 2);
    assert_result(s, "tls:192.0.2.2:5061");
    target = (struct resolver_target){
        .host = VIEW("b.office.test"), .transport = FLOW_TLS, .transport_given = true};
    assert_non_null(ask_for(s, target));
    wait_call(s, 3);
    assert_result(s, "tls:192.0.2.2:5061");
}

static void without_naptr_the_usual_names_are_asked(void **state)
{
    struct side *s = *state;

    name_server_srv(&s->server, "_sip._tcp.x.test", 1, 0, 5070, "a.x.test");
    name_server_srv(&s->server, "_sip._udp.x.test", 1, 0, 5080, "a.x.test");
    name_server_address(&s->server, "a.x.test", "192.0.2.1");
    resolve(s, "x.test", 0);
    assert_result(s, "udp:192.0.2.1:5080 tcp:192.0.2.1:5070");
}

static void without_srv_the_host_itself_is_meant(void **state)
{
    struct side *s = *state;

    name_server_address(&s->server, "x.test", "192.0.2.1");
    name_server_address(&s->server, "x.test", "2001:db8::1");
    resolve(s, "x.test", 0);
    assert_result(s, "udp:192.0.2.1:5060 udp:[2001:db8::1]:5060");
}

static void a_port_leads_to_addresses_at_once(void **state)
{
    struct side *s = *state;

    name_server_srv(&s->server, "_sip._udp.x.test", 1, 0, 5080, "a.x.test");
    name_server_address(&s->server, "x.test", "192.0.2.1");
    resolve(s, "x.test", 5099);
    assert_result(s, "udp:192.0.2.1:5099");
    assert_int_equal(s->server.datagrams, 2); /* A and AAAA */
}

static void a_numeric_host_asks_nobody(void **state)
{
    struct side *s = *state;

    resolve(s, "192.0.2.1", 0);
    assert_result(s, "udp:192.0.2.1:5060");
    resolve(s, "[2001:db8::1]", 5070);
    assert_result(s, "udp:[2001:db8::1]:5070");
    resolve(s, "not a host", 0);
    assert_int_equal(s->error, ERR_SYNTAX);
    assert_int_equal(s->server.datagrams, 0);
}

static void a_root_target_means_no_service(void **state)
{
    struct side *s = *state;

    name_server_srv(&s->server, "_sip._udp.x.test", 0, 0, 0, "");
    name_server_address(&s->server, "x.test", "192.0.2.1");
    resolve(s, "x.test", 0);
    assert_int_equal(s->error, ERR_NOT_FOUND);
}

static void answers_are_remembered(void **state)
{
    struct side *s = *state;

    name_server_address(&s->server, "x.test", "192.0.2.1");
    resolve(s, "x.test", 5060);
    resolve(s, "X.TEST.", 5060);
    assert_result(s, "udp:192.0.2.1:5060");
    assert_int_equal(s->server.datagrams, 2);
    assert_int_equal(resolver_counts(s->resolver).queries, 2);
    assert_int_equal(resolver_counts(s->resolver).cache_hits, 2);
    clock_advance(300 * 1000);
    resolve(s, "x.test", 5060);
    assert_int_equal(s->server.datagrams, 4);
    resolve(s, "nobody.test", 5060);
    assert_int_equal(s->error, ERR_NOT_FOUND);
    resolve(s, "nobody.test", 5060);
    assert_int_equal(s->error, ERR_NOT_FOUND);
    assert_int_equal(s->server.datagrams, 6);
    clock_advance(30 * 1000);
    resolve(s, "nobody.test", 5060);
    assert_int_equal(s->server.datagrams, 8);
}

static void the_same_question_is_asked_once(void **state)
{
    struct side *s = *state;

    name_server_address(&s->server, "x.test", "192.0.2.1");
    for (int i = 0; i < 50; i++)
        ask_for(s, (struct resolver_target){.host = VIEW("x.test"), .port = 5060});
    wait_call(s, 50);
    assert_result(s, "udp:192.0.2.1:5060");
    assert_int_equal(s->server.datagrams, 2);
}

static void a_server_that_fails_is_left_alone_for_5_s(void **state)
{
    struct side *s = *state;
    unsigned asked;

    s->server.fails = true;
    resolve(s, "x.test", 5060);
    assert_int_equal(s->error, ERR_CLOSED);
    assert_int_equal(resolver_counts(s->resolver).failures, 2);
    asked = s->server.datagrams;
    resolve(s, "x.test", 5060);
    assert_int_equal(s->error, ERR_CLOSED);
    assert_int_equal(s->server.datagrams, asked);
    s->server.fails = false;
    name_server_address(&s->server, "x.test", "192.0.2.1");
    clock_advance(5000);
    resolve(s, "x.test", 5060);
    assert_result(s, "udp:192.0.2.1:5060");
}

static void the_next_server_is_asked_when_one_is_dead(void **state)
{
    struct side *s = *state;
    struct sip_flow servers[2] = {s->server.address, s->server.address};

    flow_set_address(&servers[0], VIEW("127.0.0.2")); /* where nobody listens */
    resolver_free(s->resolver);
    assert_int_equal(resolver_new(&s->resolver, servers, 2), OK);
    assert_int_equal(resolver_open(s->resolver, s->base, s->wheel, &s->options), OK);
    name_server_address(&s->server, "x.test", "192.0.2.1");
    for (int i = 0; i < 20; i++) { /* more often than there are sockets in stock */
        resolve(s, "x.test", 5060);
        assert_result(s, "udp:192.0.2.1:5060");
        clock_advance(300 * 1000);
    }
    assert_int_equal(resolver_counts(s->resolver).failures, 0);
}

static void a_silent_server_ends_in_time(void **state)
{
    struct side *s = *state;

    s->server.silent = true;
    assert_non_null(ask_for(s, (struct resolver_target){.host = VIEW("x.test")}));
    settle(s);
    pass(s, RESOLVER_LIMIT - 1);
    assert_int_equal(s->calls, 0);
    pass(s, 2);
    assert_int_equal(s->calls, 1);
    assert_int_equal(s->error, ERR_CLOSED);
}

static void timeouts_are_counted(void **state)
{
    struct side *s = *state;

    s->server.silent = true;
    resolve(s, "x.test", 5060);
    assert_int_equal(s->error, ERR_CLOSED);
    assert_int_equal(resolver_counts(s->resolver).timeouts, 2);
    assert_int_equal(s->server.datagrams, 4); /* each was asked for twice */
}

static void what_is_known_at_the_limit_counts(void **state)
{
    struct side *s = *state;

    s->server.silent_aaaa = true;
    name_server_address(&s->server, "x.test", "192.0.2.1");
    ask_for(s, (struct resolver_target){.host = VIEW("x.test"), .port = 5060});
    settle(s);
    assert_int_equal(s->calls, 0);
    pass(s, RESOLVER_LIMIT);
    assert_result(s, "udp:192.0.2.1:5060");
}

static void a_truncated_answer_comes_over_tcp(void **state)
{
    struct side *s = *state;

    s->server.truncates = true;
    name_server_address(&s->server, "x.test", "192.0.2.1");
    resolve(s, "x.test", 5060);
    assert_result(s, "udp:192.0.2.1:5060");
    assert_true(s->server.streams > 0);
}

static void an_answer_of_64_kb_is_harmless(void **state)
{
    struct side *s = *state;

    s->server.truncates = true;
    s->server.copies = 3000;
    for (int i = 1; i < 30; i++) {
        char address[32];

        snprintf(address, sizeof(address), "192.0.2.%d", i);
        name_server_address(&s->server, "x.test", address);
    }
    resolve(s, "x.test", 5060);
    assert_int_equal(s->error, OK);
    assert_result(s, "udp:192.0.2.1:5060"); /* what is looked at holds the first, again and again */
}

static void wrong_ids_and_questions_are_passed_over(void **state)
{
    struct side *s = *state;

    s->server.lies = true;
    name_server_address(&s->server, "x.test", "192.0.2.1");
    resolve(s, "x.test", 5060);
    assert_result(s, "udp:192.0.2.1:5060");
}

static void aliases_are_followed_and_loops_end(void **state)
{
    struct side *s = *state;

    name_server_alias(&s->server, "x.test", "y.test");
    name_server_alias(&s->server, "y.test", "z.test");
    name_server_address(&s->server, "z.test", "192.0.2.1");
    name_server_alias(&s->server, "a.test", "b.test");
    name_server_alias(&s->server, "b.test", "a.test");
    resolve(s, "x.test", 5060);
    assert_result(s, "udp:192.0.2.1:5060");
    resolve(s, "a.test", 5060);
    assert_int_equal(s->error, ERR_NOT_FOUND);
}

static void too_many_questions_are_refused(void **state)
{
    struct side *s = *state;
    unsigned taken = 0;
    char name[32];

    s->server.silent = true;
    for (int i = 0; i < RESOLVER_QUERIES_MAX + 100; i++) {
        snprintf(name, sizeof(name), "%d.test", i);
        /* the last quarter is for gateways */
        assert_int_equal(resolver_is_crowded(s->resolver), taken >= RESOLVER_QUERIES_MAX / 4 * 3);
        taken += ask_for(s, (struct resolver_target){.host = view_of(name)}) != NULL;
    }
    assert_int_equal(taken, RESOLVER_QUERIES_MAX);
    settle(s);
    pass(s, RESOLVER_LIMIT);
    assert_int_equal(s->calls, taken);
    assert_false(resolver_is_crowded(s->resolver));
    assert_non_null(ask_for(s, (struct resolver_target){.host = VIEW("192.0.2.1")}));
    settle(s);
    assert_int_equal(s->error, OK);
}

static void a_cancelled_question_is_not_answered(void **state)
{
    struct side *s = *state;
    struct resolver_target target = {.host = VIEW("x.test"), .port = 5060};
    struct resolver_query *q;

    name_server_address(&s->server, "x.test", "192.0.2.1");
    resolver_cancel(ask_for(s, target));
    settle(s);
    assert_int_equal(s->server.datagrams, 0);
    s->server.silent = true;
    q = ask_for(s, target);
    settle(s);
    resolver_cancel(q);
    s->server.silent = false;
    resolve(s, "x.test", 5060); /* the lookup under way is shared: its second try has an answer */
    assert_result(s, "udp:192.0.2.1:5060");
    assert_int_equal(s->calls, 1);
    assert_int_equal(resolver_counts(s->resolver).queries, 2);
    ask_for(s, (struct resolver_target){.host = VIEW("y.test")}); /* ends with the resolver */
}

static void who_failed_comes_last_for_a_while(void **state)
{
    struct side *s = *state;
    struct sip_flow bad;

    name_server_srv(&s->server, "_sip._udp.x.test", 1, 0, 5060, "a.x.test");
    name_server_srv(&s->server, "_sip._udp.x.test", 2, 0, 5060, "b.x.test");
    name_server_address(&s->server, "a.x.test", "192.0.2.1");
    name_server_address(&s->server, "b.x.test", "192.0.2.2");
    resolve(s, "x.test", 0);
    assert_result(s, "udp:192.0.2.1:5060 udp:192.0.2.2:5060");
    bad = s->list[0].flow;
    resolver_failed(s->resolver, &bad, 32);
    resolve(s, "x.test", 0);
    assert_result(s, "udp:192.0.2.2:5060 udp:192.0.2.1:5060");
    clock_advance(32000);
    resolve(s, "x.test", 0);
    assert_result(s, "udp:192.0.2.1:5060 udp:192.0.2.2:5060");
}

static void the_hosts_file_knows_localhost(void **state)
{
    struct side *s = *state;

    resolve(s, "localhost", 0);
    assert_true(s->count > 0);
    assert_int_equal(s->list[0].flow.port, 5060);
    assert_int_equal(s->server.datagrams, 0);
}

static void lookups_wait_for_sockets(void **state)
{
    struct side *s = *state;

    name_server_address(&s->server, "x.test", "192.0.2.1");
    s->late_sockets = true;
    again(s);
    ask_for(s, (struct resolver_target){.host = VIEW("x.test"), .port = 5060});
    settle(s);
    assert_int_equal(s->server.datagrams, 0);
    resolver_give_socket(s->resolver, 4, false,
                         socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    wait_call(s, 1);
    assert_result(s, "udp:192.0.2.1:5060");
}

static void without_sockets_a_question_fails(void **state)
{
    struct side *s = *state;

    s->no_sockets = true;
    again(s);
    resolve(s, "x.test", 5060);
    assert_int_equal(s->error, ERR_CLOSED);
    s->no_sockets = false;
    s->late_sockets = true;
    s->wanted = 0;
    again(s);
    ask_for(s, (struct resolver_target){.host = VIEW("x.test"), .port = 5060});
    settle(s);
    assert_int_equal(s->calls, 1);
    for (unsigned i = s->wanted; i; i--)
        resolver_give_socket(s->resolver, 4, false, -1);
    wait_call(s, 2);
    assert_int_equal(s->error, ERR_CLOSED);
}

/* Every allocation of ours fails in turn: nothing crashes or leaks, every question ends. */
static void allocations_may_fail(void **state)
{
    struct side *s = *state;
    struct resolver_target target = {.host = VIEW("office.test")};
    bool more = true;

    domain_make(&s->server);
    for (unsigned n = 1; more; n++) {
        unsigned calls = s->calls;

        resolver_free(s->resolver);
        made = 0;
        fail_at = n;
        s->resolver = NULL;
        if (begin(s) == OK && resolver_ask(s->resolver, &target, on_done, s)) {
            settle(s);
            pass(s, RESOLVER_LIMIT);
            assert_int_equal(s->calls, calls + 1);
        }
        more = made >= n;
        fail_at = 0;
        assert_true(n < 500);
    }
    assert_int_equal(s->error, OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(naptr_leads_to_srv_and_srv_to_addresses),
        TEST(a_transport_in_the_uri_decides),
        TEST(only_what_is_listened_for_is_used),
        TEST(sips_takes_tls_alone),
        TEST(without_naptr_the_usual_names_are_asked),
        TEST(without_srv_the_host_itself_is_meant),
        TEST(a_port_leads_to_addresses_at_once),
        TEST(a_numeric_host_asks_nobody),
        TEST(a_root_target_means_no_service),
        TEST(answers_are_remembered),
        TEST(the_same_question_is_asked_once),
        TEST(a_server_that_fails_is_left_alone_for_5_s),
        TEST(the_next_server_is_asked_when_one_is_dead),
        TEST(a_silent_server_ends_in_time),
        TEST(timeouts_are_counted),
        TEST(what_is_known_at_the_limit_counts),
        TEST(a_truncated_answer_comes_over_tcp),
        TEST(an_answer_of_64_kb_is_harmless),
        TEST(wrong_ids_and_questions_are_passed_over),
        TEST(aliases_are_followed_and_loops_end),
        TEST(too_many_questions_are_refused),
        TEST(a_cancelled_question_is_not_answered),
        TEST(who_failed_comes_last_for_a_while),
        TEST(the_hosts_file_knows_localhost),
        TEST(lookups_wait_for_sockets),
        TEST(without_sockets_a_question_fails),
        TEST(allocations_may_fail),
    };

    clock_make_virtual(1000000, 1800000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
