/* Unit tests of auth/: digests, claims and their forms, nonces, challenges. */
#include "auth/auth.h"
#include "tests/unit/check.h"

#define WALL 1800000000

static const uint8_t key[16] = "sixteen bytes...";
static const uint8_t here[16] = {192, 0, 2, 40}, there[16] = {192, 0, 2, 41};

/* The examples of RFC 2617 3.5, RFC 7616 3.9.1 and 3.9.2 (as corrected, with the user's name in
 * clear; the algorithm that RFC 8760 brings to SIP), and RFC 2069's form without qop. */
static const struct {
    enum digest_algorithm algorithm;
    const char *user, *realm, *password, *uri, *nonce, *nc, *cnonce, *response;
} vectors[] = {
    {DIGEST_MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", "/dir/index.html",
     "dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b",
     "6629fae49393a05397450978507c4ef1"},
    {DIGEST_MD5, "Mufasa", "testrealm@host.com", "Circle Of Life", "/dir/index.html",
     "dcd98b7102dd2f0e8b11d0f600bfb0c093", "", "", "670fd8c2df070c60b045671b8b24ff02"},
    {DIGEST_MD5, "Mufasa", "http-auth@example.org", "Circle of Life", "/dir/index.html",
     "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "00000001",
     "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec"},
    {DIGEST_SHA256, "Mufasa", "http-auth@example.org", "Circle of Life", "/dir/index.html",
     "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "00000001",
     "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
     "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    {DIGEST_SHA512_256, "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?",
     "/doe.json", "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "00000001",
     "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
     "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c"},
};

static void published_vectors_are_proven(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct credential_set set;
        struct claim c = {.algorithm = vectors[i].algorithm,
                          .username = view_of(vectors[i].user),
                          .realm = view_of(vectors[i].realm),
                          .nonce = view_of(vectors[i].nonce),
                          .uri = view_of(vectors[i].uri),
                          .response = view_of(vectors[i].response),
                          .qop = vectors[i].nc[0] ? VIEW("auth") : VIEW(""),
                          .cnonce = view_of(vectors[i].cnonce),
                          .nc = view_of(vectors[i].nc),
                          .method = VIEW("GET"),
                          .domain = VIEW("")};

        assert_int_equal(credential_make(&set, c.username, VIEW("example.test"), VIEW(""), c.realm,
                                         view_of(vectors[i].password)),
                         OK);
        assert_row(vectors[i].response, claim_verify(&c, &set));
        assert_false(claim_verify(&c, NULL));
        c.method = VIEW("PUT");
        assert_false(claim_verify(&c, &set));
    }
}

/* Password of the user 555-0141 (auth name anna) is secret41; each form of the username that a
 * phone may send, hashed as it was sent. */
static const struct {
    const char *username, *md5, *sha256; /* NULL: that form is not kept for the algorithm */
} forms[] = {
    {"555-0141", "c0d2513584a27925945c3826694e1f8b",
     "865b91e34ddf786a3028c3aedbb639d20d39e229c24114b0d1392f1eb2b44e19"},
    {"anna", "ad437cece77be8a8e94cb42015aea686",
     "c2b2b1a882768957ccc67fb2ce668c1433365e384787c2f98f275870a71c2f45"},
    {"sip:555-0141@example.test", "86ef8de82f2e685d2b4672d9877cc25a", NULL},
    {"sip:555-0141@example.test:5060", "d5613d7c2b40436e2f87ddb67e7084b1", NULL},
};

static struct claim claim_of(const char *username, const char *response)
{
    return (struct claim){.algorithm = strlen(response) == 32 ? DIGEST_MD5 : DIGEST_SHA256,
                          .username = view_of(username),
                          .realm = VIEW("example.test"),
                          .nonce = VIEW("41d8a07bc2e95f36"),
                          .uri = VIEW("sip:example.test"),
                          .response = view_of(response),
                          .qop = VIEW(""),
                          .cnonce = VIEW(""),
                          .nc = VIEW(""),
                          .method = VIEW("REGISTER"),
                          .domain = VIEW("example.test")};
}

static void anna_make(struct credential_set *set)
{
    assert_int_equal(credential_make(set, VIEW("555-0141"), VIEW("example.test"), VIEW("anna"),
                                     VIEW("example.test"), VIEW("secret41")),
                     OK);
}

