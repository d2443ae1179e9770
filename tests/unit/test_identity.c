/* Unit tests of server/identity.c: what goes on of a caller's identity, and to whom. */
#include "server/identity.h"

#include <stdio.h>

#include "tests/unit/check.h"

#define ANNA     "\"Anna\" <sip:5550141@example.test>"
#define ASSERTED "P-Asserted-Identity: " ANNA "\r\n"
#define CALLING  "Remote-Party-ID: "
#define SHOWN    ";party=calling;id-type=subscriber;privacy=off;screen=yes\r\n"
#define HIDDEN                                                                                     \
    CALLING "\"Anonymous\" <sip:anonymous@anonymous.invalid>;party=calling;"                       \
            "id-type=subscriber;privacy=full;screen=yes\r\n"

struct hall {
    struct wheel *wheel;
    struct worker worker;
    struct user *anna;
};

static char *domains[] = {"example.test"};

static int hall_begin(void **state)
{
    static struct hall hall;
    struct worker *w = &hall.worker;

    clock_make_virtual(1000003, 1800000000);
    *state = &hall;
    if (uri_init() != OK || wheel_new(&hall.wheel, clock_ms()) != OK ||
        location_new(&w->location, hall.wheel) != OK)
        return 1;
    w->plan = (struct plan){.domains = domains, .domain_count = COUNT(domains)};
    return 0;
}

static int hall_end(void **state)
{
    struct hall *hall = *state;

    location_free(hall->worker.location);
    wheel_free(hall->wheel);
    return 0;
}

static struct user *user_named(struct hall *hall, struct view number, const char *name)
{
    struct change c = {.kind = CHANGE_USER,
                       .number = number,
                       .domain = VIEW("example.test"),
                       .text = view_of(name)};

    assert_int_equal(location_apply(hall->worker.location, &c), OK);
    return location_user(hall->worker.location, number, VIEW("example.test"));
}

/* The message with these fields, `from` being the user part of From. */
static struct view message_write(struct text *out, const char *from, const char *fields)
{
    text_format(out,
                "INVITE sip:5550142@example.test SIP/2.0\r\n"
                "Via: SIP/2.0/UDP 192.0.2.40;branch=z9hG4bK1\r\n"
                "From: <sip:%s@example.test>;tag=1\r\nTo: <sip:5550142@example.test>\r\n"
                "Call-ID: 1\r\nCSeq: 1 INVITE\r\n%s\r\n",
                from, fields);
    assert_false(out->full);
    return text_done(out);
}

struct row {
    const char *name;
    const char *from;
    bool user, trusted;  /* the request */
    bool gateway, cisco; /* the hop */
    const char *in, *out;
};

static void row_check(struct hall *hall, const struct row *row)
{
    static struct sip_message m;
    char in[4096], want[4096], have[4096], more[4096];
    struct text in_text = TEXT(in), want_text = TEXT(want), have_text = TEXT(have),
                scratch = TEXT(more);
    struct request r = {.m = &m, .user = row->user ? hall->anna : NULL, .trusted = row->trusted};
    struct hop hop = {.trusted = row->gateway, .cisco79 = row->cisco};
    struct edits e;

    assert_int_equal(sip_message_parse(&m, message_write(&in_text, row->from, row->in)), OK);
    edits_begin(&e, m.bytes);
    identity_put(&hall->worker, &e, &r, &hop, &scratch);
    assert_false(scratch.full);
    assert_int_equal(edits_apply(&e, &have_text), OK);
    if (!view_eq(text_done(&have_text), message_write(&want_text, row->from, row->out)))
        fail_msg("row \"%s\" gives\n%.*s", row->name, VIEW_ARG(text_done(&have_text)));
}

static void rows_check(struct hall *hall, const struct row *rows, size_t count)
{
    hall->anna = user_named(hall, VIEW("5550141"), "Anna");
    for (size_t i = 0; i < count; i++)
        row_check(hall, &rows[i]);
}

