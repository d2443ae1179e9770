/* The keeper over a real channel to the sip role. */
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
