/* The command on calls that are over: what it shows and refuses. */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/command_fixture.h"

static void put(struct fixture *f, uint64_t id, int64_t begun, const char *audio)
{
    struct store_call c = {.id = id,
                           .call_id = VIEW("a@b"),
                           .begun = begun,
                           .answered = audio[0] ? begun + 1 : 0,
                           .ended = begun + 2,
                           .from = VIEW("sip:5550001@companyb.com"),
                           .to = VIEW("sip:555-0002@companyb.com"),
                           .caller = VIEW("5550001"),
                           .route = VIEW("phone 5550002"),
                           .status = audio[0] ? 200 : 486,
                           .ended_by = VIEW("caller"),
                           .audio = view_of(audio)};

    assert_int_equal(f->store->ops->call_put(f->store, &c), OK);
}

static json_t *member(struct fixture *f, size_t index, const char *key)
{
    return json_object_get(json_array_get(f->items, index), key);
}

static void a_call_is_shown_whole(void **state)
{
    struct fixture *f = *state;

    put(f, 0xabc, 1795687200000, "[{\"index\":0}]");
    run_ok(f, "{'command':'call history'}");
    assert_int_equal(json_array_size(f->items), 1);
    assert_string_equal(item_text(f, 0, "id"), "0000000000000abc");
    assert_string_equal(item_text(f, 0, "call-id"), "a@b");
    assert_int_equal(json_integer_value(member(f, 0, "begun")), 1795687200000);
    assert_int_equal(json_integer_value(member(f, 0, "answered")), 1795687200001);
    assert_int_equal(json_integer_value(member(f, 0, "ended")), 1795687200002);
    assert_string_equal(item_text(f, 0, "from"), "sip:5550001@companyb.com");
    assert_string_equal(item_text(f, 0, "to"), "sip:555-0002@companyb.com");
    assert_string_equal(item_text(f, 0, "caller"), "5550001");
    assert_string_equal(item_text(f, 0, "route"), "phone 5550002");
    assert_int_equal(json_integer_value(member(f, 0, "status")), 200);
    assert_string_equal(item_text(f, 0, "ended-by"), "caller");
    assert_int_equal(json_array_size(member(f, 0, "audio")), 1);
}

static void what_is_not_known_is_empty(void **state)
{
    struct fixture *f = *state;

    put(f, 1, 2000, "");
    put(f, 2, 1000, "[{");
    put(f, 3, 500, "{}");
    run_ok(f, "{'command':'call history'}");
    assert_true(json_is_null(member(f, 0, "answered")));
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_is_array(member(f, i, "audio")));
        assert_int_equal(json_array_size(member(f, i, "audio")), 0);
    }
}

static void calls_come_in_pages(void **state)
{
    struct fixture *f = *state;
    char request[256] = "{'command':'call history','limit':2}";
    unsigned seen = 0;

    for (uint64_t id = 1; id <= 5; id++)
        put(f, id, 1000, "");
    for (;;) {
        json_t *answer = run(f, request), *next = json_object_get(answer, "next");

        seen += (unsigned)json_array_size(f->items);
        if (next)
            (void)snprintf(request, sizeof(request),
                           "{'command':'call history','limit':2,'after':'%s'}",
                           json_string_value(next));
        json_decref(answer);
        if (!next)
            break;
    }
    assert_int_equal(seen, 5);
    assert_string_equal(item_text(f, 0, "id"), "0000000000000001");
}

static void calls_are_chosen(void **state)
{
    struct fixture *f = *state;

    put(f, 1, 1000, "");
    put(f, 2, 2000, "");
    put(f, 3, 3000, "");
    run_ok(f, "{'command':'call history','number':'555-0002','since':2000,'until':3000}");
    assert_int_equal(json_array_size(f->items), 1);
    assert_string_equal(item_text(f, 0, "id"), "0000000000000002");
    run_ok(f, "{'command':'call history','number':'5550003'}");
    assert_int_equal(json_array_size(f->items), 0);
}

static void bad_requests_are_refused(void **state)
{
    struct fixture *f = *state;

#define ASK "{'command':'call history',"
    run_refused(f, ASK "'number':'a@b'}", "neither a telephone number");
    run_refused(f, ASK "'number':5}", "\"number\" has to be a text");
    run_refused(f, ASK "'number':''}", "\"number\" is missing");
    run_refused(f, ASK "'since':-1}", "\"since\" has to be a number");
    run_refused(f, ASK "'until':'now'}", "\"until\" has to be a number");
    run_refused(f, ASK "'limit':0}", "\"limit\" has to be a number");
    run_refused(f, ASK "'after':'x'}", "\"after\" has to be");
    run_refused(f, ASK "'after':'1000 00'}", "\"after\" has to be");
    run_refused(f, ASK "'after':'1000 0000000000000000'}", "\"after\" has to be");
#undef ASK
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_shown_whole), TEST(what_is_not_known_is_empty), TEST(calls_come_in_pages),
        TEST(calls_are_chosen),      TEST(bad_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
