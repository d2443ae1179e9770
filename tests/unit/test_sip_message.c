/* Unit tests of sip/message.c, sip/frame.c and sip/header.c: framing, the index and its limits. */
#include <stdio.h>

#include "sip/sip.h"
#include "tests/unit/check.h"

#define PARTS                                                                                      \
    "Via: SIP/2.0/UDP 192.0.2.40;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:c@d>\r\n"    \
    "Call-ID: i\r\nCSeq: 1 INVITE\r\n"
#define REQUEST(line, more) line "\r\n" PARTS more "\r\n"
#define INVITE(more)        REQUEST("INVITE sip:c@d SIP/2.0", more)
#define DROPPED             1000 /* a fault that stands for ERR_SYNTAX */

static unsigned fault_of(struct view bytes)
{
    static struct sip_message m;

    return sip_message_parse(&m, bytes) == OK ? m.fault : DROPPED;
}

static void a_request_is_indexed(void **state)
{
    static const struct view bytes =
        VIEW("INVITE sip:555-0142@example.test;user=phone SIP/2.0\r\n"
             "v: SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bK3f90cc15, SIP/2.0/TCP 10.0.0.1\r\n"
             "f: \"Anna, \\\"A\\\" <x>\" <sip:555-0141@example.test>;tag=00005e\r\n"
             "TO : \r\n <sip:555-0142@example.test>\r\n"
             "i:72b1c0d5@192.0.2.40\r\n"
             "cseq: 0101  INVITE\r\n"
             "Max-Forwards: 70\r\n"
             "Contact: <sip:555-0141@192.0.2.40>\r\nm: *\r\n"
             "X-Unknown: a\r\n b\r\n"
             "l: 4\r\n"
             "\r\n"
             "bodyrest");
    struct sip_message m;

    (void)state;
    assert_int_equal(sip_message_parse(&m, bytes), OK);
    assert_int_equal(m.fault, 0);
    assert_true(m.request);
    assert_int_equal(m.method_id, METHOD_INVITE);
    assert_view(m.uri, "sip:555-0142@example.test;user=phone");
    assert_view(m.via.branch, "z9hG4bK3f90cc15");
    assert_view(m.from_tag, "00005e");
    assert_view(m.to, "<sip:555-0142@example.test>");
    assert_view(m.to_tag, "");
    assert_view(m.call_id, "72b1c0d5@192.0.2.40");
    assert_int_equal(m.cseq, 101);
    assert_view(m.cseq_method, "INVITE");
    assert_int_equal(m.max_forwards, 70);
    assert_int_equal(m.count, 10);
    assert_view(m.body, "body");
    assert_memory_equal(m.bytes.p + m.head_end, "\r\nbody", 6);
    assert_int_equal(sip_value_count(&m, HEADER_VIA, 9), 2);
    assert_int_equal(sip_value_count(&m, HEADER_CONTACT, 9), 2);
    assert_int_equal(sip_value_count(&m, HEADER_VIA, 0), 1);
    assert_int_equal(sip_value_count(&m, HEADER_ROUTE, 9), 0);
    assert_view(sip_header_after(&m, HEADER_CONTACT, sip_header(&m, HEADER_CONTACT))->value, "*");
    assert_view(sip_header(&m, HEADER_OTHER)->value, "a\r\n b");
    assert_view(sip_header(&m, HEADER_OTHER)->line, "X-Unknown: a\r\n b\r\n");
    assert_null(sip_header(&m, HEADER_ROUTE));
}

static void a_response_is_indexed(void **state)
{
    struct sip_message m;

    (void)state;
    assert_int_equal(
        sip_message_parse(&m, VIEW("SIP/2.0 486 Busy  here\r\n" PARTS "Content-Length: 0\r\n\r\n")),
        OK);
    assert_false(m.request);
    assert_int_equal(m.status, 486);
    assert_view(m.reason, "Busy  here");
    assert_int_equal(m.method_id, METHOD_INVITE);
    assert_int_equal(m.max_forwards, -1);
}