static void users_are_asserted(void **state)
{
    static const struct row rows[] = {
        {"to anybody", "5550141", true, false, false, false, "", ASSERTED},
        {"to a gateway", "5550141", true, false, true, false, "", ASSERTED},
        {"to a 7960", "5550141", true, false, false, true, "", ASSERTED CALLING ANNA SHOWN},
        {"his own word", "5550141", true, false, true, false,
         "P-Asserted-Identity: <sip:1@example.test>\r\nSubject: x\r\n"
         "Remote-Party-ID: <sip:1@example.test>\r\n",
         "Subject: x\r\n" ASSERTED},
        {"a stranger's word", "5550141", false, false, true, true,
         "P-Asserted-Identity: <sip:1@example.test>\r\nRemote-Party-ID: <sip:1@example.test>\r\n"
         "P-Preferred-Identity: <sip:1@example.test>\r\nPrivacy: id\r\n",
         "Privacy: id\r\n"},
    };

    rows_check(*state, rows, COUNT(rows));
}

static void privacy_depends_on_trust(void **state)
{
    static const struct row rows[] = {
        {"id to anybody", "5550141", true, false, false, false, "Privacy: id\r\n",
         "Privacy: id\r\n"},
        {"id to a gateway", "5550141", true, false, true, false, "Privacy: id\r\n",
         "Privacy: id\r\n" ASSERTED},
        {"user to a gateway", "5550141", true, false, true, false, "Privacy: user\r\n",
         "Privacy: user;id\r\n" ASSERTED},
        {"empty to a gateway", "anonymous", true, false, true, false, "Privacy:\r\n",
         "Privacy:\r\n" ASSERTED "Privacy: id\r\n"},
        {"anonymous to a gateway", "anonymous", true, false, true, false, "",
         ASSERTED "Privacy: id\r\n"},
        {"anonymous to a 7960", "Anonymous", true, false, false, true, "", HIDDEN},
        {"none wins over From", "anonymous", true, false, true, false, "Privacy: none\r\n",
         "Privacy: none\r\n" ASSERTED},
        {"id wins over none", "5550141", true, false, false, false, "Privacy: none, ID\r\n",
         "Privacy: none, ID\r\n"},
        {"a party that hides", "5550141", true, false, true, false,
         "Remote-Party-ID: <sip:1@example.test>;privacy=full\r\n", ASSERTED "Privacy: id\r\n"},
    };

    rows_check(*state, rows, COUNT(rows));
}

#define BERT_ASSERTED "P-Asserted-Identity: \"Bert\" <sip:+4930@example.org>, <tel:+4930>\r\n"
#define BERT_PARTY    CALLING "\"Bert\" <sip:+4930@example.org>;party=calling\r\n"

static void trusted_sources_are_believed(void **state)
{
    static const struct row rows[] = {
        {"to anybody", "1", false, true, false, false, BERT_ASSERTED BERT_PARTY,
         BERT_ASSERTED BERT_PARTY},
        {"to a 7960, with both", "1", false, true, false, true, BERT_ASSERTED BERT_PARTY,
         BERT_ASSERTED BERT_PARTY},
        {"to a 7960, without a party", "1", false, true, false, true, BERT_ASSERTED,
         BERT_ASSERTED CALLING "\"Bert\" <sip:+4930@example.org>" SHOWN},
        {"without brackets", "1", false, true, false, true, "P-Asserted-Identity: tel:+4930\r\n",
         "P-Asserted-Identity: tel:+4930\r\n" CALLING "<tel:+4930>" SHOWN},
        {"broken", "1", false, true, false, true, "P-Asserted-Identity: \"\r\n >\r\n",
         "P-Asserted-Identity: \"\r\n >\r\n"},
        {"nothing is made up", "1", false, true, true, true, "", ""},
        {"private to anybody", "1", false, true, false, false,
         BERT_ASSERTED BERT_PARTY "Privacy: id\r\n", "Privacy: id\r\n"},
        {"private to a 7960", "1", false, true, false, true, BERT_PARTY "Privacy: id\r\n",
         "Privacy: id\r\n" HIDDEN},
        {"private to a gateway", "1", false, true, true, false,
         BERT_ASSERTED BERT_PARTY "Privacy: user\r\n",
         BERT_ASSERTED BERT_PARTY "Privacy: user\r\n"},
        {"preferred ends here", "1", false, true, true, false,
         "P-Preferred-Identity: <sip:1@example.test>\r\n", ""},
    };

    rows_check(*state, rows, COUNT(rows));
}