static void each_form_of_the_name_is_proven(void **state)
{
    struct credential_set set;

    (void)state;
    anna_make(&set);
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct claim c = claim_of(forms[i].username, forms[i].md5);

        assert_row(forms[i].username, claim_verify(&c, &set));
        /* a URI whose user part alone was hashed: other phones do that */
        c.response = view_of(forms[0].md5);
        assert_row(forms[i].username, claim_verify(&c, &set) == (i != 1));
        if (!forms[i].sha256)
            continue;
        c = claim_of(forms[i].username, forms[i].sha256);
        assert_row(forms[i].username, claim_verify(&c, &set));
    }
}

static void wrong_claims_are_not_proven(void **state)
{
    struct credential_set set;
    struct claim c;

    (void)state;
    anna_make(&set);
    c = claim_of("555-0141", "C0D2513584A27925945C3826694E1F8B"); /* case does not count */
    assert_true(claim_verify(&c, &set));
    c = claim_of("555-0141", "c0d2513584a27925945c3826694e1f8c");
    assert_false(claim_verify(&c, &set));
    c = claim_of("555-0141", "c0d2513584a27925945c3826694e1f8");
    assert_false(claim_verify(&c, &set));
    c = claim_of("555-0141", "");
    assert_false(claim_verify(&c, &set));
    c = claim_of("555-0141", forms[0].md5);
    c.realm = VIEW("other.test"); /* the hashes are of another realm */
    assert_false(claim_verify(&c, &set));
    c = claim_of("555-0141", forms[0].md5);
    c.nonce = VIEW("41d8a07bc2e95f37");
    assert_false(claim_verify(&c, &set));
}

static void claims_name_a_user(void **state)
{
    struct claim c = {0};

    (void)state;
    c.username = VIEW("555-0141");
    assert_view(claim_user(&c), "555-0141");
    c.username = VIEW("SIP:555-0141@example.test:5060");
    assert_view(claim_user(&c), "555-0141");
    c.username = VIEW("sip:example.test");
    assert_view(claim_user(&c), "sip:example.test");
    c.username = VIEW("sip:@");
    assert_view(claim_user(&c), "");
}

static void stored_credentials_come_back(void **state)
{
    struct credential_set set, back = {0};
    uint8_t bytes[CREDENTIAL_PACKED];

    (void)state;
    anna_make(&set);
    credential_pack(&set, bytes);
    credential_unpack(&back, bytes);
    assert_memory_equal(set.ha1, back.ha1, sizeof(set.ha1));
}

static void packed_claims_come_back(void **state)
{
    struct claim c = claim_of("555-0141", forms[0].md5), back;
    struct pack k = {0};
    bool bad = false;

    (void)state;
    claim_pack(&k, &c);
    assert_int_equal(k.error, OK);
    for (size_t n = 0; n <= k.n; n++) {
        struct view rest = {k.p, n};

        bad = false;
        claim_unpack(&back, &rest, &bad);
        assert_int_equal(bad, n < k.n);
    }
    assert_view(back.username, "555-0141");
    assert_view(back.method, "REGISTER");
    assert_view(back.domain, "example.test");
    k.p[0] = 99; /* no such algorithm */
    struct view rest = pack_bytes_view(&k);

    claim_unpack(&back, &rest, &bad);
    assert_true(bad);
    pack_free(&k);
}

#define FULL "username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", response=\"00\""

