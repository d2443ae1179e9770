/* Unit tests of media/stream.c: what the sip role tells of a stream arrives as it was. */
#include "media/stream.h"

#include "tests/unit/check.h"

static struct media_address address(const char *host, uint16_t port)
{
    struct media_address a = {.port = port};

    if (!media_address_parse(&a, view_of(host)))
        fail_msg("\"%s\" is no address", host);
    return a;
}

static struct stream an_example(void)
{
    struct stream s = {.index = 7, .secure = true, .mux = true};

    s.sides[0] = (struct stream_side){.local = address("192.0.2.1", 30000),
                                      .rtp = address("10.0.0.2", 5004),
                                      .rtcp = address("10.0.0.2", 5005),
                                      .signal = address("198.51.100.7", 0),
                                      .trusted = true,
                                      .serial = 0xfedcba98,
                                      .formats = {{8000, 0, "PCMU"}, {48000, 127, "0123456789"}}};
    s.sides[1] = (struct stream_side){
        .local = address("2001:db8::1", 30002),
        .rtp = {.port = 5004}, /* a host name */
        .held = true,
        .formats = {{1, 1, ""}, {2, 2, "B"}, {3, 3, "C"}, {4, 4, "D"}, {5, 5, "E"}, {6, 6, "F"}}};
    return s;
}

static bool sides_same(const struct stream_side *a, const struct stream_side *b)
{
    for (int i = 0; i < STREAM_FORMATS; i++)
        if (a->formats[i].clock != b->formats[i].clock ||
            a->formats[i].type != b->formats[i].type ||
            strcmp(a->formats[i].name, b->formats[i].name) != 0)
            return false;
    return media_address_same(&a->local, &b->local) && media_address_same(&a->rtp, &b->rtp) &&
           media_address_same(&a->rtcp, &b->rtcp) && media_address_same(&a->signal, &b->signal) &&
           a->trusted == b->trusted && a->held == b->held && a->serial == b->serial;
}

static bool streams_same(const struct stream *a, const struct stream *b)
{
    return a->index == b->index && a->other == b->other && a->secure == b->secure &&
           a->encrypted == b->encrypted && a->mux == b->mux && a->paused == b->paused &&
           sides_same(&a->sides[0], &b->sides[0]) && sides_same(&a->sides[1], &b->sides[1]);
}

static void streams_come_back_one_after_the_other(void **state)
{
    struct stream first = an_example(), second = {.other = true, .paused = true}, out;
    struct pack k = {0};
    struct view rest;

    (void)state;
    stream_pack(&k, &first);
    stream_pack(&k, &second);
    rest = pack_bytes_view(&k);
    assert_true(stream_unpack(&out, &rest));
    assert_true(streams_same(&first, &out));
    assert_true(stream_unpack(&out, &rest));
    assert_true(streams_same(&second, &out));
    assert_int_equal(rest.n, 0);
    assert_false(stream_unpack(&out, &rest));
    pack_free(&k);
}

static void a_cut_stream_is_refused(void **state)
{
    struct stream s = an_example(), out;
    struct pack k = {0};

    (void)state;
    stream_pack(&k, &s);
    for (size_t n = 0; n < k.n; n++) {
        char *exact = malloc(n + 1);
        struct view rest = {exact, n};

        assert_non_null(exact);
        memcpy(exact, k.p, n);
        assert_false(stream_unpack(&out, &rest));
        free(exact);
    }
    pack_free(&k);
}

/* Packs a side by hand: a field of each kind may be one that stream_pack does not write. */
static bool is_taken(uint8_t index, uint8_t family, uint8_t formats, struct view name)
{
    struct stream out;
    struct pack k = {0};
    struct view rest;
    bool taken;

    pack_u8(&k, index);
    pack_u8(&k, 0);
    for (int i = 0; i < 2; i++) {
        for (int a = 0; a < 4; a++) {
            pack_u8(&k, family);
            pack_u16(&k, 5004);
            pack_bytes(&k, "0123456789abcdef", family == 6 ? 16 : family == 4 ? 4 : 0);
        }
        pack_u8(&k, 0);
        pack_u32(&k, 1);
        pack_u8(&k, formats);
        for (int f = 0; f < formats; f++) {
            pack_u32(&k, 8000);
            pack_u8(&k, 0);
            pack_view(&k, name);
        }
    }
    rest = pack_bytes_view(&k);
    taken = stream_unpack(&out, &rest);
    pack_free(&k);
    return taken;
}

static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    assert_true(is_taken(0, 4, 1, VIEW("PCMU")));
    assert_true(is_taken(STREAMS_MAX - 1, 6, STREAM_FORMATS, VIEW("0123456789")));
    assert_true(is_taken(0, 0, 0, VIEW("")));
    assert_false(is_taken(STREAMS_MAX, 4, 1, VIEW("PCMU")));
    assert_false(is_taken(0, 5, 1, VIEW("PCMU")));
    assert_false(is_taken(0, 255, 1, VIEW("PCMU")));
    assert_false(is_taken(0, 4, STREAM_FORMATS + 1, VIEW("PCMU")));
    assert_false(is_taken(0, 4, 255, VIEW("PCMU")));
    assert_false(is_taken(0, 4, 1, VIEW("01234567890")));
    assert_false(is_taken(0, 4, 1, VIEW("PC\0U")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_come_back_one_after_the_other),
        cmocka_unit_test(a_cut_stream_is_refused),
        cmocka_unit_test(what_is_out_of_range_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
