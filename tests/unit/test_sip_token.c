/* Unit tests of sip/token.c: Record-Route tokens come back only as they were made. */
#include "sip/token.h"
#include "tests/unit/check.h"

static const uint8_t key[16] = "a key of 16 byte";
static const struct view call_id = {"72b1c0d5@192.0.2.40", 19};

static struct route_token token_of(const char *caller, const char *callee)
{
    struct route_token t = {.caller_tag = token_tag_hash(VIEW("00005e0053"))};

    t.caller = (struct sip_flow){.transport = FLOW_UDP, .port = 5060, .listener = 0};
    t.callee = (struct sip_flow){.transport = FLOW_TCP, .port = 49152, .listener = 1};
    assert_true(flow_set_address(&t.caller, view_of(caller)));
    assert_true(flow_set_address(&t.callee, view_of(callee)));
    return t;
}

static struct view token_text(char bytes[TOKEN_TEXT_MAX], struct route_token *token)
{
    struct text out = {.p = bytes, .size = TOKEN_TEXT_MAX};

    token_write(&out, key, call_id, token);
    assert_false(out.full);
    return text_done(&out);
}

static void tokens_come_back(void **state)
{
    static const char *const hosts[] = {"192.0.2.40", "2001:db8::40"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct route_token token = token_of(hosts[i & 1], hosts[i >> 1]), back;
        char bytes[TOKEN_TEXT_MAX];
        struct view text = token_text(bytes, &token);

        memset(&back, 0xff, sizeof(back));
        assert_true(token_read(&back, key, call_id, text));
        assert_int_equal(back.caller_tag, token.caller_tag);
        assert_memory_equal(&back.caller, &token.caller, sizeof(token.caller));
        assert_memory_equal(&back.callee, &token.callee, sizeof(token.callee));
    }
}

static void only_user_characters_are_used(void **state)
{
    struct route_token token = token_of("192.0.2.40", "2001:db8::40");
    char bytes[TOKEN_TEXT_MAX];
    struct view text = token_text(bytes, &token);

    (void)state;
    for (size_t i = 0; i < text.n; i++)
        assert_true((text.p[i] | 0x20) >= 'a' ? (text.p[i] | 0x20) <= 'z' || text.p[i] == '_'
                                              : strchr("0123456789-_", text.p[i]) != NULL);
}

static void nothing_else_is_believed(void **state)
{
    struct route_token token = token_of("192.0.2.40", "192.0.2.41"), back;
    uint8_t other_key[16] = "another 16 bytes";
    char bytes[TOKEN_TEXT_MAX + 1];
    struct view text = token_text(bytes, &token);

    (void)state;
    assert_false(token_read(&back, other_key, call_id, text));
    assert_false(token_read(&back, key, VIEW("72b1c0d5@192.0.2.41"), text));
    assert_false(token_read(&back, key, call_id, VIEW("")));
    for (size_t cut = 0; cut < text.n; cut++)
        assert_false(token_read(&back, key, call_id, (struct view){text.p, cut}));
    for (size_t i = 0; i < text.n; i++) {
        char was = bytes[i];

        bytes[i] = was == 'A' ? 'B' : 'A';
        assert_false(token_read(&back, key, call_id, text));
        bytes[i] = '@';
        assert_false(token_read(&back, key, call_id, text));
        bytes[i] = was;
    }
    assert_true(token_read(&back, key, call_id, text));
}

/* The last letter carries spare bits, and one more may carry nothing else. */
static void other_spellings_are_refused(void **state)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char *const hosts[] = {"192.0.2.40", "2001:db8::40"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct route_token token = token_of(hosts[i & 1], hosts[i >> 1]), back;
        char bytes[TOKEN_TEXT_MAX + 1];
        struct view text = token_text(bytes, &token);
        char last = text.p[text.n - 1];

        for (size_t k = 0; k < 64; k++) {
            bytes[text.n] = letters[k];
            assert_false(token_read(&back, key, call_id, (struct view){bytes, text.n + 1}));
            bytes[text.n - 1] = letters[k];
            assert_int_equal(token_read(&back, key, call_id, text), letters[k] == last);
            bytes[text.n - 1] = last;
        }
    }
}

static void overlong_texts_are_refused(void **state)
{
    char bytes[1024];
    struct route_token back;

    (void)state;
    memset(bytes, 'A', sizeof(bytes));
    for (size_t n = 0; n < sizeof(bytes); n++)
        assert_false(token_read(&back, key, call_id, (struct view){bytes, n}));
}

static void tags_tell_the_direction(void **state)
{
    (void)state;
    assert_int_equal(token_tag_hash(VIEW("a")), token_tag_hash(VIEW("a")));
    assert_int_not_equal(token_tag_hash(VIEW("a")), token_tag_hash(VIEW("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_come_back),
        cmocka_unit_test(only_user_characters_are_used),
        cmocka_unit_test(nothing_else_is_believed),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(overlong_texts_are_refused),
        cmocka_unit_test(tags_tell_the_direction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
