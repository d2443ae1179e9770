/* The keeper over a real channel and a real control socket. */
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

#include "auth/digest.h"
#include "db/keeper.h"

#define SECRETS 32

struct fixture {
    char folder[64], path[96], socket[96], error[256];
    struct event_base *base;
    struct keeper *keeper;
    struct channel *sip; /* the sip role's end */
    /* what the sip role was told */
    uint8_t secret[SECRETS];
    unsigned secrets, snapshots, verdicts, changes, ends, questions;
    unsigned users, aliases, bindings, bans; /* in the snapshot */
    enum verdict verdict;                    /* the last one */
    unsigned verdict_counts[VERDICT_UNAVAILABLE + 1];
    char verdict_user[64], change[128], question[256];
    unsigned responses;
    char response[256]; /* "username hex" */
    uint64_t question_id;
    /* what the parent was asked */
    char asked[256];
    uint64_t asked_id;
};

static void count_change(struct fixture *f, const struct change *c)
{
    f->users += c->kind == CHANGE_USER;
    f->aliases += c->kind == CHANGE_ALIAS;
    f->bindings += c->kind == CHANGE_BINDING;
    f->bans += c->kind == CHANGE_BAN;
}

static void take_snapshot(struct fixture *f, const struct channel_message *m)
{
    struct view body = m->body, all;
    struct change c;
    bool bad = false;
    uint64_t size = unpack_u64(&body, &bad);
    char *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, m->fd, 0) : NULL;

    assert_false(bad);
    assert_true(map != MAP_FAILED);
    assert_int_equal(ftruncate(m->fd, 0), -1); /* sealed */
    all = (struct view){map, size};
    f->users = f->aliases = f->bindings = f->bans = 0;
    while (all.n) {
        assert_true(change_unpack(&c, &all));
        count_change(f, &c);
    }
    if (size)
        (void)munmap(map, size);
    f->snapshots++;
}

static void take_verdict(struct fixture *f, struct view body)
{
    bool bad = false;
    struct view number, domain;

    f->verdict = unpack_u8(&body, &bad);
    number = unpack_view(&body, &bad);
    domain = unpack_view(&body, &bad);
    assert_false(bad);
    assert_true(f->verdict <= VERDICT_UNAVAILABLE);
    (void)snprintf(f->verdict_user, sizeof(f->verdict_user), "%.*s@%.*s", VIEW_ARG(number),
                   VIEW_ARG(domain));
    f->verdict_counts[f->verdict]++;
    f->verdicts++;
}

static void take_response(struct fixture *f, struct view body)
{
    bool bad = false;
    struct view username = unpack_view(&body, &bad), hex_digits = unpack_view(&body, &bad);

    assert_false(bad);
    (void)snprintf(f->response, sizeof(f->response), "%.*s %.*s", VIEW_ARG(username),
                   VIEW_ARG(hex_digits));
    f->responses++;
}

static void sip_message(void *arg, const struct channel_message *m)
{
    struct fixture *f = arg;
    struct view body = m->body;
    struct change c;

    if (m->type == KEEPER_SECRET) {
        assert_int_equal(body.n, SECRETS);
        memcpy(f->secret, body.p, SECRETS);
        f->secrets++;
    } else if (m->type == KEEPER_SNAPSHOT) {
        take_snapshot(f, m);
    } else if (m->type == KEEPER_VERDICT) {
        take_verdict(f, body);
    } else if (m->type == KEEPER_GATEWAY_RESPONSE) {
        take_response(f, body);
    } else if (m->type == KEEPER_CHANGE) {
        assert_true(change_unpack(&c, &body));
        (void)snprintf(f->change, sizeof(f->change), "%d %.*s", c.kind, VIEW_ARG(c.number));
        f->changes++;
    } else if (m->type == KEEPER_QUESTION) {
        (void)snprintf(f->question, sizeof(f->question), "%.*s", VIEW_ARG(body));
        f->question_id = m->id;
        f->questions++;
    } else if (m->type == KEEPER_QUESTION_END) {
        f->ends++;
    }
    if (m->fd >= 0)
        (void)close(m->fd);
}

static void sip_closed(void *arg)
{
    (void)arg;
}