static void preferred_is_a_spelling_of_his_number(void **state)
{
    static const char *const refused[] = {"<sip:5550142@example.test>",
                                          "<sip:5550141@elsewhere.test>",
                                          "<mailto:5550141>",
                                          "<sip:555%200141@example.test>",
                                          "<sip:555 0141@example.test>",
                                          "<>",
                                          "\"",
                                          ","};
    char in[128];
    struct row row = {"preferred",
                      "5550141",
                      true,
                      false,
                      false,
                      false,
                      "P-Preferred-Identity: \"Boss\" <sip:555-0141@EXAMPLE.test:5060;user=phone>, "
                      "<tel:5550141>\r\n",
                      "P-Asserted-Identity: \"Anna\" <sip:555-0141@example.test>\r\n"};

    rows_check(*state, &row, 1);
    row.in = "P-Preferred-Identity: <tel:555.01.41>\r\n";
    row.out = "P-Asserted-Identity: \"Anna\" <sip:555.01.41@example.test>\r\n";
    rows_check(*state, &row, 1);
    row.in = in;
    row.out = ASSERTED;
    for (size_t i = 0; i < COUNT(refused); i++) {
        row.name = refused[i];
        snprintf(in, sizeof(in), "P-Preferred-Identity: %s\r\n", refused[i]);
        rows_check(*state, &row, 1);
    }
}

static void names_and_numbers_are_escaped(void **state)
{
    struct hall *hall = *state;
    struct row row = {
        "service code", "*21#", true, false,
        false,          false,  "",   "P-Asserted-Identity: <sip:*21%23@example.test>\r\n"};

    hall->anna = user_named(hall, VIEW("*21#"), "");
    row_check(hall, &row);
    hall->anna = user_named(hall, VIEW("*21#"), "J\xc3\xb6rg \"J\" \r\nX: y");
    row.out = "P-Asserted-Identity: \"J\xc3\xb6rg \\\"J\\\" X: y\" <sip:*21%23@example.test>\r\n";
    row_check(hall, &row);
    hall->anna = user_named(hall, VIEW("*21#"), ""); /* the name has been taken away */
    row.out = "P-Asserted-Identity: <sip:*21%23@example.test>\r\n";
    row_check(hall, &row);
}

/* More lines to take out than a message may have edits: it is refused, not passed on. */
static void a_heap_of_claims_is_refused(void **state)
{
    static struct sip_message m;
    struct hall *hall = *state;
    char bytes[8192], fields[4096], more[1024];
    struct text text = TEXT(bytes), heap = TEXT(fields), scratch = TEXT(more);
    struct request r = {.m = &m};
    struct hop hop = {0};
    struct edits e;

    for (int i = 0; i <= EDITS_MAX; i++)
        text_string(&heap, "P-Asserted-Identity: <sip:1@example.test>\r\n");
    text_view(&heap, (struct view){"", 1}); /* its NUL */
    assert_int_equal(sip_message_parse(&m, message_write(&text, "1", fields)), OK);
    edits_begin(&e, m.bytes);
    identity_put(&hall->worker, &e, &r, &hop, &scratch);
    assert_true(e.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(users_are_asserted, hall_begin, hall_end),
        cmocka_unit_test_setup_teardown(privacy_depends_on_trust, hall_begin, hall_end),
        cmocka_unit_test_setup_teardown(trusted_sources_are_believed, hall_begin, hall_end),
        cmocka_unit_test_setup_teardown(preferred_is_a_spelling_of_his_number, hall_begin,
                                        hall_end),
        cmocka_unit_test_setup_teardown(names_and_numbers_are_escaped, hall_begin, hall_end),
        cmocka_unit_test_setup_teardown(a_heap_of_claims_is_refused, hall_begin, hall_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