static const struct {
    struct view bytes;
    unsigned fault;
} faults[] = {
    {VIEW(INVITE("")), 0},
    {VIEW(""), DROPPED},
    {VIEW("\r\n\r\n"), DROPPED},
    {VIEW("INVITE sip:c@d SIP/2.0"), DROPPED},
    {VIEW("INVITE sip:c@d SIP/2.0\r\n"), DROPPED}, /* no Via, nowhere to answer */
    {VIEW("INVITE sip:c@d SIP/2.0\r\n\r\n"), DROPPED},
    {VIEW("GET / HTTP/1.1\r\n" PARTS "\r\n"), DROPPED},
    {VIEW("IN@VITE sip:c@d SIP/2.0\r\n" PARTS "\r\n"), DROPPED},
    {VIEW("INVITE sip:c@d\n SIP/2.0\r\n" PARTS "\r\n"), DROPPED},
    {VIEW("INVITE sip:c@d\r\n ;user=phone SIP/2.0\r\n" PARTS "\r\n"), DROPPED},
    {VIEW(REQUEST("INVITE sip:c@d SIP/2.1", "")), 505},
    {VIEW(REQUEST("INVITE sip:c@d SIP/2.0 ", "")), 400},
    {VIEW(REQUEST("INVITE  sip:c@d SIP/2.0", "")), 400},
    {VIEW(REQUEST("INVITE sip:c@d  SIP/2.0", "")), 400},
    {VIEW(REQUEST("INVITE  SIP/2.0", "")), 400},
    {VIEW(REQUEST("INVITE <sip:c@d> SIP/2.0", "")), 400},
    {VIEW(REQUEST("INVITE sip:c@d; lr SIP/2.0", "")), 400},
    {VIEW(REQUEST("INVITE sip:c @d SIP/2.0", "")), 400},
    {VIEW(REQUEST("INVITE sip:c@d; user=phone SIP/2.0", "")), 0},
    {VIEW(REQUEST("INVITE sip:c@d ;user=phone SIP/2.0", "")), 0},
    {VIEW(REQUEST("INVITE sip:c@d ; user=phone SIP/2.0", "")), 0},
    {VIEW(REQUEST("INVITE sip:c@d; user=phone;x SIP/2.0", "")), 400},
    {VIEW(REQUEST("BYE sip:c@d SIP/2.0", "")), 400}, /* CSeq says INVITE */
    {VIEW("INVITE sip:c@d SIP/2.0\r\n" PARTS), 400}, /* ends without its empty line */
    {VIEW(INVITE("no colon\r\n")), 400},
    {VIEW(INVITE(": no name\r\n")), 400},
    {VIEW(INVITE("bad name: x\r\n")), 400},
    {VIEW(INVITE("X-A: bare\nline feed\r\n")), 400},
    {VIEW(INVITE("X-A: bare\rreturn\r\n")), 400},
    {VIEW(INVITE("X-A: \0nul is a byte\r\n")), 0},
    {VIEW(INVITE("X-A : blank before the colon\r\n")), 0},
    {VIEW(INVITE("From: <sip:a@b>;tag=g\r\n")), 400},
    {VIEW(INVITE("t: <sip:c@d>\r\n")), 400},
    {VIEW(INVITE("CSeq: 1 INVITE\r\n")), 400},
    {VIEW(INVITE("i: j\r\n")), 400},
    {VIEW(INVITE("Expires: 1\r\nExpires: 1\r\n")), 400},
    {VIEW(INVITE("Max-Forwards: 0\r\n")), 0},
    {VIEW(INVITE("Max-Forwards: 255\r\n")), 0},
    {VIEW(INVITE("Max-Forwards: 256\r\n")), 400},
    {VIEW(INVITE("Max-Forwards: -1\r\n")), 400},
    {VIEW(INVITE("Max-Forwards: \r\n")), 400},
    {VIEW(INVITE("Content-Length: 0\r\n")), 0},
    {VIEW(INVITE("Content-Length: 1\r\n")), 400},
    {VIEW(INVITE("Content-Length: -1\r\n")), 400},
    {VIEW(INVITE("Content-Length: 99999999999999999999\r\n")), 400},
    {VIEW(INVITE("Content-Length: 0\r\nl: 0\r\n")), 400},
    {VIEW("SIP/2.0 200 OK\r\n" PARTS "\r\n"), 0},
    {VIEW("SIP/2.0 200 \r\n" PARTS "\r\n"), 0},
    {VIEW("SIP/2.0 99 x\r\n" PARTS "\r\n"), DROPPED},
    {VIEW("SIP/2.0 700 x\r\n" PARTS "\r\n"), DROPPED},
    {VIEW("SIP/2.0 4294967301 x\r\n" PARTS "\r\n"), DROPPED},
    {VIEW("SIP/2.0 200 OK\r\n" PARTS "To: <sip:e@f>\r\n\r\n"), DROPPED},
    {VIEW("SIP/2.0 200 OK\r\n" PARTS "Content-Length: 3\r\n\r\n"), DROPPED},
};