static void ask_parent(void *arg, uint64_t id, struct view request)
{
    struct fixture *f = arg;

    (void)snprintf(f->asked, sizeof(f->asked), "%.*s", VIEW_ARG(request));
    f->asked_id = id;
}

static enum error start(struct fixture *f, const char *realm)
{
    struct keeper_options o = {.database = f->path,
                               .default_domain = VIEW("b.com"),
                               .realm = view_of(realm),
                               .owner = getuid(),
                               .hooks = {ask_parent, f}};

    return keeper_new(&f->keeper, f->base, &o, f->error);
}

static void connect_sip(struct fixture *f)
{
    struct channel_handler handler = {.message = sip_message, .closed = sip_closed, .arg = f};
    int fds[2];

    assert_int_equal(channel_pair(fds), OK);
    assert_int_equal(keeper_connect(f->keeper, fds[0]), OK);
    assert_int_equal(channel_new(&f->sip, f->base, fds[1], &handler), OK);
}

/* Turns the loop until *counter reaches n; fails after 10 s. */
static void turn_until(struct fixture *f, const unsigned *counter, unsigned n)
{
    time_t end = time(NULL) + 10;

    while (*counter < n && time(NULL) < end)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
    assert_true(*counter >= n);
}

static void put_user(struct fixture *f, const char *number)
{
    struct store *s;
    struct store_user u = {.number = view_of(number), .domain = VIEW("b.com")};

    assert_int_equal(store_open(&s, f->path, STORE_SERVE, f->error), OK);
    assert_int_equal(credential_make(&u.credentials, u.number, u.domain, VIEW(""), VIEW("b.com"),
                                     VIEW("secret")),
                     OK);
    assert_int_equal(s->ops->user_put(s, &u, false), OK);
    s->ops->close(s);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/offhook-keeper-XXXXXX");
    if (!mkdtemp(f->folder))
        return 1;
    (void)snprintf(f->path, sizeof(f->path), "%s/test.db", f->folder);
    (void)snprintf(f->socket, sizeof(f->socket), "%s/control", f->folder);
    f->base = event_base_new();
    *state = f;
    put_user(f, "5550001");
    return start(f, "b.com") != OK;
}

static int setup_connected(void **state)
{
    int failed = setup(state);

    if (!failed)
        connect_sip(*state);
    return failed;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    keeper_free(f->keeper);
    channel_free(f->sip);
    event_base_free(f->base);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    free(f);
    return system(command) != 0;
}

static void hex(const uint8_t *in, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", in[i]);
}

/* Packs a claim that knows the password. */
static void pack_claim(struct pack *k, const char *number, const char *password)
{
    struct credential_set set;
    uint8_t digest[DIGEST_SIZE_MAX];
    char a1[33], a2[33], response[33];
    struct claim c = {.algorithm = DIGEST_MD5,
                      .username = view_of(number),
                      .realm = VIEW("b.com"),
                      .nonce = VIEW("n0"),
                      .uri = VIEW("sip:b.com"),
                      .method = VIEW("REGISTER"),
                      .domain = VIEW("b.com")};

    assert_int_equal(credential_make(&set, view_of(number), VIEW("b.com"), VIEW(""), VIEW("b.com"),
                                     view_of(password)),
                     OK);
    hex(set.ha1[CREDENTIAL_NUMBER][DIGEST_MD5], 16, a1);
    assert_int_equal(digest_join(DIGEST_MD5, (struct view[]){c.method, c.uri}, 2, digest), OK);
    hex(digest, 16, a2);
    assert_int_equal(
        digest_join(DIGEST_MD5, (struct view[]){view_of(a1), c.nonce, view_of(a2)}, 3, digest), OK);
    hex(digest, 16, response);
    c.response = view_of(response);
    claim_pack(k, &c);
}

static void send_check(struct fixture *f, const char *number, const char *password)
{
    struct pack k = {0};

    pack_claim(&k, number, password);
    assert_int_equal(channel_send(f->sip, KEEPER_CHECK, 1, pack_bytes_view(&k), -1), OK);
    pack_free(&k);
}

