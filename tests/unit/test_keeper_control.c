/* The keeper over a real control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/keeper_fixture.h"

static void open_control(struct fixture *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->socket);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(keeper_control(f->keeper, fd), OK);
}

static int dial(struct fixture *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->socket);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static void say(int fd, const char *line)
{
    assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
}

/* All that is answered until the connection ends, or up to a line end when `line`. */
static void hear(struct fixture *f, int fd, char *out, size_t size, bool line)
{
    time_t end = time(NULL) + 10;
    size_t n = 0;

    while (time(NULL) < end) {
        ssize_t got = recv(fd, out + n, size - 1 - n, 0);

        if (got == 0)
            break;
        n += got > 0 ? (size_t)got : 0;
        out[n] = 0;
        if (line && n && out[n - 1] == '\n')
            break;
        if (got < 0)
            (void)event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    out[n] = 0;
}

static void ask(struct fixture *f, const char *request, char *out, size_t size)
{
    int fd = dial(f);

    say(fd, request);
    hear(f, fd, out, size, false);
    (void)close(fd);
}

/* A client that has given this command. */
static int command_begin(struct fixture *f, const char *line)
{
    int fd;

    open_control(f);
    fd = dial(f);
    say(fd, line);
    return fd;
}

/* Until the parent is asked. */
static void asked_await(struct fixture *f)
{
    while (!f->asked_id)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
}

static void control_changes_are_told_to_sip(void **state)
{
    struct fixture *f = *state;
    char out[1024];

    open_control(f);
    assert_int_equal(channel_send(f->sip, KEEPER_HELLO, 0, VIEW_NONE, -1), OK);
    turn_until(f, &f->snapshots, 1);
    ask(f, "{\"command\":\"user add\",\"number\":\"555-0002\",\"password\":\"x\"}\n", out,
        sizeof(out));
    assert_non_null(strstr(out, "\"ok\":true"));
    turn_until(f, &f->changes, 1);
    assert_string_equal(f->change, "1 5550002");
    ask(f, "{\"command\":\"user list\"}\n", out, sizeof(out));
    assert_non_null(strstr(out, "{\"item\":{\"number\":\"5550001\""));
    assert_non_null(strstr(out, "{\"item\":{\"number\":\"5550002\""));
    assert_non_null(strstr(out, "}\n{\"ok\":true}\n"));
}

/* A challenge as in RFC 7616 3.9.1. */
static void send_challenge(struct fixture *f, const char *gateway, enum digest_algorithm algorithm)
{
    struct claim c = {.algorithm = algorithm,
                      .realm = VIEW("http-auth@example.org"),
                      .nonce = VIEW("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
                      .uri = VIEW("/dir/index.html"),
                      .qop = VIEW("auth"),
                      .cnonce = VIEW("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
                      .nc = VIEW("00000001"),
                      .method = VIEW("GET")};
    struct pack k = {0};

    pack_view(&k, view_of(gateway));
    claim_pack(&k, &c);
    assert_int_equal(channel_send(f->sip, KEEPER_GATEWAY_CHALLENGE, 5, pack_bytes_view(&k), -1),
                     OK);
    pack_free(&k);
}

static void challenges_of_gateways_are_answered(void **state)
{
    struct fixture *f = *state;
    char out[1024], key[112];

    open_control(f);
    ask(f,
        "{\"command\":\"gateway add\",\"name\":\"g\",\"uri\":\"sip:h\","
        "\"username\":\"Mufasa\",\"password\":\"Circle of Life\"}\n",
        out, sizeof(out));
    ask(f, "{\"command\":\"gateway add\",\"name\":\"open\",\"uri\":\"sip:h\"}\n", out, sizeof(out));
    assert_non_null(strstr(out, "\"ok\":true"));
    send_challenge(f, "g", DIGEST_MD5);
    turn_until(f, &f->responses, 1);
    assert_string_equal(f->response, "Mufasa 8ca523f5e9506fed4657c9700eebdbec");
    send_challenge(f, "g", DIGEST_SHA256);
    turn_until(f, &f->responses, 2);
    assert_string_equal(f->response,
                        "Mufasa 753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    send_challenge(f, "open", DIGEST_MD5);
    send_challenge(f, "none", DIGEST_MD5);
    send_challenge(f, "", DIGEST_MD5);
    assert_int_equal(channel_send(f->sip, KEEPER_GATEWAY_CHALLENGE, 5, VIEW("\1"), -1), OK);
    turn_until(f, &f->responses, 6);
    assert_string_equal(f->response, " ");
    (void)snprintf(key, sizeof(key), "%s.key", f->path);
    assert_int_equal(unlink(key), 0);
    send_challenge(f, "g", DIGEST_MD5);
    turn_until(f, &f->responses, 7);
    assert_string_equal(f->response, " ");
}

static void control_refuses_nonsense(void **state)
{
    struct fixture *f = *state;
    char out[1024];

    open_control(f);
    ask(f, "nonsense\n", out, sizeof(out));
    assert_non_null(strstr(out, "not JSON"));
    ask(f, "\n", out, sizeof(out));
    assert_non_null(strstr(out, "not JSON"));
    ask(f, "{\"a\":1}\n", out, sizeof(out));
    assert_non_null(strstr(out, "no \\\"command\\\""));
    ask(f, "{\"command\":\"make coffee\"}\n", out, sizeof(out));
    assert_non_null(strstr(out, "unknown command \\\"make coffee\\\""));
}

static void control_bounds_a_request(void **state)
{
    struct fixture *f = *state;
    static char block[65536];
    char out[256];
    int fd;

    open_control(f);
    fd = dial(f);
    memset(block, ' ', sizeof(block));
    for (size_t sent = 0; sent < (5u << 20);) {
        ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL);

        sent += n > 0 ? (size_t)n : 0;
        if (n < 0 && errno != EAGAIN)
            break;
        (void)event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    hear(f, fd, out, sizeof(out), true);
    assert_non_null(strstr(out, "longer than 4 MB"));
    (void)close(fd);
}

static void control_takes_a_number_of_clients(void **state)
{
    struct fixture *f = *state;
    int fds[64];
    char out[256];

    open_control(f);
    for (size_t i = 0; i < 64; i++) {
        fds[i] = dial(f);
        (void)event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    ask(f, "", out, sizeof(out));
    assert_non_null(strstr(out, "too many commands"));
    for (size_t i = 0; i < 64; i++)
        (void)close(fds[i]);
    ask(f, "{\"command\":\"user list\"}\n", out, sizeof(out));
    assert_non_null(strstr(out, "5550001"));
}

static void send_answer(struct fixture *f, bool last, const char *json)
{
    struct pack k = {0};

    pack_u8(&k, last);
    pack_bytes(&k, json, strlen(json));
    assert_int_equal(channel_send(f->sip, KEEPER_ANSWER, f->question_id, pack_bytes_view(&k), -1),
                     OK);
    pack_free(&k);
}

static void status_joins_parent_and_sip(void **state)
{
    struct fixture *f = *state;
    char out[1024];
    int fd;

    fd = command_begin(f, "{\"command\":\"status\"}\n");
    asked_await(f);
    assert_non_null(strstr(f->asked, "status"));
    keeper_parent_answer(f->keeper, f->asked_id, true, VIEW("{\"ok\":true,\"uptime\":5}"));
    turn_until(f, &f->questions, 1);
    send_answer(f, true, "{\"ok\":true,\"bindings\":7,\"uptime\":1}");
    hear(f, fd, out, sizeof(out), false);
    assert_non_null(strstr(out, "\"uptime\":5"));
    assert_non_null(strstr(out, "\"bindings\":7"));
    (void)close(fd);
}

static void status_comes_without_sip(void **state)
{
    struct fixture *f = *state;
    char out[1024];
    int fd;

    fd = command_begin(f, "{\"command\":\"status\"}\n");
    asked_await(f);
    keeper_parent_answer(f->keeper, f->asked_id, true, VIEW("{\"ok\":true,\"uptime\":5}"));
    hear(f, fd, out, sizeof(out), false);
    assert_non_null(strstr(out, "\"sip\":\"restarting\""));
    (void)close(fd);
    ask(f, "{\"command\":\"trace\"}\n", out, sizeof(out));
    assert_non_null(strstr(out, "restarting"));
}

static void reload_is_the_parents(void **state)
{
    struct fixture *f = *state;
    char out[1024];
    int fd;

    fd = command_begin(f, "{\"command\":\"reload\"}\n");
    asked_await(f);
    keeper_parent_answer(f->keeper, f->asked_id, false, VIEW("{\"item\":{\"changed\":\"x\"}}"));
    keeper_parent_answer(f->keeper, f->asked_id, true, VIEW("{\"ok\":true}"));
    keeper_parent_answer(f->keeper, f->asked_id, true, VIEW("{\"ok\":true}"));
    hear(f, fd, out, sizeof(out), false);
    assert_string_equal(out, "{\"item\":{\"changed\":\"x\"}}\n{\"ok\":true}\n");
    (void)close(fd);
}

static void trace_runs_until_the_client_leaves(void **state)
{
    struct fixture *f = *state;
    char out[1024];
    int fd;

    fd = command_begin(f, "{\"command\":\"trace\",\"follow\":true}\n");
    turn_until(f, &f->questions, 1);
    assert_non_null(strstr(f->question, "follow"));
    send_answer(f, false, "{\"item\":{\"method\":\"INVITE\"}}");
    hear(f, fd, out, sizeof(out), true);
    assert_string_equal(out, "{\"item\":{\"method\":\"INVITE\"}}\n");
    (void)close(fd);
    turn_until(f, &f->ends, 1);
    send_answer(f, false, "{\"item\":{\"method\":\"BYE\"}}"); /* too late: nobody is harmed */
    send_check(f, "5550001", "secret");
    turn_until(f, &f->verdicts, 1);
}

static void trace_ends_with_the_sip_role(void **state)
{
    struct fixture *f = *state;
    char out[1024];
    int fd;

    fd = command_begin(f, "{\"command\":\"trace\",\"follow\":true}\n");
    turn_until(f, &f->questions, 1);
    channel_free(f->sip);
    f->sip = NULL;
    hear(f, fd, out, sizeof(out), false);
    assert_non_null(strstr(out, "\"ok\":false"));
    (void)close(fd);
}

int main(void)
{
#define ALONE(f)     cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CONNECTED(f) cmocka_unit_test_setup_teardown(f, setup_connected, teardown)
    const struct CMUnitTest tests[] = {
        CONNECTED(control_changes_are_told_to_sip),
        CONNECTED(challenges_of_gateways_are_answered),
        ALONE(control_refuses_nonsense),
        ALONE(control_bounds_a_request),
        ALONE(control_takes_a_number_of_clients),
        CONNECTED(status_joins_parent_and_sip),
        ALONE(status_comes_without_sip),
        ALONE(reload_is_the_parents),
        CONNECTED(trace_runs_until_the_client_leaves),
        CONNECTED(trace_ends_with_the_sip_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