static void answers_are_read(void **state)
{
    static const struct {
        const char *value;
        enum answer_state result;
        uint32_t nc;
    } rows[] = {
        {"Digest " FULL, ANSWER_FOR_US, 0},
        {"digest\t" FULL ",algorithm=md5", ANSWER_FOR_US, 0},
        {"Digest " FULL ", algorithm=\"SHA-256\"", ANSWER_FOR_US, 0},
        {"Digest " FULL ", qop=auth, cnonce=\"c\", nc=0000000a", ANSWER_FOR_US, 10},
        {"Digest " FULL ", qop=\"auth\", cnonce=\"c\", nc=FFFFFFFF", ANSWER_FOR_US, UINT32_MAX},
        {"Digest " FULL ", opaque=\"\\\",realm=x\"", ANSWER_FOR_US, 0},
        {"Digest " FULL ", qop=auth, cnonce=\"c\", nc=00000000", ANSWER_BROKEN, 0},
        {"Digest " FULL ", qop=auth, cnonce=\"c\", nc=100000000", ANSWER_BROKEN, 0},
        {"Digest " FULL ", qop=auth, cnonce=\"c\", nc=1g", ANSWER_BROKEN, 0},
        {"Digest " FULL ", qop=auth, cnonce=\"c\"", ANSWER_BROKEN, 0},
        {"Digest " FULL ", qop=auth, nc=1", ANSWER_BROKEN, 0},
        {"Digest " FULL ", qop=auth-int, cnonce=\"c\", nc=1", ANSWER_BROKEN, 0},
        {"Digest " FULL ", algorithm=MD5-sess", ANSWER_BROKEN, 0},
        {"Digest realm=\"r\"", ANSWER_BROKEN, 0},
        {"Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"\", response=\"0\"", ANSWER_BROKEN,
         0},
        {"Digest " FULL ", realm=\"other\"", ANSWER_FOREIGN, 0},
        {"Digest realm=\"R\"", ANSWER_FOREIGN, 0},
        {"Digest", ANSWER_FOREIGN, 0},
        {"Digestive " FULL, ANSWER_FOREIGN, 0},
        {"Basic QWxhZGRpbg==", ANSWER_FOREIGN, 0},
        {"NoOneKnowsThisScheme opaque-data=here", ANSWER_FOREIGN, 0},
        {"", ANSWER_FOREIGN, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim c;
        uint32_t nc = 99;

        assert_row(rows[i].value,
                   answer_parse(&c, &nc, view_of(rows[i].value), VIEW("r")) == rows[i].result);
        if (rows[i].result != ANSWER_FOR_US)
            continue;
        assert_int_equal(nc, rows[i].nc);
        assert_view(c.username, "a");
        assert_view(c.uri, "sip:r");
    }
}

struct wheel_and_nonces {
    struct wheel *wheel;
    struct nonces *nonces;
    char text[NONCE_TEXT];
};

static struct view nonce_of(struct wheel_and_nonces *f, bool qop)
{
    nonce_make(f->nonces, qop, here, f->text);
    return (struct view){f->text, NONCE_TEXT};
}

static int nonces_begin(void **state)
{
    static struct wheel_and_nonces f;

    clock_make_virtual(1000003, WALL);
    *state = &f;
    return wheel_new(&f.wheel, clock_ms()) != OK || nonces_new(&f.nonces, key, 300) != OK;
}

static int nonces_end(void **state)
{
    struct wheel_and_nonces *f = *state;

    nonces_free(f->nonces);
    wheel_free(f->wheel);
    return 0;
}

static int restart(struct wheel_and_nonces *f)
{
    nonces_free(f->nonces);
    return nonces_new(&f->nonces, key, 300);
}

static void nonces_live_as_long_as_they_should(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, false);

    assert_int_equal(nonce_check(f->nonces, n, 0, here), NONCE_GOOD);
    clock_advance(300 * 1000);
    assert_int_equal(nonce_check(f->nonces, n, 0, here), NONCE_GOOD);
    clock_advance(1000);
    assert_int_equal(nonce_check(f->nonces, n, 0, here), NONCE_STALE);
    nonces_set_lifetime(f->nonces, 600);
    assert_int_equal(nonce_check(f->nonces, n, 0, here), NONCE_GOOD);
    clock_make_virtual(2000003, WALL - 10); /* made in the future: the clock was set back */
    assert_int_equal(nonce_check(f->nonces, n, 0, here), NONCE_STALE);
}

static void a_new_lifetime_opens_no_way_for_used_counts(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, true);

    assert_true(nonce_use(f->nonces, n, 1));
    nonces_set_lifetime(f->nonces, 300); /* the same: nothing changes */
    assert_int_equal(nonce_check(f->nonces, n, 2, here), NONCE_GOOD);
    nonces_set_lifetime(f->nonces, 600);
    assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_STALE);
    assert_int_equal(restart(f), OK); /* now it is known to its MAC alone */
    nonces_set_lifetime(f->nonces, 600);
    assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_STALE);
    clock_advance(1000);
    assert_int_equal(nonce_check(f->nonces, nonce_of(f, true), 1, here), NONCE_GOOD);
}

static void nonces_are_bound_to_their_source(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, false);

    assert_int_equal(nonce_check(f->nonces, n, 0, there), NONCE_FOREIGN);
    assert_int_equal(nonce_check(f->nonces, n, 0, here), NONCE_GOOD);
    n = nonce_of(f, true); /* a client that has moved only has to answer anew */
    assert_int_equal(nonce_check(f->nonces, n, 1, there), NONCE_STALE);
    assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_GOOD);
}

static void nonces_keep_their_kind(void **state)
{
    struct wheel_and_nonces *f = *state;

    assert_int_equal(nonce_check(f->nonces, nonce_of(f, true), 0, here), NONCE_STALE);
    assert_int_equal(nonce_check(f->nonces, nonce_of(f, false), 1, here), NONCE_STALE);
}

