/* Records of calls on their way to the keeper. */
#include "db/record.h"
#include "tests/unit/check.h"

static const struct store_call sample = {
    .id = UINT64_MAX,
    .call_id = {"a@b", 3},
    .begun = 1764150000001,
    .ended = 1764150060002,
    .answered = 1764150003003,
    .from = {"sip:5550001@b.com", 17},
    .to = {"sip:5550002@b.com", 17},
    .caller = {"5550001", 7},
    .route = {"phone 5550002", 13},
    .status = 200,
    .ended_by = {"callee", 6},
    .audio = {"[]", 2},
};

static void a_record_survives_the_way(void **state)
{
    struct pack k = {0};
    struct store_call c;
    struct view rest;

    (void)state;
    record_pack(&k, &sample);
    pack_u8(&k, 7);
    rest = pack_bytes_view(&k);
    assert_true(record_unpack(&c, &rest));
    assert_int_equal(rest.n, 1);
    assert_true(c.id == UINT64_MAX);
    assert_view(c.call_id, "a@b");
    assert_true(c.begun == sample.begun && c.answered == sample.answered &&
                c.ended == sample.ended);
    assert_view(c.from, "sip:5550001@b.com");
    assert_view(c.to, "sip:5550002@b.com");
    assert_view(c.caller, "5550001");
    assert_view(c.route, "phone 5550002");
    assert_int_equal(c.status, 200);
    assert_view(c.ended_by, "callee");
    assert_view(c.audio, "[]");
    pack_free(&k);
}

static void cut_records_are_malformed(void **state)
{
    struct pack k = {0};
    struct store_call c;

    (void)state;
    record_pack(&k, &sample);
    for (size_t n = 0; n < k.n; n++) {
        struct view rest = {k.p, n};

        assert_false(record_unpack(&c, &rest));
    }
    pack_free(&k);
}

static void a_record_has_an_id(void **state)
{
    struct pack k = {0};
    struct store_call c = sample;
    struct view rest;

    (void)state;
    c.id = 0;
    record_pack(&k, &c);
    rest = pack_bytes_view(&k);
    assert_false(record_unpack(&c, &rest));
    pack_free(&k);
}

static void numbers_are_those_that_people_know(void **state)
{
    static const struct {
        const char *uri, *number;
    } rows[] = {
        {"sip:5550001@b.com", "5550001"},
        {"sips:555-0001@b.com:5061;user=phone", "5550001"},
        {"sip:alice:secret@b.com", "alice"},
        {"sip:%61lice@b.com", "alice"},
        {"tel:+1-555-0001;phone-context=b.com", "+15550001"},
        {"sip:b.com", ""},
        {"sip:b.com;x=@", "b.com;x="},
        {"sip:a%00b@b.com", ""},
        {"sip:@b.com", ""},
        {"5550001@b.com", ""},
        {"sip:", ""},
        {"", ""},
    };
    char number[NUMBER_MAX], uri[512] = "sip:";

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        record_number(view_of(rows[i].uri), number);
        assert_row(rows[i].uri, strcmp(number, rows[i].number) == 0);
    }
    memset(uri + 4, '1', NUMBER_MAX);
    strcpy(uri + 4 + NUMBER_MAX, "@b.com");
    record_number(view_of(uri), number);
    assert_string_equal(number, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_survives_the_way),
        cmocka_unit_test(cut_records_are_malformed),
        cmocka_unit_test(a_record_has_an_id),
        cmocka_unit_test(numbers_are_those_that_people_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