static void send_register(struct fixture *f, const char *number, const char *password,
                          const char *aor, const char *contact)
{
    struct pack k = {0};
    struct store_binding b = {.number = view_of(aor),
                              .domain = VIEW("b.com"),
                              .contact = view_of(contact),
                              .expires = clock_wall() + 3600,
                              .registered = clock_wall()};

    pack_claim(&k, number, password);
    pack_u16(&k, 1);
    binding_pack(&k, &b);
    assert_int_equal(channel_send(f->sip, KEEPER_REGISTER, 2, pack_bytes_view(&k), -1), OK);
    pack_free(&k);
}

static void hello_brings_secret_and_snapshot(void **state)
{
    struct fixture *f = *state;
    uint8_t first[SECRETS];

    assert_int_equal(channel_send(f->sip, KEEPER_HELLO, 0, VIEW_NONE, -1), OK);
    turn_until(f, &f->snapshots, 1);
    assert_int_equal(f->secrets, 1);
    assert_int_equal(f->users, 1);
    assert_int_equal(f->bindings, 0);
    memcpy(first, f->secret, SECRETS);
    send_register(f, "5550001", "secret", "5550001", "sip:5550001@h");
    turn_until(f, &f->verdicts, 1);
    channel_free(f->sip);
    connect_sip(f);
    assert_int_equal(channel_send(f->sip, KEEPER_HELLO, 0, VIEW_NONE, -1), OK);
    turn_until(f, &f->snapshots, 2);
    assert_int_equal(f->bindings, 1);
    assert_memory_equal(first, f->secret, SECRETS);
}

static void claims_are_checked(void **state)
{
    struct fixture *f = *state;

    send_check(f, "5550001", "secret");
    turn_until(f, &f->verdicts, 1);
    assert_int_equal(f->verdict, VERDICT_OK);
    assert_string_equal(f->verdict_user, "5550001@b.com");
    send_check(f, "5550001", "wrong");
    turn_until(f, &f->verdicts, 2);
    assert_int_equal(f->verdict, VERDICT_DENIED);
    assert_string_equal(f->verdict_user, "@");
    send_check(f, "5550009", "secret");
    turn_until(f, &f->verdicts, 3);
    assert_int_equal(f->verdict, VERDICT_DENIED);
    assert_string_equal(f->verdict_user, "@");
}

static bool count_binding(void *arg, const struct store_binding *b)
{
    (void)b;
    ++*(unsigned *)arg;
    return true;
}

/* What is on disk, seen by somebody else while the keeper works. */
static unsigned bindings_on_disk(struct fixture *f)
{
    struct store *s;
    unsigned n = 0;

    assert_int_equal(store_open(&s, f->path, STORE_READ, f->error), OK);
    assert_int_equal(s->ops->binding_each(s, VIEW_NONE, VIEW_NONE, clock_wall(), count_binding, &n),
                     OK);
    s->ops->close(s);
    return n;
}

static void registered_means_on_disk(void **state)
{
    struct fixture *f = *state;

    send_register(f, "5550001", "secret", "5550001", "sip:a@h");
    send_register(f, "5550001", "secret", "5550001", "sip:b@h");
    send_register(f, "5550001", "wrong", "5550001", "sip:c@h");
    turn_until(f, &f->verdicts, 3);
    assert_int_equal(f->verdict_counts[VERDICT_OK], 2);
    assert_int_equal(f->verdict_counts[VERDICT_DENIED], 1);
    assert_int_equal(bindings_on_disk(f), 2);
}

static void bans_of_sip_are_stored_and_echoed(void **state)
{
    struct fixture *f = *state;
    struct change ban = {.kind = CHANGE_BAN,
                         .ban = {VIEW("192.0.2.1"), clock_wall() + 60, 10, VIEW("why")}};
    struct pack k = {0};

    change_pack(&k, &ban);
    assert_int_equal(channel_send(f->sip, KEEPER_BAN, 0, pack_bytes_view(&k), -1), OK);
    pack_free(&k);
    turn_until(f, &f->changes, 1);
    assert_int_equal(atoi(f->change), CHANGE_BAN);
    assert_int_equal(channel_send(f->sip, KEEPER_HELLO, 0, VIEW_NONE, -1), OK);
    turn_until(f, &f->snapshots, 1);
    assert_int_equal(f->bans, 1);
}