static void faults_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++)
        if (fault_of(faults[i].bytes) != faults[i].fault)
            fail_msg("not %u but %u: %.*s", faults[i].fault, fault_of(faults[i].bytes),
                     VIEW_ARG(faults[i].bytes));
}

/* One of the lines that every message needs, replaced. */
static void needed_values_are_checked(void **state)
{
    static const char *const names[] = {"Via", "From", "To", "Call-ID", "CSeq"};
    static const char *const good[] = {"SIP/2.0/UDP 192.0.2.40", "<sip:a@b>;tag=f", "sip:c@d;tag=1",
                                       "i", "1 INVITE"};
    static const struct {
        unsigned line;
        const char *value; /* NULL: not there */
        unsigned fault;
    } rows[] = {
        {0, NULL, DROPPED},
        {0, "", DROPPED},
        {0, "SIP/2.0/UDP", DROPPED},
        {0, "SIP/2.0/UDP 192.0.2.15;;,;,,", 400},
        {1, NULL, 400},
        {1, "", 400},
        {1, "\"unclosed <sip:a@b>", 400},
        {1, "<sip:a@b", 400},
        {1, "<sip:a@b> tag=f", 400},
        {1, "<>", 400},
        {1, "Bell, Alexander <sip:a@b>", 400},
        {1, "sip:a@b?x=y", 400},
        {1, "Anonymous Me <sip:a@b>", 0},
        {1, "\"<>;,\\\"\"<sip:a@b>;tag=1", 0},
        {1, "sip:a@b", 0},
        {2, NULL, 400},
        {2, "\"To <sip:a@b>", 400},
        {3, NULL, 400},
        {3, "", 400},
        {3, "a b", 400},
        {4, NULL, 400},
        {4, "", 400},
        {4, "INVITE", 400},
        {4, "1", 400},
        {4, "-1 INVITE", 400},
        {4, "2147483647 INVITE", 0},
        {4, "2147483648 INVITE", 400},
        {4, "36893488147419103232 INVITE", 400},
        {4, "1 INV@TE", 400},
        {4, "1 invite", 400},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char bytes[1024];
        struct text t = TEXT(bytes);

        text_string(&t, "INVITE sip:c@d SIP/2.0\r\n");
        for (unsigned line = 0; line < COUNT(names); line++) {
            const char *value = line == rows[i].line ? rows[i].value : good[line];

            if (value)
                text_format(&t, "%s: %s\r\n", names[line], value);
        }
        text_string(&t, "\r\n");
        if (fault_of(text_done(&t)) != rows[i].fault)
            fail_msg("%s: %s gave %u", names[rows[i].line],
                     rows[i].value ? rows[i].value : "(none)", fault_of(text_done(&t)));
    }
}

