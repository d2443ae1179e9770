/* The commands on forwards, gateways and routes: what they accept, show, change and refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/command_fixture.h"

static void forwards_live_and_die(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'1','password':'x','auth-name':'bob'}");
    f->changes = 0;
    run_ok(f, "{'command':'forward set','number':'1','kinds':['busy','no-answer'],'target':'2-0'}");
    assert_int_equal(f->changes, 2);
    assert_string_equal(f->change, "7 1@companyb.com ");
    run_ok(f, "{'command':'forward set','number':'1','kinds':['always'],'target':'sip:x@y'}");
    run_ok(f, "{'command':'forward show','number':'1'}");
    assert_int_equal(json_array_size(f->items), 3);
    assert_string_equal(item_text(f, 0, "when"), "always");
    assert_string_equal(item_text(f, 0, "target"), "sip:x@y");
    assert_null(json_object_get(json_array_get(f->items, 1), "after"));
    assert_string_equal(item_text(f, 2, "target"), "20"); /* as it is dialled */
    assert_int_equal(json_integer_value(json_object_get(json_array_get(f->items, 2), "after")), 20);
    run_ok(f, "{'command':'forward show','after':'1@companyb.com busy'}");
    assert_int_equal(json_array_size(f->items), 1);
    assert_int_equal(
        run_number(f, "{'command':'forward clear','number':'1','kinds':['busy']}", "removed"), 1);
    assert_string_equal(f->change, "8 1@companyb.com ");
    assert_int_equal(run_number(f, "{'command':'forward clear','number':'1'}", "removed"), 2);
    assert_int_equal(run_number(f, "{'command':'forward clear','number':'1'}", "removed"), 0);
}

static void bad_forwards_are_refused(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'1','password':'x','auth-name':'bob'}");
    f->changes = 0;
#define SET "{'command':'forward set','number':"
    run_refused(f, SET "'2','kinds':['busy'],'target':'3'}", "no user 2");
    run_refused(f, SET "'bob','kinds':['busy'],'target':'3'}", "no user bob");
    run_refused(f, SET "'1','kinds':['busy'],'target':'1'}", "itself");
    run_refused(f, SET "'1','kinds':['busy'],'target':'SIP:1@companyb.com'}", "itself");
    run_refused(f, SET "'1','kinds':['busy']}", "\"target\" is missing");
    run_refused(f, SET "'1','kinds':['bus'],'target':'3'}", "kinds");
    run_refused(f, SET "'1','kinds':'busy','target':'3'}", "kinds");
    run_refused(f, SET "'1','kinds':[7],'target':'3'}", "kinds");
    run_refused(f, SET "'1','kinds':[],'target':'3'}", "kinds");
    run_refused(f, SET "'1','target':'3'}", "kinds");
    run_refused(f, SET "'1','kinds':['busy'],'target':'3','after':5}", "no-answer");
    run_refused(f, SET "'1','kinds':['no-answer'],'target':'3','after':181}", "1 to 180");
    run_refused(f, SET "'1','kinds':['no-answer'],'target':'3','after':'5'}", "1 to 180");
#undef SET
    run_refused(f, "{'command':'forward show','number':'2'}", "no user 2");
    assert_int_equal(f->changes, 0);
}

static void gateways_live_and_die(void **state)
{
    struct fixture *f = *state;
    json_t *answer;

    run_ok(f, "{'command':'gateway add','name':'b','uri':'sips:[::1]:5061','username':'me',"
              "'password':'x','priority':1,'weight':0,'max-calls':2,'register':true}");
    assert_string_equal(f->change, "9 b@ ");
    run_ok(f, "{'command':'gateway add','name':'a','uri':'SIP:a.test;transport=TLS'}");
    run_ok(f, "{'command':'gateway list'}");
    assert_int_equal(json_array_size(f->items), 2);
    assert_string_equal(item_text(f, 0, "name"), "a");
    assert_string_equal(item_text(f, 0, "password"), "none");
    assert_string_equal(item_text(f, 1, "password"), "set");
    answer = run(f, "{'command':'gateway list','limit':1}");
    assert_string_equal(json_string_value(json_object_get(answer, "next")), "a");
    json_decref(answer);
    run_ok(f, "{'command':'gateway list','after':'a'}");
    assert_string_equal(item_text(f, 0, "name"), "b");
    run_ok(f, "{'command':'gateway show','name':'b'}");
    assert_int_equal(json_array_size(f->items), 1);
    run_ok(f, "{'command':'gateway remove','name':'b'}");
    assert_string_equal(f->change, "10 b@ ");
    run_refused(f, "{'command':'gateway remove','name':'b'}", "no gateway b");
}

