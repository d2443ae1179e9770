/* Unit tests of sip/uri.c: what a proxy needs to know of a URI. */
#include "sip/uri.h"
#include "tests/unit/check.h"

static const struct {
    const char *text;
    enum error error;
    enum uri_scheme scheme;
    const char *user, *host;
    uint16_t port;
    const char *transport;
    bool user_phone, lr, has_headers;
} rows[] = {
    {"sip:alice@example.com", OK, URI_SIP, "alice", "example.com", 0, "", false, false, false},
    {"SIP:Alice@EXAMPLE.com:5070", OK, URI_SIP, "Alice", "EXAMPLE.com", 5070, "", false, false,
     false},
    {"sips:555-0141@192.0.2.4;transport=tcp", OK, URI_SIPS, "555-0141", "192.0.2.4", 0, "tcp",
     false, false, false},
    {"sip:example.com", OK, URI_SIP, "", "example.com", 0, "", false, false, false},
    {"sip:192.0.2.4:5062;lr", OK, URI_SIP, "", "192.0.2.4", 5062, "", false, true, false},
    {"sip:token@192.0.2.4:5060;transport=tcp;lr", OK, URI_SIP, "token", "192.0.2.4", 5060, "tcp",
     false, true, false},
    {"sip:555-0142@example.test;user=phone", OK, URI_SIP, "555-0142", "example.test", 0, "", true,
     false, false},
    /* the 7960 guide's printed forms */
    {"sip:555-0142@example.test; user=phone", OK, URI_SIP, "555-0142", "example.test", 0, "", true,
     false, false},
    {"sip:555-0142@example.test ;user=phone", OK, URI_SIP, "555-0142", "example.test", 0, "", true,
     false, false},
    {"sip:+1.555.0142@a.b;USER=Phone", OK, URI_SIP, "+1.555.0142", "a.b", 0, "", true, false,
     false},
    {"sip:alice:secret@example.com", OK, URI_SIP, "alice", "example.com", 0, "", false, false,
     false},
    {"sip:user@[2001:db8::1]:5061", OK, URI_SIP, "user", "2001:db8::1", 5061, "", false, false,
     false},
    {"sip:[2001:db8::1]", OK, URI_SIP, "", "2001:db8::1", 0, "", false, false, false},
    /* a user like the host, and parameters like the user (RFC 4475 3.1.1.9) */
    {"sip:host@host", OK, URI_SIP, "host", "host", 0, "", false, false, false},
    {"sip:user;par=u%40example.net@example.com", OK, URI_SIP, "user;par=u%40example.net",
     "example.com", 0, "", false, false, false},
    {"sip:null-%00-null@example.com", OK, URI_SIP, "null-%00-null", "example.com", 0, "", false,
     false, false},
    {"sip:a@b?Route=%3Csip:c%3E", OK, URI_SIP, "a", "b", 0, "", false, false, true},
    {"tel:+1-555-0142", OK, URI_TEL, "+1-555-0142", "", 0, "", true, false, false},
    {"TEL:112;phone-context=example.com", OK, URI_TEL, "112", "", 0, "", true, false, false},
    {"nobodyKnowsThisScheme:totallyopaquecontent", OK, URI_OTHER, "", "", 0, "", false, false,
     false},
    {"soap.beep://192.0.2.103:3002", OK, URI_OTHER, "", "", 0, "", false, false, false},
    {"", ERR_SYNTAX, URI_OTHER, "", "", 0, "", false, false, false},
    {"alice", ERR_SYNTAX, URI_OTHER, "", "", 0, "", false, false, false},
    {"sip:", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
    {"sip:alice@", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
    {"tel:", ERR_SYNTAX, URI_TEL, "", "", 0, "", false, false, false},
    {"sip:a@b:0", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
    {"sip:a@b:65536", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
    {"sip:a@b:x", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
    {"sip:a@b<c", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
    /* what an image of the 7960 really sent */
    {"sip:555-0142@;user=phone192.0.2.41", ERR_SYNTAX, URI_SIP, "", "", 0, "", false, false, false},
};

static void uris_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct uri u;
        enum error error = uri_parse(&u, view_of(rows[i].text));

        assert_row(rows[i].text, error == rows[i].error);
        if (error != OK)
            continue;
        assert_row(rows[i].text, u.scheme == rows[i].scheme);
        assert_view(u.user, rows[i].user);
        assert_view(u.host, rows[i].host);
        assert_view(u.transport, rows[i].transport);
        assert_row(rows[i].text, u.has_user == (rows[i].user[0] != 0));
        assert_row(rows[i].text, u.port == rows[i].port);
        assert_row(rows[i].text, u.user_phone == rows[i].user_phone);
        assert_row(rows[i].text, u.lr == rows[i].lr);
        assert_row(rows[i].text, u.has_headers == rows[i].has_headers);
    }
}

static void gruus_are_known(void **state)
{
    static const struct {
        const char *text, *gr;
        bool has_gr;
    } gruus[] = {
        {"sip:a@b;gr=urn:uuid:f81d4fae-7dec-11d0", "urn:uuid:f81d4fae-7dec-11d0", true},
        {"sip:a@b;user=phone;GR=kjh29x97us97d", "kjh29x97us97d", true},
        {"sip:a@b:5060;gr", "", true},
        {"sip:a@b;gr=urn%3auuid", "", true}, /* ours have no escapes */
        {"sip:gr@b;grr=1;lr", "", false},
        {"tel:1;gr=x", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(gruus); i++) {
        struct uri u;

        assert_int_equal(uri_parse(&u, view_of(gruus[i].text)), OK);
        assert_view(u.gr, gruus[i].gr);
        assert_int_equal(u.has_gr, gruus[i].has_gr);
    }
}

static void long_uris_and_nul_are_refused(void **state)
{
    char text[1100] = "sip:a@";
    struct uri u;

    (void)state;
    memset(text + 6, 'b', sizeof(text) - 6);
    assert_int_equal(uri_parse(&u, (struct view){text, 1024}), OK);
    assert_int_equal(u.host.n, 1018);
    assert_int_equal(uri_parse(&u, (struct view){text, 1025}), ERR_LIMIT);
    assert_int_equal(uri_parse(&u, VIEW("sip:a\0b@c")), ERR_SYNTAX);
    assert_int_equal(uri_parse(&u, VIEW("sip:a@b\0c")), ERR_SYNTAX);
}

static void escapes_are_undone(void **state)
{
    static const struct {
        const char *user, *decoded; /* NULL: ERR_SYNTAX */
    } users[] = {
        {"alice", "alice"},
        {"%61lice", "alice"},
        {"%2B1555", "+1555"},
        {"a%20b", "a b"},
        {"sip%3Auser", "sip:user"},
        {"%00", NULL},
        {"a%00b", NULL},
        {"%", NULL},
        {"%4", NULL},
        {"%4g", NULL},
        {"", NULL},
        {"a%4", NULL},
    };
    char out[NUMBER_MAX], text[2 * NUMBER_MAX];
    struct uri u = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(users); i++) {
        u.user = view_of(users[i].user);
        assert_row(users[i].user, uri_user_decode(&u, out) == (users[i].decoded ? OK : ERR_SYNTAX));
        if (users[i].decoded)
            assert_string_equal(out, users[i].decoded);
    }
    memset(text, '1', sizeof(text));
    u.user = (struct view){text, NUMBER_MAX - 1};
    assert_int_equal(uri_user_decode(&u, out), OK);
    u.user.n++;
    assert_int_equal(uri_user_decode(&u, out), ERR_LIMIT);
}

static void contacts_are_compared(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"sip:a@b", "sip:a@b", true},
        {"sip:a@b", "SIP:a@B", true},
        {"sip:a@b", "sip:A@b", false},
        {"sip:a@b", "sip:a@b:5060", false}, /* 19.1.4: not equal */
        {"sip:a@b", "sips:a@b", false},
        {"sip:a@b", "sip:b", false},
        {"sip:a@b;transport=TCP", "sip:a@b;transport=tcp", true},
        {"sip:a@b;transport=tcp", "sip:a@b", false},
        {"sip:a@b;x=1", "sip:a@b;x=1", true},
        {"mailto:a", "mailto:a", true},
        {"mailto:a", "mailto:b", false},
        {"rubbish", "rubbish", true},
        {"rubbish", "sip:a@b", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        assert_row(pairs[i].a, uri_same(view_of(pairs[i].a), view_of(pairs[i].b)) == pairs[i].same);
        assert_row(pairs[i].b, uri_same(view_of(pairs[i].b), view_of(pairs[i].a)) == pairs[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_are_taken_apart),          cmocka_unit_test(gruus_are_known),
        cmocka_unit_test(long_uris_and_nul_are_refused), cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(contacts_are_compared),
    };

    if (uri_init() != OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