static void nobody_registers_for_another(void **state)
{
    struct fixture *f = *state;

    send_register(f, "5550001", "secret", "5550002", "sip:a@h");
    turn_until(f, &f->verdicts, 1);
    assert_int_equal(f->verdict, VERDICT_FORBIDDEN);
    assert_string_equal(f->verdict_user, "5550001@b.com");
    assert_int_equal(bindings_on_disk(f), 0);
}

static void malformed_messages_are_denied(void **state)
{
    struct fixture *f = *state;
    struct pack k = {0};

    assert_int_equal(channel_send(f->sip, KEEPER_REGISTER, 1, VIEW("\1\2\3"), -1), OK);
    assert_int_equal(channel_send(f->sip, KEEPER_CHECK, 1, VIEW_NONE, -1), OK);
    assert_int_equal(channel_send(f->sip, KEEPER_ANSWER, 1, VIEW_NONE, -1), OK);
    assert_int_equal(channel_send(f->sip, 999, 1, VIEW_NONE, -1), OK);
    turn_until(f, &f->verdicts, 2);
    assert_int_equal(f->verdict_counts[VERDICT_DENIED], 2);
    pack_claim(&k, "5550001", "secret");
    pack_u16(&k, 3); /* bindings that do not follow */
    assert_int_equal(channel_send(f->sip, KEEPER_REGISTER, 1, pack_bytes_view(&k), -1), OK);
    turn_until(f, &f->verdicts, 3);
    assert_int_equal(f->verdict, VERDICT_FORBIDDEN);
    pack_free(&k);
}

static void set_file_limit(rlim_t limit)
{
    struct rlimit r;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void full_disk_is_unavailable_until_it_is_not(void **state)
{
    struct fixture *f = *state;

    (void)signal(SIGXFSZ, SIG_IGN);
    set_file_limit(4096);
    send_register(f, "5550001", "secret", "5550001", "sip:a@h");
    send_register(f, "5550001", "secret", "5550001", "sip:b@h");
    turn_until(f, &f->verdicts, 2);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(f->verdict_counts[VERDICT_UNAVAILABLE], 2);
    assert_int_equal(bindings_on_disk(f), 0);
    send_register(f, "5550001", "secret", "5550001", "sip:a@h");
    turn_until(f, &f->verdicts, 3);
    assert_int_equal(f->verdict, VERDICT_OK);
    assert_int_equal(bindings_on_disk(f), 1);
}

static void realm_that_fits_no_more_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(keeper_realm_fits(f->keeper, VIEW("c.com"), f->error), ERR_DENIED);
    assert_int_equal(keeper_realm_fits(f->keeper, VIEW("b.com"), f->error), OK);
    keeper_free(f->keeper);
    assert_int_equal(start(f, "c.com"), ERR_DENIED);
    assert_null(f->keeper);
    assert_non_null(strstr(f->error, "1 user has a password hashed for the realm \"b.com\""));
    assert_non_null(strstr(f->error, "auth.realm"));
}

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

    open_control(f);
    fd = dial(f);
    say(fd, "{\"command\":\"status\"}\n");
    while (!f->asked_id)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
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

    open_control(f);
    fd = dial(f);
    say(fd, "{\"command\":\"status\"}\n");
    while (!f->asked_id)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
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

    open_control(f);
    fd = dial(f);
    say(fd, "{\"command\":\"reload\"}\n");
    while (!f->asked_id)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
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

    open_control(f);
    fd = dial(f);
    say(fd, "{\"command\":\"trace\",\"follow\":true}\n");
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

    open_control(f);
    fd = dial(f);
    say(fd, "{\"command\":\"trace\",\"follow\":true}\n");
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
        CONNECTED(hello_brings_secret_and_snapshot),
        CONNECTED(claims_are_checked),
        CONNECTED(registered_means_on_disk),
        CONNECTED(bans_of_sip_are_stored_and_echoed),
        CONNECTED(nobody_registers_for_another),
        CONNECTED(malformed_messages_are_denied),
        CONNECTED(full_disk_is_unavailable_until_it_is_not),
        ALONE(realm_that_fits_no_more_is_refused),
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