static void foreign_nonces_are_told(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, true);
    struct nonces *others;

    assert_int_equal(nonce_check(f->nonces, VIEW(""), 0, here), NONCE_FOREIGN);
    assert_int_equal(nonce_check(f->nonces, VIEW("41d8a07bc2e95f36"), 0, here), NONCE_FOREIGN);
    for (size_t i = 0; i < n.n; i++) {
        char was = f->text[i];

        /* those from 16 to 23 tell the address alone */
        f->text[i] = was == '0' ? '1' : '0';
        assert_int_equal(nonce_check(f->nonces, n, 1, here),
                         i / 8 == 2 ? NONCE_STALE : NONCE_FOREIGN);
        f->text[i] = 'g';
        assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_FOREIGN);
        f->text[i] = was;
    }
    assert_int_equal(nonce_check(f->nonces, (struct view){n.p, n.n - 1}, 1, here), NONCE_FOREIGN);
    assert_int_equal(nonces_new(&others, here, 300), OK); /* another key */
    assert_int_equal(nonce_check(others, n, 1, here), NONCE_FOREIGN);
    nonces_free(others);
}

static void counts_are_used_once(void **state)
{
    struct wheel_and_nonces *f = *state;
    static const struct {
        uint32_t nc;
        bool fresh;
    } rows[] = {
        {1, true},           {1, false},  {2, true},    {5, true},           {3, true},
        {3, false},          {5, false},  {4, true},    {68, true},          {5, false},
        {6, true},           {70, true},  {6, false},   {7, true},           {200, true},
        {136, false},        {137, true}, {137, false}, {0xffffffffu, true}, {0xffffffffu, false},
        {0xfffffffeu, true},
    };
    struct view n = nonce_of(f, true);

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(nonce_check(f->nonces, n, rows[i].nc, here),
                         rows[i].fresh ? NONCE_GOOD : NONCE_STALE);
        assert_int_equal(nonce_use(f->nonces, n, rows[i].nc), rows[i].fresh);
        assert_int_equal(nonce_use(f->nonces, n, rows[i].nc), false);
    }
}

static void a_high_first_count_after_a_restart_uses_up_the_lower_ones(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, true);

    assert_int_equal(restart(f), OK);
    assert_int_equal(nonce_check(f->nonces, n, 9, here), NONCE_GOOD);
    assert_true(nonce_use(f->nonces, n, 9));
    assert_false(nonce_use(f->nonces, n, 8));
    assert_false(nonce_use(f->nonces, n, 1));
    assert_int_equal(nonce_check(f->nonces, n, 9, here), NONCE_STALE);
    assert_true(nonce_use(f->nonces, n, 10));
}

static void a_nonce_with_too_many_successors_is_stale(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, true);
    char other[NONCE_TEXT];

    assert_true(nonce_use(f->nonces, n, 1));
    for (unsigned i = 1; i < 1u << 18; i++)
        nonce_make(f->nonces, true, here, other);
    assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_STALE);
    assert_int_equal(nonce_check(f->nonces, n, 2, here), NONCE_GOOD);
    nonce_make(f->nonces, true, here, other); /* takes its place */
    assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_STALE);
    assert_int_equal(nonce_check(f->nonces, n, 2, here), NONCE_STALE);
    assert_false(nonce_use(f->nonces, n, 2));
}

static void outcomes_are_kept_with_their_nonce(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, false);
    struct nonce_outcome first = {7, WALL, 3600}, second = {8, WALL, 60}, found;

    assert_false(nonce_kept(f->nonces, n, 0, &found));
    assert_false(nonce_kept(f->nonces, VIEW("short"), 7, &found));
    nonce_keep(f->nonces, n, &first);
    assert_true(nonce_kept(f->nonces, n, 7, &found));
    assert_int_equal(found.granted, 3600);
    nonce_keep(f->nonces, n, &second);
    assert_false(nonce_kept(f->nonces, n, 7, &found));
    assert_true(nonce_kept(f->nonces, n, 8, &found));
    assert_int_equal(restart(f), OK);
    assert_false(nonce_kept(f->nonces, n, 8, &found));
    nonce_keep(f->nonces, n, &second); /* made before the restart, used after it */
    assert_true(nonce_kept(f->nonces, n, 8, &found));
}

static void windows_end_after_their_nonce(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, true);

    clock_advance(299 * 1000);
    wheel_turn(f->wheel, clock_ms());
    assert_true(nonce_use(f->nonces, n, 1));
    clock_advance(1000);
    wheel_turn(f->wheel, clock_ms());
    assert_int_equal(nonce_check(f->nonces, n, 1, here), NONCE_STALE);
    assert_int_equal(nonce_check(f->nonces, n, 2, here), NONCE_GOOD);
    clock_advance(400 * 1000);
    wheel_turn(f->wheel, clock_ms());
    assert_true(wheel_wait(f->wheel) == UINT64_MAX);
}