static void bad_gateways_are_refused(void **state)
{
    struct fixture *f = *state;

#define ADD "{'command':'gateway add','name':"
    run_refused(f, "{'command':'gateway add','uri':'sip:h'}", "name of a gateway");
    run_refused(f, ADD "'','uri':'sip:h'}", "name of a gateway");
    run_refused(f, ADD "7,'uri':'sip:h'}", "name of a gateway");
    run_refused(f, ADD "'a'}", "URI of a gateway");
    run_refused(f, ADD "'a','uri':'sip:u@h'}", "URI of a gateway");
    run_refused(f, ADD "'a','uri':'sip:h','username':'a:b','password':'x'}", "username");
    run_refused(f, ADD "'a','uri':'sip:h','username':'me'}", "password is missing");
    run_refused(f, ADD "'a','uri':'sip:h','weight':65536}", "0 to 65535");
    run_refused(f, ADD "'a','uri':'sip:h','register':true}", "username");
#undef ADD
    assert_int_equal(f->changes, 0);
}

static void lost_keys_are_told(void **state)
{
    struct fixture *f = *state;
    char key[112];
    json_t *answer;

    run_ok(f, "{'command':'gateway add','name':'a','uri':'sip:h','username':'me','password':'x'}");
    run_ok(f, "{'command':'gateway add','name':'b','uri':'sip:h','username':'me','password':'x'}");
    (void)snprintf(key, sizeof(key), "%s.key", f->path);
    assert_int_equal(remove(key), 0);
    assert_int_equal(run_number(f, "{'command':'database check'}", "problems"), 2);
    answer = run(f, "{'command':'gateway password','name':'a','password':'y'}");
    assert_int_equal(json_array_size(json_object_get(answer, "lost")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(answer, "lost"), 0)), "b");
    json_decref(answer);
    run_ok(f, "{'command':'gateway list'}");
    assert_string_equal(item_text(f, 0, "password"), "set");
    assert_string_equal(item_text(f, 1, "password"), "lost");
}

static void routes_live_and_die(void **state)
{
    struct fixture *f = *state;
    json_t *answer;

    run_ok(f, "{'command':'gateway add','name':'a','uri':'sip:h'}");
    run_ok(f, "{'command':'gateway add','name':'b','uri':'sip:h'}");
    run_ok(f, "{'command':'route add','prefix':'+49','gateways':['a','b'],'strip':3,"
              "'prepend':'0*#'}");
    assert_string_equal(f->change, "11 +49@ ");
    run_ok(f, "{'command':'route add','prefix':'default','gateways':['b']}");
    run_refused(f, "{'command':'route add','prefix':'','gateways':['a']}",
                "there is a route default already");
    run_ok(f, "{'command':'route list'}");
    assert_int_equal(json_array_size(f->items), 2);
    assert_string_equal(item_text(f, 0, "prefix"), "default");
    assert_string_equal(item_text(f, 1, "prepend"), "0*#");
    assert_int_equal(json_array_size(json_object_get(json_array_get(f->items, 1), "gateways")), 2);
    answer = run(f, "{'command':'route list','limit':1}");
    assert_string_equal(json_string_value(json_object_get(answer, "next")), "default");
    json_decref(answer);
    run_ok(f, "{'command':'route list','after':'default'}");
    assert_int_equal(json_array_size(f->items), 1);
    assert_string_equal(item_text(f, 0, "prefix"), "+49");
    run_ok(f, "{'command':'route list','after':'+49'}");
    assert_int_equal(json_array_size(f->items), 0);
    run_refused(f, "{'command':'gateway remove','name':'a'}", "the route +49 leads to gateway a");
    run_refused(f, "{'command':'gateway remove','name':'b'}", "offhook route remove default");
    run_ok(f, "{'command':'route remove','prefix':'+49'}");
    assert_string_equal(f->change, "12 +49@ ");
    run_refused(f, "{'command':'route remove','prefix':'+49'}", "no route +49");
    run_ok(f, "{'command':'gateway remove','name':'a'}");
}

static void bad_routes_are_refused(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'gateway add','name':'a','uri':'sip:h'}");
    f->changes = 0;
#define ADD "{'command':'route add','prefix':"
    run_refused(f, "{'command':'route add','gateways':['a']}", "prefix of a route");
    run_refused(f, ADD "'4a','gateways':['a']}", "prefix of a route");
    run_refused(f, ADD "'4+9','gateways':['a']}", "prefix of a route");
    run_refused(f, ADD "'012345678901234567890123456789012','gateways':['a']}", "at most 32");
    run_refused(f, ADD "'0'}", "1 to 16");
    run_refused(f, ADD "'0','gateways':[]}", "1 to 16");
    run_refused(f, ADD "'0','gateways':'a'}", "1 to 16");
    run_refused(f, ADD "'0','gateways':['a','a']}", "1 to 16");
    run_refused(f, ADD "'0','gateways':['a','']}", "1 to 16");
    run_refused(f, ADD "'0','gateways':['a','c']}", "no gateway c");
    run_refused(f, ADD "'0','gateways':['a'],'strip':33}", "0 to 32");
    run_refused(f, ADD "'0','gateways':['a'],'prepend':'x'}", "prepended");
#undef ADD
    assert_int_equal(f->changes, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(forwards_live_and_die),    TEST(bad_forwards_are_refused), TEST(gateways_live_and_die),
        TEST(bad_gateways_are_refused), TEST(lost_keys_are_told),       TEST(routes_live_and_die),
        TEST(bad_routes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
