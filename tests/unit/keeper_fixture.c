/* A keeper with a store of its own, a sip role and a parent played by the test. */
#include "tests/unit/keeper_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

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
    } else if (m->type == KEEPER_CALL_KEPT) {
        assert_int_equal(body.n, 0);
        f->kept_id = m->id;
        f->kept++;
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

enum error start(struct fixture *f, const char *realm)
{
    struct keeper_options o = {.database = f->path,
                               .default_domain = VIEW("b.com"),
                               .realm = view_of(realm),
                               .owner = getuid(),
                               .hooks = {ask_parent, f}};

    return keeper_new(&f->keeper, f->base, &o, f->error);
}

void connect_sip(struct fixture *f)
{
    struct channel_handler handler = {.message = sip_message, .closed = sip_closed, .arg = f};
    int fds[2];

    assert_int_equal(channel_pair(fds), OK);
    assert_int_equal(keeper_connect(f->keeper, fds[0]), OK);
    assert_int_equal(channel_new(&f->sip, f->base, fds[1], &handler), OK);
}

void turn_until(struct fixture *f, const unsigned *counter, unsigned n)
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

int setup(void **state)
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

int setup_connected(void **state)
{
    int failed = setup(state);

    if (!failed)
        connect_sip(*state);
    return failed;
}

int teardown(void **state)
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

void pack_claim(struct pack *k, const char *number, const char *password)
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

void send_check(struct fixture *f, const char *number, const char *password)
{
    struct pack k = {0};

    pack_claim(&k, number, password);
    assert_int_equal(channel_send(f->sip, KEEPER_CHECK, 1, pack_bytes_view(&k), -1), OK);
    pack_free(&k);
}

void send_register(struct fixture *f, const char *number, const char *password, const char *aor,
                   const char *contact)
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
