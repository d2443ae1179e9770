/* The store on SQLite: calls that are over. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/store_fixture.h"

static const struct store_calls every = {.before = INT64_MAX};

static struct store_call call_of(uint64_t id, int64_t begun, const char *from, const char *to,
                                 const char *caller)
{
    return (struct store_call){.id = id,
                               .call_id = VIEW("a@b"),
                               .begun = begun,
                               .answered = begun + 1,
                               .ended = begun + 2,
                               .from = view_of(from),
                               .to = view_of(to),
                               .caller = view_of(caller),
                               .route = VIEW("phone 2"),
                               .status = 200,
                               .ended_by = VIEW("callee"),
                               .audio = VIEW("[]")};
}

static void put(struct store *s, uint64_t id, int64_t begun, const char *from, const char *to,
                const char *caller)
{
    struct store_call c = call_of(id, begun, from, to, caller);

    assert_int_equal(s->ops->call_put(s, &c), OK);
}

static bool see_call(void *arg, const struct store_call *c)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "%" PRIx64 " ", c->id);
    return true;
}

/* The ids of those that are wanted. */
static struct seen calls(struct store *s, const struct store_calls *wanted)
{
    struct seen seen = {0};

    assert_int_equal(s->ops->call_each(s, wanted, see_call, &seen), OK);
    return seen;
}

static bool see_whole(void *arg, const struct store_call *c)
{
    struct seen *seen = arg;

    (void)snprintf(seen->text, sizeof(seen->text),
                   "%" PRIx64 " %.*s %" PRId64 " %" PRId64 " %" PRId64 " %.*s %.*s %.*s %.*s %u "
                   "%.*s %.*s",
                   c->id, VIEW_ARG(c->call_id), c->begun, c->answered, c->ended, VIEW_ARG(c->from),
                   VIEW_ARG(c->to), VIEW_ARG(c->caller), VIEW_ARG(c->route), c->status,
                   VIEW_ARG(c->ended_by), VIEW_ARG(c->audio));
    return ++seen->count < 1;
}

static void a_call_is_kept_whole_and_once(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct seen seen = {0};

    put(s, UINT64_MAX, 1000, "sip:1@b.com", "sip:2@b.com", "1");
    put(s, UINT64_MAX, 2000, "sip:3@b.com", "sip:4@b.com", "3"); /* repeated: the first stays */
    assert_int_equal(s->ops->call_each(s, &every, see_whole, &seen), OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.text, "ffffffffffffffff a@b 1000 1001 1002 sip:1@b.com sip:2@b.com 1 "
                                   "phone 2 200 callee []");
    assert_string_equal(calls(s, &every).text, "ffffffffffffffff ");
}

static void the_newest_call_comes_first(void **state)
{
    struct store *s = fixture_of(state)->store;

    put(s, 1, 2000, "sip:1@b.com", "sip:2@b.com", "1");
    put(s, 2, 3000, "sip:1@b.com", "sip:2@b.com", "1");
    put(s, 3, 1000, "sip:1@b.com", "sip:2@b.com", "1");
    assert_string_equal(calls(s, &every).text, "2 1 3 ");
    assert_string_equal(calls(s, &(struct store_calls){.since = 2000, .before = 3000}).text, "1 ");
    assert_string_equal(calls(s, &(struct store_calls){.since = 2001, .before = 3001}).text, "2 ");
}

/* Calls of one ms, some with ids that are negative for SQLite, one page of one call each. */
static void every_call_is_on_one_page(void **state)
{
    static const uint64_t ids[] = {1, 2, 1ull << 63, UINT64_MAX, 0x7fffffffffffffff};
    struct store *s = fixture_of(state)->store;
    struct store_calls wanted = {.number = VIEW("1"), .before = 1001};
    struct seen page;
    unsigned pages = 0;

    for (size_t i = 0; i < COUNT(ids); i++)
        put(s, ids[i], 1000, "sip:1@b.com", "sip:2@b.com", "1");
    for (; (page = calls(s, &wanted)).count; pages++) {
        assert_int_equal(page.count, COUNT(ids) - pages);
        wanted.before = 1000;
        wanted.before_id = strtoull(page.text, NULL, 16);
    }
    assert_int_equal(pages, COUNT(ids));
}

static void calls_are_found_by_every_number_in_them(void **state)
{
    struct store *s = fixture_of(state)->store;
    static const struct {
        const char *number, *ids;
    } rows[] = {
        {"1", "4 3 1 "}, {"2", "2 1 "}, {"3", "3 2 "}, {"4", "4 "}, {"9", ""}, {"b.com", ""},
    };

    put(s, 1, 1000, "sip:1@b.com", "sip:2@b.com;user=phone", "1");
    put(s, 2, 2000, "sip:2@b.com", "sip:3@b.com", "");
    put(s, 3, 3000, "sip:anonymous@anonymous.invalid", "tel:3;phone-context=1", "1");
    put(s, 4, 4000, "sip:1@b.com", "sip:1@b.com", "4");
    put(s, 5, 5000, "sip:b.com", "urn:service:sos", "");
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(
            calls(s, &(struct store_calls){.number = view_of(rows[i].number), .before = INT64_MAX})
                .text,
            rows[i].ids);
}

static void old_calls_leave_bit_by_bit(void **state)
{
    struct store *s = fixture_of(state)->store;
    bool more;

    for (uint64_t id = 1; id <= 5; id++)
        put(s, id, 1000 * (int64_t)id, "sip:1@b.com", "sip:2@b.com", "1");
    assert_int_equal(s->ops->call_prune(s, 4000, 2, &more), OK);
    assert_true(more);
    assert_string_equal(calls(s, &every).text, "5 4 3 ");
    assert_int_equal(s->ops->call_prune(s, 4000, 2, &more), OK);
    assert_false(more);
    assert_int_equal(s->ops->call_prune(s, 4000, 2, &more), OK);
    assert_string_equal(calls(s, &every).text, "5 4 ");
    assert_string_equal(
        calls(s, &(struct store_calls){.number = VIEW("2"), .before = INT64_MAX}).text, "5 4 ");
}

static void calls_go_with_their_transaction(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(s->ops->begin(s), OK);
    put(s, 1, 1000, "sip:1@b.com", "sip:2@b.com", "1");
    s->ops->rollback(s);
    assert_int_equal(calls(s, &every).count, 0);
    assert_int_equal(s->ops->begin(s), OK);
    put(s, 1, 1000, "sip:1@b.com", "sip:2@b.com", "1");
    assert_int_equal(s->ops->commit(s), OK);
    assert_int_equal(reopen(*state, STORE_READ), OK);
    assert_int_equal(calls(fixture_of(state)->store, &every).count, 1);
}

static void a_malformed_call_is_told(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};

    put(f->store, 0xab, 1000, "sip:1@b.com", "sip:2@b.com", "1");
    run_sql(f->path, "UPDATE call SET status = 700");
    assert_int_equal(f->store->ops->check(f->store, count_problem, &seen), OK);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.text, "call 00000000000000ab"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_open, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_kept_whole_and_once), TEST(the_newest_call_comes_first),
        TEST(every_call_is_on_one_page),     TEST(calls_are_found_by_every_number_in_them),
        TEST(old_calls_leave_bit_by_bit),    TEST(calls_go_with_their_transaction),
        TEST(a_malformed_call_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
