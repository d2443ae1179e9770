/* The keeper and calls that are over, over a real channel to the sip role. */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "db/record.h"
#include "tests/unit/check.h"
#include "tests/unit/keeper_fixture.h"

#define DAY_MS ((int64_t)86400 * 1000)

static struct store_call call_of(uint64_t id, int64_t begun)
{
    return (struct store_call){.id = id,
                               .call_id = VIEW("a@b"),
                               .begun = begun,
                               .ended = begun + 1,
                               .from = VIEW("sip:5550001@b.com"),
                               .to = VIEW("sip:5550002@b.com"),
                               .status = 486,
                               .ended_by = VIEW("callee"),
                               .audio = VIEW("")};
}

static void send_call(struct fixture *f, uint64_t question, const struct store_call *c)
{
    struct pack k = {0};

    record_pack(&k, c);
    assert_int_equal(channel_send(f->sip, KEEPER_CALL, question, pack_bytes_view(&k), -1), OK);
    pack_free(&k);
}

static void send_new(struct fixture *f, uint64_t question, uint64_t id)
{
    struct store_call c = call_of(id, clock_wall_ms());

    send_call(f, question, &c);
}

static bool count_call(void *arg, const struct store_call *c)
{
    (void)c;
    ++*(unsigned *)arg;
    return true;
}

/* What is on disk, seen by somebody else while the keeper works. */
static unsigned calls_on_disk(struct fixture *f)
{
    struct store_calls all = {.before = INT64_MAX};
    struct store *s;
    unsigned n = 0;

    assert_int_equal(store_open(&s, f->path, STORE_READ, f->error), OK);
    assert_int_equal(s->ops->call_each(s, &all, count_call, &n), OK);
    s->ops->close(s);
    return n;
}

static void kept_means_on_disk(void **state)
{
    struct fixture *f = *state;

    send_new(f, 7, 1);
    send_register(f, "5550001", "secret", "5550001", "sip:a@h");
    send_new(f, 8, 2);
    turn_until(f, &f->kept, 2);
    turn_until(f, &f->verdicts, 1);
    assert_int_equal(f->verdict, VERDICT_OK);
    assert_int_equal(f->kept_id, 8);
    assert_int_equal(calls_on_disk(f), 2);
}

static void a_repeated_call_is_kept_once(void **state)
{
    struct fixture *f = *state;

    send_new(f, 7, 1);
    turn_until(f, &f->kept, 1);
    send_new(f, 8, 1);
    turn_until(f, &f->kept, 2);
    assert_int_equal(calls_on_disk(f), 1);
}

static void malformed_calls_have_no_answer(void **state)
{
    struct fixture *f = *state;
    struct store_call c = call_of(1, clock_wall_ms());
    struct pack k = {0};

    record_pack(&k, &c);
    pack_u8(&k, 0);
    assert_int_equal(channel_send(f->sip, KEEPER_CALL, 1, pack_bytes_view(&k), -1), OK);
    k.n -= 2;
    assert_int_equal(channel_send(f->sip, KEEPER_CALL, 2, pack_bytes_view(&k), -1), OK);
    pack_free(&k);
    send_new(f, 3, 2);
    turn_until(f, &f->kept, 1);
    assert_int_equal(f->kept, 1);
    assert_int_equal(f->kept_id, 3);
    assert_int_equal(calls_on_disk(f), 1);
}

static void set_file_limit(rlim_t limit)
{
    struct rlimit r;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_full_disk_is_no_answer(void **state)
{
    struct fixture *f = *state;

    (void)signal(SIGXFSZ, SIG_IGN);
    set_file_limit(4096);
    send_new(f, 1, 1);
    send_register(f, "5550001", "secret", "5550001", "sip:a@h");
    turn_until(f, &f->verdicts, 1);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(f->verdict, VERDICT_UNAVAILABLE);
    assert_int_equal(f->kept, 0);
    send_new(f, 2, 1);
    turn_until(f, &f->kept, 1);
    assert_int_equal(f->kept_id, 2);
    assert_int_equal(calls_on_disk(f), 1);
}

static void old_calls_leave_when_others_come(void **state)
{
    struct fixture *f = *state;
    struct store_call old = call_of(1, clock_wall_ms() - 91 * DAY_MS),
                      young = call_of(2, clock_wall_ms() - 89 * DAY_MS);

    send_call(f, 1, &young);
    send_call(f, 2, &old);
    turn_until(f, &f->kept, 2);
    assert_int_equal(calls_on_disk(f), 1);
}

static void old_calls_leave_an_idle_keeper(void **state)
{
    struct fixture *f = *state;
    time_t end = time(NULL) + 10;
    struct store *s;

    keeper_free(f->keeper);
    assert_int_equal(store_open(&s, f->path, STORE_SERVE, f->error), OK);
    for (uint64_t id = 1; id <= 3; id++) {
        struct store_call old = call_of(id, clock_wall_ms() - 91 * DAY_MS);

        assert_int_equal(s->ops->call_put(s, &old), OK);
    }
    s->ops->close(s);
    assert_int_equal(start(f, "b.com"), OK);
    while (calls_on_disk(f) && time(NULL) < end)
        (void)event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(calls_on_disk(f), 0);
}

int main(void)
{
#define ALONE(f)     cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CONNECTED(f) cmocka_unit_test_setup_teardown(f, setup_connected, teardown)
    const struct CMUnitTest tests[] = {
        CONNECTED(kept_means_on_disk),
        CONNECTED(a_repeated_call_is_kept_once),
        CONNECTED(malformed_calls_have_no_answer),
        CONNECTED(a_full_disk_is_no_answer),
        CONNECTED(old_calls_leave_when_others_come),
        ALONE(old_calls_leave_an_idle_keeper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
