/* STUN on a SIP port: answers, and what gets none. */
#include "sip/stun.h"
#include "tests/unit/check.h"

static const char request[] = "\0\1\0\0\x21\x12\xa4\x42transaction.";

static void the_sender_learns_his_address(void **state)
{
    static const char want[] = "\1\1\0\x0c\x21\x12\xa4\x42transaction.\0\x20\0\x08\0\1"
                               "\x35\x56\xe1\x12\xa6\x43";
    struct sip_flow from = {.family = 4, .port = 5188, .address = {192, 0, 2, 1}};
    char buffer[64];
    struct text out = TEXT(buffer);

    (void)state;
    assert_true(stun_answer(&out, (struct view){request, 20}, &from));
    assert_int_equal(out.n, sizeof(want) - 1);
    assert_memory_equal(buffer, want, out.n);
}

static void ipv6_is_mixed_with_the_transaction(void **state)
{
    struct sip_flow from = {.family = 6, .port = 1, .address = {0x20, 1, 0xd, 0xb8, [15] = 1}};
    char buffer[64];
    struct text out = TEXT(buffer);

    (void)state;
    assert_true(stun_answer(&out, (struct view){request, 20}, &from));
    assert_int_equal(out.n, 44);
    assert_int_equal(buffer[25], 2);
    assert_int_equal((uint8_t)buffer[28], 0x20 ^ 0x21);
    assert_int_equal((uint8_t)buffer[43], 1 ^ '.');
}

static void others_get_none(void **state)
{
    struct sip_flow from = {.family = 4};
    char buffer[64], bytes[24];
    struct text out = TEXT(buffer);

    (void)state;
    memcpy(bytes, request, 20);
    for (size_t n = 0; n < 24; n++)
        if (n != 20)
            assert_false(stun_answer(&out, (struct view){bytes, n}, &from));
    for (size_t i = 0; i < 8; i++) {
        bytes[i] ^= 0x40;
        assert_false(stun_answer(&out, (struct view){bytes, 20}, &from));
        bytes[i] ^= 0x40;
    }
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sender_learns_his_address),
        cmocka_unit_test(ipv6_is_mixed_with_the_transaction),
        cmocka_unit_test(others_get_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