static void fill(struct text *t, char c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text_view(t, (struct view){&c, 1});
}

static unsigned fault_with(const char *before, size_t filling, const char *after)
{
    static char bytes[SIP_STREAM_MAX + 4096];
    struct text t = TEXT(bytes);

    text_string(&t, "INVITE sip:c@d SIP/2.0\r\n");
    text_string(&t, before);
    fill(&t, 'x', filling);
    text_string(&t, after);
    text_string(&t, "\r\n\r\n");
    assert_false(t.full);
    return fault_of(text_done(&t));
}

static void sizes_have_limits(void **state)
{
    const size_t value = SIP_VALUE_MAX;

    (void)state;
    assert_int_equal(fault_with("Via: SIP/2.0/UDP h;branch=", value - 25, ""), 400);
    assert_int_equal(fault_with(PARTS "X-A: ", 60000, ""), 0);
    assert_int_equal(fault_with(PARTS "X-A: ", SIP_STREAM_MAX, ""), DROPPED);
    /* exactly at the limit of a parsed value, and one byte over */
    for (size_t over = 0; over < 2; over++) {
        unsigned fault = over ? 400 : 0;

        assert_int_equal(fault_with("Via: SIP/2.0/UDP h\r\nFrom: sip:a@b\r\nTo: sip:a@b\r\n"
                                    "CSeq: 1 INVITE\r\nCall-ID: ",
                                    value + over, ""),
                         fault);
        assert_int_equal(fault_with("Via: SIP/2.0/UDP h\r\nCall-ID: i\r\nTo: sip:a@b\r\n"
                                    "CSeq: 1 INVITE\r\nFrom: sip:a@b;t=",
                                    value + over - 10, ""),
                         fault);
        assert_int_equal(fault_with("Call-ID: i\r\nFrom: sip:a@b\r\nTo: sip:a@b\r\n"
                                    "CSeq: 1 INVITE\r\nVia: SIP/2.0/UDP h;x=",
                                    value + over - 16, ", SIP/2.0/UDP i"),
                         over ? DROPPED : 0);
    }
}

static void lines_have_a_limit(void **state)
{
    char bytes[8192];
    struct sip_message m;

    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        struct text t = TEXT(bytes);

        text_string(&t, "INVITE sip:c@d SIP/2.0\r\n" PARTS);
        for (unsigned i = 5; i < SIP_LINES_MAX + over; i++)
            text_string(&t, "X-A: 1\r\n");
        text_string(&t, "\r\n");
        assert_int_equal(sip_message_parse(&m, text_done(&t)), OK);
        assert_int_equal(m.count, SIP_LINES_MAX);
        assert_int_equal(m.fault, over ? 400 : 0);
    }
}

static void any_beginning_of_a_message_is_survived(void **state)
{
    static const struct view whole = VIEW(INVITE("Content-Length: 4\r\n") "body");

    (void)state;
    for (size_t n = 0; n < whole.n; n++) {
        char *exact = malloc(n + 1); /* so that ASan sees every step too far */

        memcpy(exact, whole.p, n);
        assert_int_not_equal(fault_of((struct view){exact, n}), 0);
        free(exact);
    }
}

