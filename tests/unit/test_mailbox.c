/* Unit tests of mailboxes: two threads, the real clock. */
#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#define LETTERS 50000
#define LONGEST 3000

struct reader {
    struct event_base *base;
    struct mailbox *mailbox;
    uint64_t expected; /* id of the next letter */
    unsigned emptied, closed;
};

static size_t size_of(uint64_t id)
{
    return (size_t)(id * 7919 % LONGEST);
}

static void on_letter(void *arg, const struct letter *l)
{
    struct reader *r = arg;

    assert_int_equal(l->id, r->expected);
    assert_int_equal(l->type, (uint16_t)l->id);
    assert_int_equal(l->body.n, size_of(l->id));
    for (size_t i = 0; i < l->body.n; i++)
        assert_int_equal(l->body.p[i], (char)l->id);
    r->expected++;
}

static void on_emptied(void *arg)
{
    struct reader *r = arg;

    r->emptied++;
}

static void on_closed(void *arg)
{
    struct reader *r = arg;

    r->closed++;
    event_base_loopbreak(r->base);
}

static int setup(void **state)
{
    static struct reader r;
    struct mailbox_handler handler = {on_letter, on_emptied, on_closed, &r};

    r = (struct reader){.base = event_base_new()};
    *state = &r;
    return mailbox_new(&r.mailbox, r.base, &handler) != OK;
}

static int teardown(void **state)
{
    struct reader *r = *state;

    mailbox_free(r->mailbox);
    event_base_free(r->base);
    return 0;
}

static enum error post(struct mailbox *m, uint64_t id)
{
    static __thread char body[LONGEST];
    struct view v = {body, size_of(id)};
    size_t half = v.n / 2;

    memset(body, (char)id, v.n);
    return mailbox_post(m, (uint16_t)id, id, (struct view){body, half}, view_from(v, half));
}

static void *write_all(void *arg)
{
    struct reader *r = arg;

    for (uint64_t id = 0; id < LETTERS;)
        id += post(r->mailbox, id) == OK; /* a full one is emptied meanwhile */
    mailbox_close(r->mailbox);
    return NULL;
}

static void all_letters_come_in_order_and_then_the_end(void **state)
{
    struct reader *r = *state;
    pthread_t writer;

    assert_int_equal(pthread_create(&writer, NULL, write_all, r), 0);
    event_base_dispatch(r->base);
    pthread_join(writer, NULL);
    assert_int_equal(r->expected, LETTERS);
    assert_int_equal(r->closed, 1);
    assert_true(r->emptied > 0);
}

/* A letter that comes seldom is read at once, also after busy times. */
static void *write_now_and_then(void *arg)
{
    struct reader *r = arg;

    for (uint64_t id = 0; id < 400; id++) {
        struct timespec wait = {0, id < 300 ? 100000 : 3000000};

        if (post(r->mailbox, id) != OK)
            return arg;
        nanosleep(&wait, NULL);
    }
    mailbox_close(r->mailbox);
    return NULL;
}

static void nothing_is_left_lying_when_traffic_changes(void **state)
{
    struct reader *r = *state;
    pthread_t writer;
    void *failed;

    assert_int_equal(pthread_create(&writer, NULL, write_now_and_then, r), 0);
    event_base_dispatch(r->base);
    pthread_join(writer, &failed);
    assert_null(failed);
    assert_int_equal(r->expected, 400);
}

static void a_mailbox_that_nobody_reads_is_full_at_8_mb(void **state)
{
    struct reader *r = *state;
    uint64_t id = 0;

    while (post(r->mailbox, id) == OK)
        assert_true(++id < LETTERS);
    assert_in_range(id, (8 << 20) / LONGEST, LETTERS);
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    assert_int_equal(r->expected, id); /* what was taken is whole */
    assert_int_equal(post(r->mailbox, id), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_letters_come_in_order_and_then_the_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_is_left_lying_when_traffic_changes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_mailbox_that_nobody_reads_is_full_at_8_mb, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
