/* The table of calls: its bounds, and what gateways see of it. */
#include "server/anchor.h"
#include "server/calls.h"

#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/office.h"

#define MOST           100000
#define MOST_STRANGERS 50000

static struct office office;

static void on_sent(void *arg, const struct sip_flow *to, struct view bytes)
{
    (void)arg;
    (void)to;
    (void)bytes;
}

static int office_opens(void **state)
{
    (void)state;
    return office_open(&office, on_sent, NULL) == OK ? 0 : -1;
}

static int office_closes(void **state)
{
    (void)state;
    office_close(&office);
    return 0;
}

static struct user *anna(void)
{
    return location_user(office.worker.location, VIEW(ANNA), VIEW(OFFICE_DOMAIN));
}

/* A call of this user, NULL: a stranger's, begins. */
static struct call *begun(struct user *u)
{
    const struct sip_message m = {.call_id = VIEW("i"), .from = VIEW("<sip:a@b>;tag=f")};
    const struct request r = {.m = &m, .user = u};

    return call_begin(&office.worker, &r);
}

static void counts_are(size_t standing, size_t setting_up)
{
    struct calls_counts counts = calls_counts(&office.worker);

    assert_int_equal(counts.standing, standing);
    assert_int_equal(counts.setting_up, setting_up);
}

/* A 2xx with this Call-ID answers call, between two phones; session 0: their audio is not ours. */
static uint64_t answered_over(struct call *call, const char *id, enum flow_transport transport,
                              uint64_t session)
{
    struct sip_flow flow = {.transport = transport, .family = 4};
    struct sip_message m = {
        .call_id = view_of(id), .from_tag = VIEW("caller"), .to_tag = VIEW("callee")};

    call_answer(&office.worker, call, &m, &flow, &flow, session);
    return call_dialog(&m);
}

static uint64_t answered(struct call *call, const char *id)
{
    return answered_over(call, id, FLOW_UDP, 0);
}

static void a_dialog_is_the_same_from_both_sides(void **state)
{
    struct sip_message m = {.call_id = VIEW("i"), .from_tag = VIEW("f"), .to_tag = VIEW("t")};
    struct sip_message back = {.call_id = VIEW("i"), .from_tag = VIEW("t"), .to_tag = VIEW("f")};
    struct sip_message other = {.call_id = VIEW("t"), .from_tag = VIEW("i"), .to_tag = VIEW("f")};

    (void)state;
    assert_true(call_dialog(&m) == call_dialog(&back));
    assert_true(call_dialog(&m) != call_dialog(&other));
}

static void a_gateway_is_free_below_its_limit(void **state)
{
    struct worker *w = &office.worker;
    struct gateway g = {.max_calls = 2}, unlimited = {.calls = 1000000};
    struct call *calls[2];

    (void)state;
    assert_true(calls_gateway_free(&unlimited));
    for (int i = 0; i < 2; i++) {
        assert_true(calls_gateway_free(&g));
        calls[i] = begun(NULL);
        calls_gateway_take(calls[i], &g);
    }
    assert_false(calls_gateway_free(&g));
    calls_gateway_take(NULL, &g); /* a call that is not counted */
    assert_int_equal(g.calls, 2);
    call_end(w, calls[0], END_CALLER);
    assert_true(calls_gateway_free(&g));
    call_end(w, calls[1], END_CALLER);
    assert_int_equal(g.calls, 0);
}

static void a_call_leaves_its_gateway_when_it_ends(void **state)
{
    struct worker *w = &office.worker;
    struct gateway first = {.max_calls = 1}, second = {.max_calls = 1};
    struct call *call = begun(anna());
    uint64_t dialog;

    (void)state;
    calls_gateway_take(call, &first);
    calls_gateway_take(call, &first);
    assert_int_equal(first.calls, 1);
    calls_gateway_take(call, &second); /* the first one did not answer */
    assert_int_equal(first.calls, 0);
    assert_int_equal(second.calls, 1);
    dialog = answered(call, "one");
    assert_false(calls_gateway_free(&second));
    call_end_dialog(w, dialog, END_CALLER);
    assert_int_equal(second.calls, 0);
    call_end_dialog(w, dialog, END_CALLER);
    counts_are(0, 0);

    call = begun(NULL);
    calls_gateway_take(call, &first);
    calls_gateway_leave(call); /* and on to a phone */
    calls_gateway_leave(call);
    assert_int_equal(first.calls, 0);
    call_end(w, call, END_CALLER);
}