static void streams_are_framed(void **state)
{
    static const struct {
        struct view stream;
        enum sip_frame result;
        size_t size;
    } rows[] = {
        {VIEW(""), SIP_PARTIAL, 0},
        {VIEW("\r\n"), SIP_PARTIAL, 0},
        {VIEW("\r\n\r"), SIP_PARTIAL, 0},
        {VIEW("\r\n\r\n"), SIP_PING, 4},
        {VIEW("\r\n\r\n\r\n\r\n\r\n"), SIP_PING, 8},
        {VIEW("\r\nINVITE"), SIP_NOISE, 2},
        {VIEW("\n\n\n\n\n"), SIP_NOISE, 5},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl: 0"), SIP_PARTIAL, 0},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl: 0\r\n\r\nNEXT"), SIP_FRAMED, 32},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nContent-Length : 4\r\n\r\nbody"), SIP_FRAMED, 50},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nContent-Length : 5\r\n\r\nbody"), SIP_PARTIAL, 0},
        {VIEW("INVITE sip:a@b SIP/2.0\r\n\r\n"), SIP_FRAMED, 26},
        /* folds, RFC 3261 7.3.1 */
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl:\r\n 4\r\n\r\nbody"), SIP_FRAMED, 38},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nSubject: x\r\n Content-Length: 3\r\nl: 0\r\n\r\nNEXT"),
         SIP_FRAMED, 64},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl: 0\r\nl: 0\r\n\r\n"), SIP_HOPELESS, 0},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl: x\r\n\r\n"), SIP_HOPELESS, 0},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl: 65537\r\n\r\n"), SIP_HOPELESS, 0},
        {VIEW("INVITE sip:a@b SIP/2.0\r\nl: 65536\r\n\r\n"), SIP_HOPELESS, 0}, /* with the head */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t seen = 0, size = 0;

        assert_row(rows[i].stream.p,
                   sip_frame_next(rows[i].stream, &seen, &size) == rows[i].result);
        if (rows[i].size)
            assert_int_equal(size, rows[i].size);
    }
}

/* However the bytes are cut into segments, the same messages come out. */
static void segments_do_not_matter(void **state)
{
    static const struct view stream = VIEW(
        "\r\n\r\n" INVITE("l: 6\r\n") "\r\n\r\nab" INVITE("l: 0\r\n") "\r\n" INVITE("l: 0\r\n"));
    static const enum sip_frame order[] = {SIP_PING, SIP_FRAMED, SIP_FRAMED, SIP_NOISE, SIP_FRAMED};

    (void)state;
    for (size_t step = 1; step < stream.n; step++) {
        size_t at = 0, seen = 0, found = 0, size = 0;

        for (size_t have = step; at < stream.n;
             have = have + step < stream.n ? have + step : stream.n) {
            enum sip_frame f;

            while (at < have && (f = sip_frame_next((struct view){stream.p + at, have - at}, &seen,
                                                    &size)) != SIP_PARTIAL) {
                assert_true(found < COUNT(order));
                assert_int_equal(f, order[found++]);
                at += size;
                seen = size = 0;
            }
        }
        assert_int_equal(found, COUNT(order));
    }
}

static void an_endless_head_is_hopeless(void **state)
{
    static char bytes[SIP_STREAM_MAX + 1];
    size_t seen = 0, size = 0;

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(sip_frame_next((struct view){bytes, SIP_STREAM_MAX}, &seen, &size),
                     SIP_PARTIAL);
    assert_int_equal(seen, SIP_STREAM_MAX);
    assert_int_equal(sip_frame_next((struct view){bytes, SIP_STREAM_MAX + 1}, &seen, &size),
                     SIP_HOPELESS);
}

