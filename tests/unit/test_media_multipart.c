/* Unit tests of media/multipart.c: where the session description of a body is. */
#include "media/multipart.h"
#include "tests/unit/check.h"

#define SDP        "v=0\r\ns=-\r\n"
#define PART_SDP   "--b\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n"
#define PART_OTHER "--b\r\nContent-Type: text/plain\r\n\r\nv=1\r\n\r\n"

/* want NULL: there is none. */
static void assert_found(const char *type, const char *body, const char *want)
{
    struct view whole = view_of(body), found = VIEW("before");

    assert_row(body, body_find_sdp(&found, view_of(type), whole) == OK);
    if (!want) {
        assert_row(body, !found.p);
        return;
    }
    assert_view(found, want);
    assert_true(found.p >= whole.p && found.p + found.n <= whole.p + whole.n);
}

static void a_body_may_be_all_of_it(void **state)
{
    (void)state;
    assert_found("application/sdp", SDP, SDP);
    assert_found("Application/SDP ; charset=utf-8", SDP, SDP);
    assert_found("application/sdp", "", "");
}

static void other_bodies_have_none(void **state)
{
    static const char *types[] = {"",
                                  "application/sdpx",
                                  "text/plain",
                                  "sdp",
                                  "application/",
                                  "multipart",
                                  "message/sip",
                                  "application/isup;version=sdp"};

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++)
        assert_found(types[i], PART_SDP "--b--\r\n", NULL);
}

static void the_first_such_part_is_found(void **state)
{
    (void)state;
    assert_found("multipart/mixed;boundary=b", PART_SDP "--b--\r\n", SDP);
    assert_found("multipart/mixed; boundary=b", PART_OTHER PART_SDP PART_OTHER "--b--\r\n", SDP);
    assert_found("multipart/alternative; boundary=b",
                 PART_SDP "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=2\r\n--b--", SDP);
    assert_found("multipart/mixed; boundary=b", "preamble\r\n" PART_SDP "--b--\r\nepilogue", SDP);
    assert_found("multipart/mixed; boundary=b", PART_OTHER "--b--\r\n" PART_SDP, NULL);
}

static void a_boundary_may_be_quoted(void **state)
{
    (void)state;
    assert_found("multipart/mixed;boundary=\"b\"", PART_SDP "--b--\r\n", SDP);
    assert_found("Multipart/Related; x=\"a;boundary=z\" ; BOUNDARY = \"b\" ;y=1",
                 PART_SDP "--b--\r\n", SDP);
    assert_found("multipart/mixed;boundary=\"a b;c\"",
                 "--a b;c\r\ncontent-type:application/sdp\r\n\r\n" SDP "\r\n--a b;c--", SDP);
    assert_found("multipart/mixed;\r\n boundary=b", PART_SDP "--b--\r\n", SDP);
}

static void the_line_end_before_a_delimiter_belongs_to_it(void **state)
{
    (void)state;
    assert_found("multipart/mixed;boundary=b",
                 "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n", "v=0");
    assert_found("multipart/mixed;boundary=b", "--b\nContent-Type: application/sdp\n\nv=0\n\n--b--",
                 "v=0\n");
    assert_found("multipart/mixed;boundary=b",
                 "--b\r\nContent-Type: application/sdp\r\n\r\n--b--\r\n", "");
}

static void headers_of_parts_are_read(void **state)
{
    (void)state;
    assert_found("multipart/mixed;boundary=b",
                 "--b\r\nContent-Disposition: session\r\nContent-type :\r\n application/sdp;\r\n"
                 "\tcharset=utf-8\r\nContent-ID: <1@x>\r\n\r\n" SDP "\r\n--b--\r\n",
                 SDP);
    assert_found("multipart/mixed;boundary=b", "--b\r\n\r\n" SDP "\r\n--b--\r\n", NULL);
    assert_found("multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n--b--\r\n",
                 "");
    assert_found("multipart/mixed;boundary=b",
                 "--b\r\nX: y\r\n application/sdp\r\n\r\n" SDP "\r\n--b--\r\n", NULL);
}

static void delimiters_are_whole_lines(void **state)
{
    (void)state;
    assert_found("multipart/mixed;boundary=b", "--bb\r\n" PART_SDP "--b--\r\n", SDP);
    assert_found("multipart/mixed;boundary=b",
                 "--b \t\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=--b\r\n--bc\r\n--b--x\r\n"
                 " --b\r\n--b-- \r\n",
                 "v=0\r\ns=--b\r\n--bc\r\n--b--x\r\n --b");
}

static void one_more_multipart_may_be_inside(void **state)
{
    static const char nested[] =
        "--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" PART_OTHER PART_SDP
        "--b--\r\n\r\n--a--\r\n";
    static const char deeper[] = "--o\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
                                 "--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" PART_SDP
                                 "--b--\r\n\r\n--a--\r\n\r\n--o--\r\n";
    static const char behind[] =
        "--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" PART_OTHER
        "--b--\r\n\r\n--a\r\nContent-Type: application/sdp"
        "\r\n\r\n" SDP "\r\n--a--\r\n";

    (void)state;
    assert_found("multipart/mixed;boundary=a", nested, SDP);
    assert_found("multipart/mixed;boundary=o", deeper, NULL);
    assert_found("multipart/mixed;boundary=a", behind, SDP);
}

static void what_cannot_be_taken_apart_is_told(void **state)
{
    static const char *long_type = "multipart/mixed;boundary="
                                   "12345678901234567890123456789012345"
                                   "678901234567890123456789012345678901";
    const struct {
        const char *type, *body;
    } rows[] = {
        {"multipart/mixed", PART_SDP "--b--\r\n"},
        {"multipart/mixed;", PART_SDP "--b--\r\n"},
        {"multipart/mixed;boundary", PART_SDP "--b--\r\n"},
        {"multipart/mixed;boundary=", "--\r\n\r\n----\r\n"},
        {"multipart/mixed;boundary=\"\"", "--\r\n\r\n----\r\n"},
        {"multipart/mixed;boundary=\"b", PART_SDP "--b--\r\n"},
        {"multipart/mixed;boundary=\"\\b\"", PART_SDP "--b--\r\n"},
        {"multipart/mixed;boundary=\"b;x", PART_SDP "--b--\r\n"},
        {"multipart/mixed;boundary=c", PART_SDP "--b--\r\n"},
        {"multipart/mixed;boundary=b", ""},
        {"multipart/mixed;boundary=b", "--b--\r\n"},
        {"multipart/mixed;boundary=b", PART_SDP},
        {"multipart/mixed;boundary=b", PART_OTHER},
        {"multipart/mixed;boundary=b", "--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--"},
        {long_type, "--"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct view found;

        assert_row(rows[i].type, body_find_sdp(&found, view_of(rows[i].type),
                                               view_of(rows[i].body)) == ERR_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_may_be_all_of_it),
        cmocka_unit_test(other_bodies_have_none),
        cmocka_unit_test(the_first_such_part_is_found),
        cmocka_unit_test(a_boundary_may_be_quoted),
        cmocka_unit_test(the_line_end_before_a_delimiter_belongs_to_it),
        cmocka_unit_test(headers_of_parts_are_read),
        cmocka_unit_test(delimiters_are_whole_lines),
        cmocka_unit_test(one_more_multipart_may_be_inside),
        cmocka_unit_test(what_cannot_be_taken_apart_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
