/* Every allocation may fail: whole scenarios, run again and again with the 1st, 2nd, ... one
 * failing (alone, or with all that follow), until none is left to fail. Nothing may crash or leak,
 * and the worker has to serve the next request. Linked with --wrap for the allocators. */
#include <stdio.h>

#include "server/calls.h"
#include "tests/unit/check.h"
#include "tests/unit/office.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_LEAK_CHECK 1
#endif
#endif
#ifdef HAVE_LEAK_CHECK
#include <sanitizer/lsan_interface.h>
#endif

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static unsigned made, fail_at; /* fail_at 0: none fails */
static bool for_good;          /* those after it fail, too */

static bool fails(void)
{
    if (office_outside || !fail_at)
        return false;
    made++;
    return for_good ? made >= fail_at : made == fail_at;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

/* What left, the last of each kind. */
struct desk {
    struct office office;
    unsigned statuses[700]; /* how often each was sent */
    char request[8192], nonce[NONCE_TEXT];
    size_t request_size;
};

static void on_sent(void *arg, const struct sip_flow *to, struct view bytes)
{
    static struct sip_message m;
    struct desk *d = arg;
    struct view key = VIEW("nonce=\"");
    size_t at;

    (void)to;
    if (sip_message_parse(&m, bytes) != OK || m.fault)
        fail_msg("this left: %.*s", VIEW_ARG(bytes));
    if (m.request) {
        assert_true(bytes.n <= sizeof(d->request));
        memcpy(d->request, bytes.p, bytes.n);
        d->request_size = bytes.n;
        return;
    }
    d->statuses[m.status]++;
    at = view_ifind(bytes, key);
    if (at < bytes.n)
        memcpy(d->nonce, bytes.p + at + key.n, NONCE_TEXT);
}

typedef void scenario(struct desk *d);

/* Runs with failures until none is left; returns the number of allocations that the run makes. */
static void fail_each(scenario *run, bool with_office)
{
    for (int mode = 0; mode < 2; mode++) {
        for (unsigned n = 1;; n++) {
            struct desk *d = test_calloc(1, sizeof(*d));

            made = fail_at = 0;
            if (with_office) {
                assert_int_equal(office_open(&d->office, on_sent, d), OK);
                assert_int_equal(office_bind(&d->office), OK);
            }
            for_good = mode;
            fail_at = n;
            run(d);
            fail_at = 0;
            office_outside = true;
            if (with_office) {
                memset(d->statuses, 0, sizeof(d->statuses));
                office_receive(&d->office, "198.51.100.9", 5060,
                               VIEW("OPTIONS sip:192.0.2.4 SIP/2.0\r\n"
                                    "Via: SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKlast\r\n"
                                    "From: <sip:x@elsewhere.test>;tag=1\r\nTo: <sip:192.0.2.4>\r\n"
                                    "Call-ID: last\r\nCSeq: 1 OPTIONS\r\n\r\n"));
                assert_int_equal(d->statuses[200], 1);
                office_close(&d->office);
            }
            test_free(d);
            if (made < n)
                break;
            assert_true(n < 5000);
        }
    }
#ifdef HAVE_LEAK_CHECK
    assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
#endif
}

static void say(struct desk *d, const char *host, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct desk *d, const char *host, const char *format, ...)
{
    char bytes[4096];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(bytes, sizeof(bytes), format, args);
    va_end(args);
    assert_true(n > 0 && (size_t)n < sizeof(bytes));
    office_receive(&d->office, host, 5060, (struct view){bytes, (size_t)n});
}

#define CALL_URI "sip:" BERT "@" OFFICE_DOMAIN
#define PARTIES                                                                                    \
    "From: <sip:" ANNA "@" OFFICE_DOMAIN ">;tag=a\r\nTo: <" CALL_URI ">%s\r\nCall-ID: call\r\n"    \
    "Max-Forwards: 70\r\nUser-Agent: %s\r\n"

static void invite(struct desk *d, unsigned cseq, const char *agent)
{
    char answer[1024] = "";
    struct text t = TEXT(answer);

    if (cseq > 1) {
        text_string(&t, "Proxy-Authorization: ");
        office_answer(&t, ANNA, "secret41", VIEW("INVITE"), CALL_URI,
                      (struct view){d->nonce, NONCE_TEXT}, !strstr(agent, "CSCO"));
        text_string(&t, "\r\n");
    }
    say(d, "192.0.2.40",
        "INVITE " CALL_URI " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.40;branch=z9hG4bKi%u\r\n" PARTIES
        "CSeq: %u INVITE\r\nContact: <sip:" ANNA "@192.0.2.40>\r\n%.*sContent-Length: 0\r\n\r\n",
        cseq, "", agent, cseq, (int)t.n, answer);
}

/* Bert's phone answers the last request that came. */
static void reply(struct desk *d, unsigned status, const char *tag)
{
    struct view rest = {d->request, d->request_size};
    char bytes[8192];
    struct text t = TEXT(bytes);
    struct sip_message m;

    if (sip_message_parse(&m, rest) != OK)
        return; /* no request came through */
    text_format(&t, "SIP/2.0 %u x\r\n", status);
    for (unsigned i = 0; i < m.count; i++) {
        enum header_id id = m.lines[i].id;

        if (id == HEADER_TO && !m.to_tag.n)
            text_format(&t, "To: %.*s;tag=%s\r\n", VIEW_ARG(m.to), tag);
        else if (id == HEADER_VIA || id == HEADER_FROM || id == HEADER_TO || id == HEADER_CALL_ID ||
                 id == HEADER_CSEQ || id == HEADER_RECORD_ROUTE)
            text_view(&t, m.lines[i].line);
    }
    text_string(&t, "Contact: <sip:" BERT "@192.0.2.41>\r\nContent-Length: 0\r\n\r\n");
    office_receive(&d->office, "192.0.2.41", 5060, text_done(&t));
}

/* A request of Anna's inside the dialog, along the route that the INVITE recorded. */
static void inside(struct desk *d, const char *method, unsigned cseq)
{
    char route[512] = "";
    struct sip_message m;
    const struct header_line *h;

    if (sip_message_parse(&m, (struct view){d->request, d->request_size}) != OK ||
        !(h = sip_header(&m, HEADER_RECORD_ROUTE)) || !view_copy(h->value, route, sizeof(route)))
        return;
    say(d, "192.0.2.40",
        "%s sip:" BERT
        "@192.0.2.41 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.40;branch=z9hG4bK%s\r\n" PARTIES
        "Route: %s\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
        method, method, ";tag=b", "x", route, cseq, method);
}

static char kept[8192];
static size_t kept_size;

static void request_keep(const struct desk *d)
{
    memcpy(kept, d->request, kept_size = d->request_size);
}

static void request_return_to(struct desk *d)
{
    memcpy(d->request, kept, d->request_size = kept_size);
}

static void call_answered(struct desk *d)
{
    invite(d, 1, "softphone");
    invite(d, 2, "softphone");
    reply(d, 100, "b");
    reply(d, 180, "b");
    reply(d, 200, "b");
    request_keep(d);
    inside(d, "ACK", 2);
    request_return_to(d);
    inside(d, "BYE", 3);
    reply(d, 200, "b");
    office_pass(&d->office, 40000);
}

static void call_refused(struct desk *d)
{
    invite(d, 1, "CSCO/7");
    invite(d, 2, "CSCO/7");
    reply(d, 180, "b");
    reply(d, 486, "b");
    office_pass(&d->office, 40000);
}

static void call_cancelled(struct desk *d)
{
    invite(d, 1, "CSCO/7");
    invite(d, 2, "CSCO/7");
    reply(d, 180, "b");
    request_keep(d);
    say(d, "192.0.2.40",
        "CANCEL " CALL_URI " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.40;branch=z9hG4bKi2\r\n" PARTIES
        "CSeq: 2 CANCEL\r\nContent-Length: 0\r\n\r\n",
        "", "CSCO/7");
    reply(d, 200, "b");
    request_return_to(d);
    reply(d, 487, "b");
    office_pass(&d->office, 200000);
}

/* The worker ends while a telephone rings. */
static void call_left_ringing(struct desk *d)
{
    invite(d, 1, "CSCO/7");
    invite(d, 2, "CSCO/7");
    reply(d, 180, "b");
}

static void phone_registers(struct desk *d)
{
    for (unsigned cseq = 1; cseq < 4; cseq++) {
        char answer[1024] = "";
        struct text t = TEXT(answer);

        if (cseq > 1) {
            text_string(&t, "Authorization: ");
            office_answer(&t, ANNA, "secret41", VIEW("REGISTER"), "sip:" OFFICE_DOMAIN,
                          (struct view){d->nonce, NONCE_TEXT}, false);
            text_string(&t, "\r\n");
        }
        say(d, "192.0.2.40",
            "REGISTER sip:" OFFICE_DOMAIN " SIP/2.0\r\n"
            "Via: SIP/2.0/UDP 192.0.2.40;branch=z9hG4bKr%u\r\n"
            "From: <sip:" ANNA "@" OFFICE_DOMAIN ">;tag=a\r\nTo: <sip:" ANNA "@" OFFICE_DOMAIN
            ">\r\nCall-ID: binding\r\nCSeq: %u REGISTER\r\nUser-Agent: CSCO/7\r\n"
            "Contact: <sip:" ANNA "@192.0.2.40:5061>\r\nExpires: %u\r\n%.*s"
            "Content-Length: 0\r\n\r\n",
            cseq, cseq + 1, cseq == 3 ? 0 : 3600, (int)t.n, answer);
    }
    office_pass(&d->office, 40000);
}

/* Refusals are held back, then the address is banned. */
static void passwords_are_guessed(struct desk *d)
{
    static const char *const users[] = {ANNA, BERT};

    guard_configure(d->office.worker.guard, 2);
    for (unsigned i = 0; i < 4; i++) {
        const char *user = users[i / 2];
        char answer[1024] = "";
        struct text t = TEXT(answer);

        if (i % 2) {
            text_string(&t, "Authorization: ");
            office_answer(&t, user, "guess", VIEW("REGISTER"), "sip:" OFFICE_DOMAIN,
                          (struct view){d->nonce, NONCE_TEXT}, false);
            text_string(&t, "\r\n");
        }
        say(d, "198.51.100.7",
            "REGISTER sip:" OFFICE_DOMAIN " SIP/2.0\r\n"
            "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKg%u\r\n"
            "From: <sip:%s@" OFFICE_DOMAIN ">;tag=a\r\nTo: <sip:%s@" OFFICE_DOMAIN
            ">\r\nCall-ID: guess\r\nCSeq: %u REGISTER\r\nUser-Agent: CSCO/7\r\n%.*s"
            "Content-Length: 0\r\n\r\n",
            i, user, user, i + 1, (int)t.n, answer);
    }
    office_pass(&d->office, 5000);
}

static void facts_arrive(struct desk *d)
{
    struct location *l = d->office.worker.location;
    char number[16], target[16];

    for (unsigned i = 0; i < 200; i++) {
        struct change c = {.kind = i % 2 ? CHANGE_ALIAS : CHANGE_USER, .domain = VIEW("more.test")};
        struct text n = TEXT(number), t = TEXT(target);

        text_number(&n, i);
        text_number(&t, i + 1);
        c.number = text_done(&n);
        c.text = text_done(&t);
        office_outside = false;
        enum error error = location_apply(l, &c);

        office_outside = true;
        assert_true(error == OK || error == ERR_MEMORY);
        assert_int_equal(c.kind == CHANGE_USER ? location_user(l, c.number, c.domain) != NULL
                                               : location_alias(l, c.number, c.domain).n > 0,
                         error == OK);
    }
}

/* What cannot be kept is said so; the rest stands. */
static void ways_arrive(struct desk *d)
{
    struct worker *w = &d->office.worker;
    struct change forward = {
        .kind = CHANGE_FORWARD,
        .forward = {VIEW(ANNA), VIEW(OFFICE_DOMAIN), FORWARD_BUSY, VIEW(BERT), 0}};
    struct change gateway = {.kind = CHANGE_GATEWAY,
                             .gateway = {.name = VIEW("g"), .uri = VIEW("sip:g")}};
    struct change route = {.kind = CHANGE_ROUTE, .route = {.gateways = VIEW("g")}};
    const struct user *anna = location_user(w->location, VIEW(ANNA), VIEW(OFFICE_DOMAIN));
    struct route_choice choice;
    enum error bound, added, led;

    office_outside = false;
    bound = location_apply(w->location, &forward);
    added = gateways_apply(w->gateways, &gateway);
    led = gateways_apply(w->gateways, &route);
    office_outside = true;
    assert_int_equal(user_forward(anna, FORWARD_BUSY) != NULL, bound == OK);
    assert_int_equal(gateway_find(w->gateways, VIEW("g")) != NULL, added == OK);
    assert_int_equal(route_find(&choice, w->gateways, VIEW("1"), 0), led ? ERR_NOT_FOUND : OK);
    assert_true((!bound || bound == ERR_MEMORY) && (!added || added == ERR_MEMORY) &&
                (!led || led == ERR_MEMORY));
}

static void counts_are_used(struct desk *d)
{
    static const uint8_t source[16] = {1};
    struct nonces *n = d->office.worker.nonces;

    for (int i = 0; i < 100; i++) {
        char text[NONCE_TEXT];
        struct view nonce = {text, NONCE_TEXT};

        nonce_make(n, true, source, text);
        office_outside = false;
        assert_true(nonce_use(n, nonce, 1)); /* without memory there is no window, but a call */
        office_outside = true;
        assert_int_not_equal(nonce_check(n, nonce, 1, source), NONCE_FOREIGN);
    }
}

/* The parts of a worker one by one: none may be left behind when a later one fails. */
static void office_opens(struct desk *d)
{
    enum error error = office_open(&d->office, on_sent, d);

    if (error == OK)
        office_close(&d->office);
    else
        assert_int_equal(error, ERR_MEMORY);
}

static void note_problem(void *arg, const char *text)
{
    (void)text;
    ++*(unsigned *)arg;
}

static void configuration_is_read(struct desk *d)
{
    static const char text[] =
        "domain = {\"a.test\", \"b.test\"}\nlisten = {\"udp:192.0.2.1:5060\"}\n"
        "emergency = {\"112\"}\nauth { realm = \"r\" }\n"
        "registrar { max-contacts = 3 }\n";
    unsigned problems = 0;
    struct config *c;

    (void)d;
    office_outside = false;
    c = config_parse("test.conf", text, sizeof(text) - 1, note_problem, &problems);
    office_outside = true;
    assert_true((c != NULL) != (problems != 0));
    config_free(c);
}

static void values_are_parsed(struct desk *d)
{
    struct uri uri;
    enum error error;

    (void)d;
    office_outside = false;
    error = uri_init();
    for (int i = 0; i < 50 && error == OK; i++)
        error = uri_parse(&uri, VIEW("sip:a@b:5060;transport=tcp;lr;x=y?h=v&i=w"));
    office_outside = true;
    assert_true(error == OK || error == ERR_MEMORY);
}

static void test_values(void **state)
{
    (void)state;
    fail_each(values_are_parsed, false);
}

static void test_configuration(void **state)
{
    (void)state;
    fail_each(configuration_is_read, false);
}

static void test_opening(void **state)
{
    (void)state;
    fail_each(office_opens, false);
}

static void test_facts(void **state)
{
    (void)state;
    fail_each(facts_arrive, true);
}

static void test_ways(void **state)
{
    (void)state;
    fail_each(ways_arrive, true);
}

static void test_counts(void **state)
{
    (void)state;
    fail_each(counts_are_used, true);
}

static void test_registration(void **state)
{
    (void)state;
    fail_each(phone_registers, true);
}

static void test_guesses(void **state)
{
    (void)state;
    fail_each(passwords_are_guessed, true);
}

static void test_call(void **state)
{
    (void)state;
    fail_each(call_answered, true);
}

static void test_refused_call(void **state)
{
    (void)state;
    fail_each(call_refused, true);
}

static void test_cancelled_call(void **state)
{
    (void)state;
    fail_each(call_cancelled, true);
}

static void test_ringing_call(void **state)
{
    (void)state;
    fail_each(call_left_ringing, true);
}

/* The scenarios go their whole way when nothing fails; otherwise they would prove nothing. */
static void scenarios_are_whole(void **state)
{
    static const struct {
        scenario *run;
        unsigned status, times;
    } rows[] = {{call_answered, 200, 2},
                {call_refused, 486, 1},
                {call_cancelled, 487, 1},
                {phone_registers, 200, 2}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct desk *d = test_calloc(1, sizeof(*d));

        assert_int_equal(office_open(&d->office, on_sent, d), OK);
        assert_int_equal(office_bind(&d->office), OK);
        rows[i].run(d);
        if (d->statuses[rows[i].status] < rows[i].times)
            fail_msg("scenario %zu: %u times %u", i, d->statuses[rows[i].status], rows[i].status);
        assert_int_equal(calls_counts(&d->office.worker).standing, 0);
        assert_int_equal(calls_counts(&d->office.worker).setting_up, 0);
        office_close(&d->office);
        test_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),         cmocka_unit_test(scenarios_are_whole),
        cmocka_unit_test(test_configuration),  cmocka_unit_test(test_opening),
        cmocka_unit_test(test_facts),          cmocka_unit_test(test_counts),
        cmocka_unit_test(test_registration),   cmocka_unit_test(test_guesses),
        cmocka_unit_test(test_call),           cmocka_unit_test(test_refused_call),
        cmocka_unit_test(test_cancelled_call), cmocka_unit_test(test_ringing_call),
        cmocka_unit_test(test_ways),
    };

    log_level = LOG_LEVEL_ERROR;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