static void lists_are_cut_at_commas(void **state)
{
    static const struct {
        const char *list;
        const char *values[4];
    } rows[] = {
        {"a", {"a"}},
        {" a , b,c ", {"a", "b", "c"}},
        {"<sip:a,b>;x=\"c,\\\",d\", e", {"<sip:a,b>;x=\"c,\\\",d\"", "e"}},
        {"\"a, b\" <sip:c>,<sip:d>", {"\"a, b\" <sip:c>", "<sip:d>"}},
        {",,a", {"", "", "a"}},
        {"\"unclosed, a", {"\"unclosed, a"}},
        {"\"\\", {"\"\\"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct view rest = view_of(rows[i].list);
        size_t n = 0;

        while (rest.n) {
            assert_row(rows[i].list, n < 4 && rows[i].values[n]);
            assert_view(header_value_next(&rest), rows[i].values[n++]);
        }
        assert_row(rows[i].list, n == 4 || !rows[i].values[n]);
    }
}

static void parameters_are_found(void **state)
{
    static const struct {
        const char *params, *name, *value; /* NULL: not there */
    } rows[] = {
        {";tag=a;x=b", "tag", "a"},
        {";x=b ; TAG = a ", "tag", "a"},
        {";tagx=a", "tag", NULL},
        {";lr;x", "lr", ""},
        {";x=\"a;tag=b\";tag=c", "tag", "c"},
        {";x=<a;tag=b>;tag=c", "tag", "c"},
        {"", "tag", NULL},
        {";;;=;", "tag", NULL},
        {";q=0.5;expires=60", "expires", "60"},
        {";+sip.instance=\"<urn:uuid:1>\"", "+sip.instance", "\"<urn:uuid:1>\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool found;
        struct view v = header_param(view_of(rows[i].params), view_of(rows[i].name), &found);

        assert_row(rows[i].params, found == (rows[i].value != NULL));
        if (found)
            assert_view(v, rows[i].value);
    }
}

static void q_is_read_in_thousandths(void **state)
{
    static const struct {
        const char *params;
        unsigned q;
    } rows[] = {
        {"", 1000},        {";q=1", 1000},  {";q=0", 0},         {";q=0.5", 500},
        {";q=0.125", 125}, {";q=0.", 0},    {";q=1.000", 1000},  {";q=1.5", 1000},
        {";q=2", 1000},    {";q=.5", 1000}, {";q=0.1234", 1000}, {";q=0.5x", 1000},
        {";q", 1000},      {";Q=0.7", 700},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].params, header_q(view_of(rows[i].params)) == rows[i].q);
}

static void name_and_address_are_told_apart(void **state)
{
    static const struct {
        const char *value;
        const char *display, *uri, *params; /* NULL: ERR_SYNTAX */
        bool bracketed;
    } rows[] = {
        {"sip:a@b;tag=1", "", "sip:a@b", ";tag=1", false},
        {"<sip:a@b;lr>;tag=1", "", "sip:a@b;lr", ";tag=1", true},
        {"\"A\" <sip:a@b>", "\"A\"", "sip:a@b", "", true},
        {"caller<sip:a@b> ; tag = 1", "caller", "sip:a@b", "; tag = 1", true},
        {"\"\\\\\" <sip:a@b>", "\"\\\\\"", "sip:a@b", "", true},
        {"\"<\" <sip:a@b>", "\"<\"", "sip:a@b", "", true},
        {"", NULL, NULL, NULL, false},
        {";tag=1", NULL, NULL, NULL, false},
        {"<sip:a@b>x", NULL, NULL, NULL, false},
        {"\"A\" B <sip:a@b>", NULL, NULL, NULL, false},
        {"\"A\"", "", "\"A\"", "", false},
        {"a@b <sip:a@b>", NULL, NULL, NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct name_addr parts;
        enum error error = name_addr_parse(&parts, view_of(rows[i].value));

        assert_row(rows[i].value, error == (rows[i].uri ? OK : ERR_SYNTAX));
        if (error != OK)
            continue;
        assert_view(parts.display, rows[i].display);
        assert_view(parts.uri, rows[i].uri);
        assert_view(parts.params, rows[i].params);
        assert_row(rows[i].value, parts.bracketed == rows[i].bracketed);
    }
}

static void names_are_known_in_both_forms(void **state)
{
    (void)state;
    assert_int_equal(header_id_of(VIEW("VIA")), HEADER_VIA);
    assert_int_equal(header_id_of(VIEW("V")), HEADER_VIA);
    assert_int_equal(header_id_of(VIEW("k")), HEADER_SUPPORTED);
    assert_int_equal(header_id_of(VIEW("x")), HEADER_OTHER);
    assert_int_equal(header_id_of(VIEW("")), HEADER_OTHER);
    assert_int_equal(header_id_of(VIEW("\0")), HEADER_OTHER);
    assert_int_equal(header_id_of(VIEW("Content-length")), HEADER_CONTENT_LENGTH);
    assert_true(header_is_single(HEADER_CSEQ));
    assert_false(header_is_single(HEADER_CONTACT));
    assert_false(header_is_single(HEADER_OTHER));
}

static void agents_are_told_apart(void **state)
{
    static const struct {
        const char *agent;
        bool cisco, md5_only;
    } rows[] = {
        {"CSCO/7", true, false},
        {"Cisco-SIP-IP-Phone/3", true, false},
        {"Cisco IP Phone/ Rev. 1/ SIP enabled", true, false},
        {"Cisco-CP7960G/8.0", true, false},
        {"Cisco-CP8861/12", false, false},
        {"baresip v1.0.0 (x86_64/linux)", false, true},
        {"baresip v2.0.0 (x86_64/linux)", false, false},
        {"", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char bytes[1024];
        struct text t = TEXT(bytes);
        struct sip_message m;

        text_format(&t, "%sUser-Agent: %s\r\n\r\n", "INVITE sip:c@d SIP/2.0\r\n" PARTS,
                    rows[i].agent);
        assert_int_equal(sip_message_parse(&m, text_done(&t)), OK);
        assert_row(rows[i].agent, agent_is_cisco79(&m) == rows[i].cisco);
        assert_row(rows[i].agent, agent_knows_only_md5(&m) == rows[i].md5_only);
        assert_false(agent_is_rfc2543(&m));
    }
}

/* Files of tests/fixtures: what the parser says of each; what is wrong in values that it does not
 * look into is for others to find. */
static const struct {
    const char *file;
    unsigned fault;
} files[] = {
    {"7960/ack-200-7x-credentials.sip", 0},
    {"7960/bye-2x-also.sip", 0},
    {"7960/bye-7x-credentials.sip", 0},
    {"7960/bye-8x-statistics.sip", 0},
    {"7960/bye-malformed-user-phone.sip", 0},
    {"7960/cancel-7x-credentials.sip", 0},
    {"7960/invite-1x.sip", 0},
    {"7960/invite-2x-anonymous.sip", 0},
    {"7960/invite-7x-ack-407.sip", 0},
    {"7960/invite-7x-credentials.sip", 0},
    {"7960/invite-7x.sip", 0},
    {"7960/invite-8x.sip", 0},
    {"7960/invite-blank-user-phone.sip", 0},
    {"7960/refer-blind-7x.sip", 0},
    {"7960/register-3x-credentials.sip", 0},
    {"7960/register-3x.sip", 0},
    {"7960/register-4x-credentials.sip", 0},
    {"7960/register-7x-user-phone.sip", 0},
    {"7960/register-8x-instance.sip", 0},
    {"7960/reinvite-hold-7x.sip", 0},
    {"7960/response-180.sip", 0},
    {"7960/response-200.sip", 0},
    {"7960/response-302.sip", 0},
    {"7960/response-486.sip", 0},
    {"7960/response-487.sip", 0},
    {"7960/response-options-null-origin.sip", 0},
    {"7960/unregister-7x.sip", 0},
    {"7960/unregister-star.sip", 0},
    {"rfc4475/badaspec.dat", 0},
    {"rfc4475/badbranch.dat", 0},
    {"rfc4475/baddate.dat", 0},
    {"rfc4475/baddn.dat", 400},    /* Incomplete Header */
    {"rfc4475/badinv01.dat", 400}, /* Malformed Via */
    {"rfc4475/badvers.dat", 505},  /* Version Not Supported */
    {"rfc4475/bcast.dat", 0},
    {"rfc4475/bext01.dat", 0},
    {"rfc4475/bigcode.dat", DROPPED},
    {"rfc4475/clerr.dat", 400}, /* Body Shorter Than Content-Length */
    {"rfc4475/cparam01.dat", 0},
    {"rfc4475/cparam02.dat", 0},
    {"rfc4475/dblreq.dat", 0},
    {"rfc4475/esc01.dat", 0},
    {"rfc4475/esc02.dat", 0},
    {"rfc4475/escnull.dat", 0},
    {"rfc4475/escruri.dat", 0},
    {"rfc4475/insuf.dat", 400}, /* Missing From */
    {"rfc4475/intmeth.dat", 0},
    {"rfc4475/inv2543.dat", 0},
    {"rfc4475/invut.dat", 0},
    {"rfc4475/longreq.dat", 0},
    {"rfc4475/ltgtruri.dat", 400}, /* Malformed Request-URI */
    {"rfc4475/lwsdisp.dat", 0},
    {"rfc4475/lwsruri.dat", 400},    /* Malformed Request-URI */
    {"rfc4475/lwsstart.dat", 400},   /* Malformed Request-URI */
    {"rfc4475/mcl01.dat", 400},      /* Repeated Header Field */
    {"rfc4475/mismatch01.dat", 400}, /* CSeq Method Differs */
    {"rfc4475/mismatch02.dat", 400}, /* CSeq Method Differs */
    {"rfc4475/mpart01.dat", 0},
    {"rfc4475/multi01.dat", 400}, /* Repeated Header Field */
    {"rfc4475/ncl.dat", 400},     /* Invalid Content-Length */
    {"rfc4475/noreason.dat", 0},
    {"rfc4475/novelsc.dat", 0},
    {"rfc4475/quotbal.dat", 400}, /* Malformed To */
    {"rfc4475/regaut01.dat", 0},
    {"rfc4475/regbadct.dat", 0},
    {"rfc4475/regescrt.dat", 0},
    {"rfc4475/scalar02.dat", 400}, /* Invalid CSeq */
    {"rfc4475/scalarlg.dat", DROPPED},
    {"rfc4475/sdp01.dat", 0},
    {"rfc4475/semiuri.dat", 0},
    {"rfc4475/transports.dat", 0},
    {"rfc4475/trws.dat", 400}, /* Malformed Request Line */
    {"rfc4475/unkscm.dat", 0},
    {"rfc4475/unksm2.dat", 0},
    {"rfc4475/unreason.dat", 0},
    {"rfc4475/wsinv.dat", 0},
    {"rfc4475/zeromf.dat", 0},
};

static struct view file_read(const char *name, char *buffer, size_t size)
{
    char path[512];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), FIXTURES "/%s", name);
    f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be read", path);
    n = fread(buffer, 1, size, f);
    fclose(f);
    return (struct view){buffer, n};
}

static void fixtures_get_their_results(void **state)
{
    static char buffer[SIP_STREAM_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct view bytes = file_read(files[i].file, buffer, sizeof(buffer));

        if (fault_of(bytes) != files[i].fault)
            fail_msg("%s: not %u but %u", files[i].file, files[i].fault, fault_of(bytes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_indexed),
        cmocka_unit_test(a_response_is_indexed),
        cmocka_unit_test(faults_are_found),
        cmocka_unit_test(needed_values_are_checked),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(any_beginning_of_a_message_is_survived),
        cmocka_unit_test(streams_are_framed),
        cmocka_unit_test(segments_do_not_matter),
        cmocka_unit_test(an_endless_head_is_hopeless),
        cmocka_unit_test(lists_are_cut_at_commas),
        cmocka_unit_test(parameters_are_found),
        cmocka_unit_test(q_is_read_in_thousandths),
        cmocka_unit_test(name_and_address_are_told_apart),
        cmocka_unit_test(names_are_known_in_both_forms),
        cmocka_unit_test(agents_are_told_apart),
        cmocka_unit_test(fixtures_get_their_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