static void without_qop_nothing_is_counted(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct view n = nonce_of(f, false);

    assert_true(nonce_use(f->nonces, n, 0));
    assert_true(nonce_use(f->nonces, n, 0));
    assert_false(nonce_use(f->nonces, VIEW("short"), 1));
}

/* The challenge with each nonce replaced by '*'. */
static struct view challenge_text(struct wheel_and_nonces *f, const struct challenge_policy *policy,
                                  bool proxy, bool stale, char bytes[1024])
{
    struct text out = {.p = bytes, .size = 1024};
    struct view nonce = VIEW("nonce=\"");

    challenge_write(&out, policy, nonce_of(f, policy->qop), proxy, stale);
    for (size_t at = 0; (at += view_ifind(view_from(text_done(&out), at), nonce)) < out.n;) {
        at += nonce.n;
        assert_int_equal(
            nonce_check(f->nonces, (struct view){bytes + at, NONCE_TEXT}, policy->qop, here),
            NONCE_GOOD);
        memset(bytes + at, '*', NONCE_TEXT);
    }
    return text_done(&out);
}

#define STARS "********************************"

static void challenges_have_their_form(void **state)
{
    struct wheel_and_nonces *f = *state;
    struct challenge_policy legacy = {VIEW("example.test"), {[DIGEST_MD5] = true}, false};
    struct challenge_policy all = {VIEW("example.test"), {true, true, true}, true};
    char bytes[1024];

    /* all that a 7960 understands */
    assert_view(challenge_text(f, &legacy, true, false, bytes),
                "Proxy-Authenticate: Digest realm=\"example.test\",nonce=\"" STARS
                "\",algorithm=MD5\r\n");
    assert_view(challenge_text(f, &legacy, false, true, bytes),
                "WWW-Authenticate: Digest realm=\"example.test\",nonce=\"" STARS
                "\",algorithm=MD5,stale=true\r\n");
    /* RFC 8760: one header field an algorithm, the strongest first */
    assert_view(challenge_text(f, &all, false, false, bytes),
                "WWW-Authenticate: Digest realm=\"example.test\",nonce=\"" STARS
                "\",qop=\"auth\",algorithm=SHA-512-256\r\n"
                "WWW-Authenticate: Digest realm=\"example.test\",nonce=\"" STARS
                "\",qop=\"auth\",algorithm=SHA-256\r\n"
                "WWW-Authenticate: Digest realm=\"example.test\",nonce=\"" STARS
                "\",qop=\"auth\",algorithm=MD5\r\n");
}

static void algorithms_have_names(void **state)
{
    enum digest_algorithm a;

    (void)state;
    for (int i = 0; i < DIGEST_ALGORITHMS; i++) {
        assert_true(digest_parse(view_of(digest_name((enum digest_algorithm)i)), &a));
        assert_int_equal(a, i);
    }
    assert_true(digest_parse(VIEW("sha-512-256"), &a));
    assert_true(digest_parse(VIEW(""), &a));
    assert_int_equal(a, DIGEST_MD5);
    assert_false(digest_parse(VIEW("SHA-1"), &a));
}

#define NONCE_TEST(name) cmocka_unit_test_setup_teardown(name, nonces_begin, nonces_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_are_proven),
        cmocka_unit_test(each_form_of_the_name_is_proven),
        cmocka_unit_test(wrong_claims_are_not_proven),
        cmocka_unit_test(claims_name_a_user),
        cmocka_unit_test(stored_credentials_come_back),
        cmocka_unit_test(packed_claims_come_back),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(algorithms_have_names),
        NONCE_TEST(nonces_live_as_long_as_they_should),
        NONCE_TEST(a_new_lifetime_opens_no_way_for_used_counts),
        NONCE_TEST(nonces_are_bound_to_their_source),
        NONCE_TEST(nonces_keep_their_kind),
        NONCE_TEST(foreign_nonces_are_told),
        NONCE_TEST(counts_are_used_once),
        NONCE_TEST(a_high_first_count_after_a_restart_uses_up_the_lower_ones),
        NONCE_TEST(a_nonce_with_too_many_successors_is_stale),
        NONCE_TEST(outcomes_are_kept_with_their_nonce),
        NONCE_TEST(windows_end_after_their_nonce),
        NONCE_TEST(without_qop_nothing_is_counted),
        NONCE_TEST(challenges_have_their_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