static void a_limit_outlives_the_user(void **state)
{
    struct worker *w = &office.worker;
    struct change limit = {.kind = CHANGE_USER_LIMIT,
                           .number = VIEW(ANNA),
                           .domain = VIEW(OFFICE_DOMAIN),
                           .max_calls = 1};
    struct change gone = limit, back = limit;
    uint64_t dialog;

    (void)state;
    gone.kind = CHANGE_USER_GONE;
    back.kind = CHANGE_USER;
    dialog = answered(begun(anna()), "one");
    assert_false(calls_are_enough(w, anna()));
    assert_int_equal(location_apply(w->location, &limit), OK);
    assert_true(calls_are_enough(w, anna()));
    assert_int_equal(location_apply(w->location, &gone), OK);
    assert_int_equal(location_apply(w->location, &back), OK);
    assert_int_equal(location_apply(w->location, &limit), OK);
    assert_true(calls_are_enough(w, anna()));
    call_end_dialog(w, dialog, END_CALLER);
    assert_false(calls_are_enough(w, anna()));
}

static void a_dialog_that_comes_again_takes_the_place(void **state)
{
    struct worker *w = &office.worker;
    uint64_t dialog = answered(begun(anna()), "same");

    (void)state;
    assert_true(answered(begun(anna()), "same") == dialog);
    counts_are(1, 0);
    call_end_dialog(w, dialog, END_CALLER);
    counts_are(0, 0);
}

static void a_call_ends_with_its_connections_unless_its_audio_is_ours(void **state)
{
    const struct stream audio = {0};

    (void)state;
    anchor_adopt(&office.worker, 7, &audio);
    (void)answered_over(begun(anna()), "silent", FLOW_TCP, 0);
    (void)answered_over(begun(anna()), "heard", FLOW_TCP, 7);
    counts_are(2, 0);
    office_pass(&office, 60 * 1000);
    counts_are(1, 0);
    assert_non_null(call_find_session(&office.worker, 7));
}

static void a_call_that_is_told_of_twice_is_one(void **state)
{
    struct call *call = begun(anna());
    uint64_t id = call_ticket(call)->id;
    struct pack told = {0};

    (void)state;
    (void)answered(call, "told");
    ticket_pack(&told, call_ticket(call), true);
    call_end(&office.worker, call, END_CALLER);
    call_adopt(&office.worker, ticket_unpack(pack_bytes_view(&told)));
    call = call_find(&office.worker, id);
    assert_non_null(call);
    call_adopt(&office.worker, ticket_unpack(pack_bytes_view(&told)));
    assert_ptr_equal(call_find(&office.worker, id), call); /* the first one has not ended */
    counts_are(1, 0);
    pack_free(&told);
}

struct page {
    unsigned count, most;
    uint64_t last;
};

static bool page_each(void *arg, struct ticket *t)
{
    struct page *page = arg;

    page->last = t->place;
    return ++page->count < page->most;
}

static void a_list_goes_on_behind_a_call_that_has_ended(void **state)
{
    struct page first = {.most = 2}, rest = {.most = 10};

    (void)state;
    (void)answered(begun(anna()), "one");
    uint64_t dialog = answered(begun(anna()), "two");
    (void)answered(begun(anna()), "three");
    (void)answered(begun(anna()), "four");
    calls_each(&office.worker, 0, page_each, &first);
    assert_int_equal(first.count, 2);
    call_end_dialog(&office.worker, dialog, END_CALLER);
    calls_each(&office.worker, first.last, page_each, &rest);
    assert_int_equal(rest.count, 2);
}

/* Strangers fill at most half of the table; what stands when the worker ends is freed with it. */
static void the_table_is_bounded(void **state)
{
    char id[16];

    (void)state;
    for (unsigned i = 0; i < MOST; i++) {
        struct call *call = begun(i < MOST_STRANGERS ? NULL : anna());

        assert_non_null(call);
        (void)snprintf(id, sizeof(id), "%u", i);
        (void)answered(call, id);
        if (i >= MOST_STRANGERS - 1)
            assert_null(begun(NULL));
    }
    assert_null(begun(anna()));
    counts_are(MOST, 0);
    (void)answered(NULL, "uncounted");
    office_pass(&office, 3600 * 1000);
    counts_are(MOST, 0);
    office_pass(&office, 12 * 3600 * 1000);
    counts_are(0, 0);
    (void)answered(begun(NULL), "left");
}

#define OFFICE_TEST(test) cmocka_unit_test_setup_teardown(test, office_opens, office_closes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialog_is_the_same_from_both_sides),
        OFFICE_TEST(a_gateway_is_free_below_its_limit),
        OFFICE_TEST(a_call_leaves_its_gateway_when_it_ends),
        OFFICE_TEST(a_limit_outlives_the_user),
        OFFICE_TEST(a_dialog_that_comes_again_takes_the_place),
        OFFICE_TEST(a_call_ends_with_its_connections_unless_its_audio_is_ours),
        OFFICE_TEST(a_call_that_is_told_of_twice_is_one),
        OFFICE_TEST(a_list_goes_on_behind_a_call_that_has_ended),
        OFFICE_TEST(the_table_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
