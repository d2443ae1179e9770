/* The store on SQLite: forwards, gateways, routes, and the key beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/seal.h"
#include "tests/unit/store_fixture.h"

static enum error put_forward(struct store *s, const char *number, enum forward_kind kind,
                              const char *target, uint16_t after)
{
    struct store_forward f = {view_of(number), VIEW("b.com"), kind, view_of(target), after};

    return s->ops->forward_put(s, &f);
}

static bool see_forward(void *arg, const struct store_forward *f)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "%.*s %d %.*s %u;", VIEW_ARG(f->number),
                   f->kind, VIEW_ARG(f->target), f->after);
    return true;
}

static struct seen forwards(struct store *s, const char *number)
{
    struct seen seen = {0};

    assert_int_equal(s->ops->forward_each(s, view_of(number), VIEW("b.com"), see_forward, &seen),
                     OK);
    return seen;
}

static void forwards_are_put_and_removed(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(put_user(s, "1", "", "r", false), OK);
    assert_int_equal(put_forward(s, "1", FORWARD_NO_ANSWER, "2", 20), OK);
    assert_int_equal(put_forward(s, "1", FORWARD_NO_ANSWER, "sip:x@y", 30), OK);
    assert_int_equal(put_forward(s, "1", FORWARD_ALWAYS, "3", 0), OK);
    assert_int_equal(put_forward(s, "0", FORWARD_BUSY, "4", 0), OK);
    assert_string_equal(forwards(s, "1").text, "1 0 3 0;1 2 sip:x@y 30;");
    assert_string_equal(forwards(s, "").text, "0 1 4 0;1 0 3 0;1 2 sip:x@y 30;");
    assert_int_equal(s->ops->forward_remove(s, VIEW("1"), VIEW("b.com"), FORWARD_ALWAYS), OK);
    assert_int_equal(s->ops->forward_remove(s, VIEW("1"), VIEW("b.com"), FORWARD_ALWAYS),
                     ERR_NOT_FOUND);
    assert_int_equal(s->ops->user_remove(s, VIEW("1"), VIEW("b.com")), OK);
    assert_string_equal(forwards(s, "").text, "0 1 4 0;");
}

static void damaged_forwards_are_told_and_passed_over(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};

    assert_int_equal(put_forward(f->store, "1", FORWARD_BUSY, "2", 0), OK);
    run_sql(f->path, "INSERT INTO forward VALUES ('b.com', '1', 9, '3', 0)");
    assert_string_equal(forwards(f->store, "").text, "1 1 2 0;");
    assert_int_equal(f->store->ops->check(f->store, count_problem, &seen), OK);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.text, "forward of 1@b.com"));
}

static bool see_gateway(void *arg, const struct store_gateway *g)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "%.*s %.*s %.*s %zu %u %u %u %d;",
                   VIEW_ARG(g->name), VIEW_ARG(g->uri), VIEW_ARG(g->username), g->password.n,
                   g->priority, g->weight, g->max_calls, g->registers);
    return true;
}

static struct seen gateways(struct store *s, const char *name)
{
    struct seen seen = {0};

    assert_int_equal(s->ops->gateway_each(s, view_of(name), see_gateway, &seen), OK);
    return seen;
}

static void gateways_are_added_and_removed(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct store_gateway b = {VIEW("b"), VIEW("sip:b"), VIEW("me"), {"\0\1", 2}, 1, 65535, 7, true};
    struct store_gateway a = {.name = VIEW("a"), .uri = VIEW("sip:a"), .weight = 10};

    assert_int_equal(s->ops->gateway_add(s, &b), OK);
    assert_int_equal(s->ops->gateway_add(s, &b), ERR_EXISTS);
    assert_int_equal(s->ops->gateway_add(s, &a), OK);
    assert_string_equal(gateways(s, "").text, "a sip:a  0 0 10 0 0;b sip:b me 2 1 65535 7 1;");
    assert_int_equal(s->ops->gateway_password(s, b.name, VIEW("123")), OK);
    assert_int_equal(s->ops->gateway_password(s, VIEW("c"), VIEW("123")), ERR_NOT_FOUND);
    assert_string_equal(gateways(s, "b").text, "b sip:b me 3 1 65535 7 1;");
    assert_int_equal(s->ops->gateway_remove(s, a.name), OK);
    assert_int_equal(s->ops->gateway_remove(s, a.name), ERR_NOT_FOUND);
    assert_int_equal(gateways(s, "").count, 1);
}

static bool see_route(void *arg, const struct store_route *r)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "'%.*s' %.*s %u %.*s;",
                   VIEW_ARG(r->prefix), VIEW_ARG(r->gateways), r->strip, VIEW_ARG(r->prepend));
    return true;
}

static void routes_are_added_and_removed(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct store_route r = {VIEW("00"), VIEW("a,b"), 2, VIEW("+")};
    struct store_route all = {VIEW(""), VIEW("c"), 0, VIEW("")};
    struct seen seen = {0};

    assert_int_equal(s->ops->route_add(s, &r), OK);
    assert_int_equal(s->ops->route_add(s, &r), ERR_EXISTS);
    assert_int_equal(s->ops->route_add(s, &all), OK);
    assert_int_equal(s->ops->route_each(s, see_route, &seen), OK);
    assert_string_equal(seen.text, "'' c 0 ;'00' a,b 2 +;");
    assert_int_equal(s->ops->route_remove(s, all.prefix), OK);
    assert_int_equal(s->ops->route_remove(s, all.prefix), ERR_NOT_FOUND);
}

static void key_is_made_once_and_private(void **state)
{
    struct fixture *f = *state;
    uint8_t first[STORE_KEY], again[STORE_KEY];
    char name[112];
    struct stat file;

    assert_int_equal(f->store->ops->key(f->store, false, first), ERR_NOT_FOUND);
    assert_int_equal(f->store->ops->key(f->store, true, first), OK);
    assert_int_equal(f->store->ops->key(f->store, true, again), OK);
    assert_memory_equal(first, again, STORE_KEY);
    f->store->ops->close(f->store);
    assert_int_equal(store_open(&f->store, f->path, STORE_SERVE, f->error), OK);
    assert_int_equal(f->store->ops->key(f->store, false, again), OK);
    assert_memory_equal(first, again, STORE_KEY);
    (void)snprintf(name, sizeof(name), "%s.key", f->path);
    assert_int_equal(stat(name, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(truncate(name, STORE_KEY - 1), 0);
    assert_int_equal(f->store->ops->key(f->store, true, again), ERR_STORE);
    assert_non_null(strstr(f->store->error, "damaged"));
    assert_int_equal(truncate(name, STORE_KEY + 1), 0);
    assert_int_equal(f->store->ops->key(f->store, true, again), ERR_STORE);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(symlink("/dev/zero", name), 0);
    assert_int_equal(f->store->ops->key(f->store, true, again), ERR_SYSTEM);
}

static void a_sealed_secret_opens_for_its_name_and_key_only(void **state)
{
    uint8_t key[STORE_KEY] = {1}, other[STORE_KEY] = {2}, sealed[6 + SEAL_EXTRA],
            again[6 + SEAL_EXTRA];
    struct view v = {(const char *)sealed, sizeof(sealed)};
    char out[6];

    (void)state;
    assert_int_equal(seal_make(sealed, key, VIEW("a"), VIEW("secret")), OK);
    assert_int_equal(seal_make(again, key, VIEW("a"), VIEW("secret")), OK);
    assert_memory_not_equal(sealed, again, sizeof(sealed)); /* never the same nonce */
    assert_int_equal(seal_open(out, key, VIEW("a"), v), OK);
    assert_memory_equal(out, "secret", 6);
    assert_int_equal(seal_open(out, key, VIEW("b"), v), ERR_DENIED);
    assert_int_equal(seal_open(out, other, VIEW("a"), v), ERR_DENIED);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_int_equal(seal_open(out, key, VIEW("a"), v), ERR_DENIED);
        sealed[i] ^= 1;
    }
    v.n = SEAL_EXTRA - 1;
    assert_int_equal(seal_open(out, key, VIEW("a"), v), ERR_DENIED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_open, teardown)
    const struct CMUnitTest tests[] = {
        TEST(forwards_are_put_and_removed),
        TEST(damaged_forwards_are_told_and_passed_over),
        TEST(gateways_are_added_and_removed),
        TEST(routes_are_added_and_removed),
        TEST(key_is_made_once_and_private),
        cmocka_unit_test(a_sealed_secret_opens_for_its_name_and_key_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
