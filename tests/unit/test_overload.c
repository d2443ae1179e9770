/* The states of overload, with given loads. */
#include "server/overload.h"
#include "tests/unit/check.h"

static struct overload o;

/* The state after `seconds` of this load, looked at four times a second. */
static enum overload_state load(uint64_t lag, size_t waiting, unsigned seconds)
{
    for (unsigned i = 0; i < 4 * seconds; i++) {
        clock_advance(250);
        overload_judge(&o, lag, waiting, clock_ms());
    }
    return o.state;
}

static enum overload_state twice(uint64_t lag, size_t waiting)
{
    overload_judge(&o, lag, waiting, clock_ms());
    overload_judge(&o, lag, waiting, clock_ms());
    return o.state;
}

static int begin(void **state)
{
    (void)state;
    clock_make_virtual(1000003, 1800000000);
    o = (struct overload){0};
    return 0;
}

static void a_light_load_is_none(void **state)
{
    (void)state;
    assert_int_equal(load(399, 3999, 60), OVERLOAD_NONE);
}

/* A machine that slept, or was busy with something else for a moment. */
static void one_late_look_is_none(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        overload_judge(&o, 1000000, 0, clock_ms());
        assert_int_equal(load(0, 0, 1), OVERLOAD_NONE);
    }
}

static void lag_sheds_calls_then_registrations(void **state)
{
    (void)state;
    assert_int_equal(twice(400, 0), OVERLOAD_CALLS);
    assert_int_equal(twice(1000, 0), OVERLOAD_REGISTERS);
    assert_int_equal(o.since, clock_ms());
}

static void questions_that_wait_do_as_well(void **state)
{
    (void)state;
    assert_int_equal(twice(0, 4000), OVERLOAD_CALLS);
    assert_int_equal(twice(0, 10000), OVERLOAD_REGISTERS);
}

static void it_goes_down_a_step_after_calm(void **state)
{
    (void)state;
    assert_int_equal(twice(2000, 0), OVERLOAD_REGISTERS);
    assert_int_equal(load(0, 0, 5), OVERLOAD_REGISTERS);
    assert_int_equal(load(0, 0, 1), OVERLOAD_CALLS);
    assert_int_equal(load(0, 0, 4), OVERLOAD_CALLS);
    assert_int_equal(load(0, 0, 2), OVERLOAD_NONE);
}

static void it_does_not_flutter(void **state)
{
    (void)state;
    assert_int_equal(twice(450, 0), OVERLOAD_CALLS);
    assert_int_equal(load(200, 0, 60), OVERLOAD_CALLS); /* half of the limit is no calm */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(load(0, 0, 4), OVERLOAD_CALLS);
        overload_judge(&o, 250, 0, clock_ms()); /* a peak in between */
    }
    assert_int_equal(load(0, 0, 6), OVERLOAD_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_light_load_is_none, begin),
        cmocka_unit_test_setup(one_late_look_is_none, begin),
        cmocka_unit_test_setup(lag_sheds_calls_then_registrations, begin),
        cmocka_unit_test_setup(questions_that_wait_do_as_well, begin),
        cmocka_unit_test_setup(it_goes_down_a_step_after_calm, begin),
        cmocka_unit_test_setup(it_does_not_flutter, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
