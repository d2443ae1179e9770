/* The commands on users, aliases, registrations and bans: what they accept, show, change and
 * refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/command_fixture.h"

static void put_binding(struct fixture *f, const char *number, const char *contact)
{
    struct store_binding b = {.number = view_of(number),
                              .domain = VIEW("companyb.com"),
                              .contact = view_of(contact),
                              .expires = clock_wall() + 3600,
                              .call_id = VIEW("c1"),
                              .cseq = 7,
                              .q = 500,
                              .user_agent = VIEW("Cisco-CP7960G/8.0"),
                              .registered = clock_wall()};

    assert_int_equal(f->store->ops->binding_put(f->store, &b), OK);
}

static void numbers_are_canonical(void **state)
{
    struct fixture *f = *state;
    json_t *answer =
        run(f, "{'command':'user add','number':'(555) 000-1','password':'x','name':'Bob'}");

    assert_string_equal(json_string_value(json_object_get(answer, "number")), "5550001");
    assert_string_equal(json_string_value(json_object_get(answer, "domain")), "companyb.com");
    json_decref(answer);
    assert_string_equal(f->change, "1 5550001@companyb.com Bob");
    run_ok(f, "{'command':'user show','number':'555-0001'}");
    assert_string_equal(item_text(f, 0, "number"), "5550001");
    assert_string_equal(item_text(f, 0, "auth-name"), "(555) 000-1");
    assert_string_equal(item_text(f, 0, "realm"), "companyb.com");
}

static void existing_user_is_refused_with_advice(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'5550001','password':'x'}");
    run_refused(f, "{'command':'user add','number':'5550001','password':'y'}",
                "user 5550001 exists already; change the password with: offhook user password "
                "5550001");
}

static void names_are_nobody_elses(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'1','password':'x','auth-name':'bob'}");
    run_refused(f, "{'command':'user add','number':'2','password':'x','auth-name':'bob'}",
                "user 1");
    run_refused(f, "{'command':'user add','number':'2','password':'x','auth-name':'1'}", "user 1");
    run_refused(f, "{'command':'user add','number':'bob','password':'x'}", "user 1");
    run_ok(f, "{'command':'user add','number':'2','password':'x','auth-name':'2'}");
}

static void bad_fields_are_refused(void **state)
{
    struct fixture *f = *state;

    run_refused(f, "{'command':'user add','password':'x'}", "\"number\" is missing");
    run_refused(f, "{'command':'user add','number':'a b','password':'x'}", "neither");
    run_refused(f, "{'command':'user add','number':'a@b','password':'x'}", "neither");
    run_refused(f, "{'command':'user add','number':7,'password':'x'}", "has to be a text");
    run_refused(f, "{'command':'user add','number':'1'}", "password is missing");
    run_refused(f, "{'command':'user add','number':'1','password':'a\\u0007'}", "printable");
    run_refused(f, "{'command':'user add','number':'1','password':'x','domain':'a b'}",
                "host name");
    run_refused(f, "{'command':'user add','number':'1','password':'x','domain':'-a.com'}",
                "host name");
    run_refused(f, "{'command':'user add','number':'1','password':'x','auth-name':'a\\\"b'}",
                "auth name");
    run_refused(f, "{'command':'user add','number':'1','password':'x','name':'a\\nb'}", "name");
    run_refused(f, "{'command':'user list','limit':0}", "limit");
    run_refused(f, "{'command':'no such'}", "unknown command");
    run_refused(f, "{}", "unknown command");
    assert_int_equal(f->changes, 0);
}

static void password_change_keeps_the_names(void **state)
{
    struct fixture *f = *state;
    struct store_user u;
    uint8_t before[DIGEST_SIZE_MAX];

    run_ok(f, "{'command':'user add','number':'1','password':'x','auth-name':'bob',"
              "'name':'Bob'}");
    assert_int_equal(f->store->ops->user_get(f->store, VIEW("1"), VIEW("companyb.com"), &u), OK);
    memcpy(before, u.credentials.ha1[CREDENTIAL_NUMBER][DIGEST_SHA256], sizeof(before));
    run_ok(f, "{'command':'user password','number':'1','password':'y'}");
    assert_int_equal(f->store->ops->user_get(f->store, VIEW("1"), VIEW("companyb.com"), &u), OK);
    assert_true(view_eq(u.name, VIEW("Bob")));
    assert_true(view_eq(u.credentials.auth_name, VIEW("bob")));
    assert_memory_not_equal(before, u.credentials.ha1[CREDENTIAL_NUMBER][DIGEST_SHA256],
                            sizeof(before));
    run_refused(f, "{'command':'user password','number':'2','password':'y'}", "no user 2");
    run_refused(f, "{'command':'user password','number':'bob','password':'y'}", "no user bob");
}

static void calls_of_a_user_are_limited(void **state)
{
    struct fixture *f = *state;
    json_t *limit;

    run_refused(f, "{'command':'user limit','number':'1','max-calls':2}", "no user 1");
    run_ok(f, "{'command':'user add','number':'1','password':'x','auth-name':'bob'}");
    run_refused(f, "{'command':'user limit','number':'bob','max-calls':2}", "no user bob");
    run_refused(f, "{'command':'user limit','number':'1','max-calls':0}", "1 to 10000");
    run_ok(f, "{'command':'user limit','number':'1','max-calls':2}");
    assert_string_equal(f->change, "13 1@companyb.com ");
    run_ok(f, "{'command':'user show','number':'1'}");
    limit = json_object_get(json_array_get(f->items, 0), "max-calls");
    assert_int_equal(json_integer_value(limit), 2);
    run_ok(f, "{'command':'user limit','number':'1'}");
    run_ok(f, "{'command':'user list'}");
    limit = json_object_get(json_array_get(f->items, 0), "max-calls");
    assert_true(json_is_null(limit));
}

static const char *shown_audio(struct fixture *f)
{
    return json_string_value(json_object_get(json_array_get(f->items, 0), "audio"));
}

static void audio_of_a_user_is_chosen(void **state)
{
    struct fixture *f = *state;

    run_refused(f, "{'command':'user audio','number':'1','audio':'nat'}", "no user 1");
    run_ok(f, "{'command':'user add','number':'1','password':'x','auth-name':'bob'}");
    run_ok(f, "{'command':'user show','number':'1'}");
    assert_string_equal(shown_audio(f), "default");
    run_refused(f, "{'command':'user audio','number':'bob','audio':'nat'}", "no user bob");
    run_refused(f, "{'command':'user audio','number':'1','audio':'maybe'}", "has to be always");
    run_refused(f, "{'command':'user audio','number':'1','audio':1}", "has to be always");
    run_refused(f, "{'command':'user audio','number':'1'}", "has to be always");
    run_ok(f, "{'command':'user audio','number':'1','audio':'never'}");
    assert_int_equal(atoi(f->change), CHANGE_USER_AUDIO);
    run_ok(f, "{'command':'user show','number':'1'}");
    assert_string_equal(shown_audio(f), "never");
    run_ok(f, "{'command':'user audio','number':'1','audio':'default'}");
    run_ok(f, "{'command':'user list'}");
    assert_string_equal(shown_audio(f), "default");
}

static void user_list_comes_in_pages(void **state)
{
    struct fixture *f = *state;
    char next[128], request[256];
    json_t *answer;

    run_ok(f, "{'command':'user import','users':[{'number':'3','password':'x'},"
              "{'number':'1','password':'x'},{'number':'2','password':'x'}]}");
    answer = run(f, "{'command':'user list','limit':2}");
    assert_int_equal(json_array_size(f->items), 2);
    assert_string_equal(item_text(f, 1, "number"), "2");
    (void)snprintf(next, sizeof(next), "%s", json_string_value(json_object_get(answer, "next")));
    json_decref(answer);
    (void)snprintf(request, sizeof(request), "{'command':'user list','limit':2,'after':'%s'}",
                   next);
    answer = run(f, request);
    assert_int_equal(json_array_size(f->items), 1);
    assert_string_equal(item_text(f, 0, "number"), "3");
    assert_null(json_object_get(answer, "next"));
    json_decref(answer);
}

static void import_adds_and_replaces(void **state)
{
    struct fixture *f = *state;
    json_t *answer;

    run_ok(f, "{'command':'user add','number':'1','password':'x','name':'Bob'}");
    f->changes = 0;
    answer = run(f, "{'command':'user import','users':[{'number':'1','password':'n'},"
                    "{'number':'2','password':'n','name':'Eve'}]}");
    assert_int_equal(json_integer_value(json_object_get(answer, "added")), 1);
    assert_int_equal(json_integer_value(json_object_get(answer, "replaced")), 1);
    json_decref(answer);
    assert_int_equal(f->changes, 2);
    run_ok(f, "{'command':'user show','number':'1'}");
    assert_string_equal(item_text(f, 0, "name"), "Bob");
}

static void import_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;

    run_refused(f,
                "{'command':'user import','users':[{'number':'1','password':'n'},"
                "{'number':'2'}]}",
                "user 2 of the batch: a password is missing");
    run_refused(f, "{'command':'user import','users':[3]}", "user 1 of the batch");
    run_refused(f, "{'command':'user import'}", "list of users");
    assert_int_equal(f->changes, 0);
    run_refused(f, "{'command':'user show','number':'1'}", "no user 1");
}

static void removed_user_is_gone_with_its_bindings(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'1','password':'x'}");
    put_binding(f, "1", "sip:1@h");
    run_ok(f, "{'command':'user show','number':'1'}");
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(f->items, 0), "registrations")), 1);
    f->changes = 0;
    run_ok(f, "{'command':'user remove','number':'1'}");
    assert_int_equal(f->changes, 2);
    run_refused(f, "{'command':'user remove','number':'1'}", "no user 1");
    run_ok(f, "{'command':'registration list'}");
    assert_int_equal(json_array_size(f->items), 0);
}

static void aliases_live_and_die(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'1','password':'x'}");
    run_ok(f, "{'command':'alias add','number':'1-00','target':'1'}");
    assert_string_equal(f->change, "3 100@companyb.com 1");
    run_ok(f, "{'command':'alias add','number':'101','target':'sip:x@y.com'}");
    run_refused(f, "{'command':'alias add','number':'100','target':'2'}", "exists already");
    run_refused(f, "{'command':'alias add','number':'1','target':'2'}", "number of a user");
    run_refused(f, "{'command':'alias add','number':'5','target':'5'}", "itself");
    run_refused(f, "{'command':'alias add','number':'5','target':'http://x'}", "target");
    run_refused(f, "{'command':'alias add','number':'5'}", "\"target\" is missing");
    run_ok(f, "{'command':'alias list','limit':1,'after':'100@companyb.com'}");
    assert_int_equal(json_array_size(f->items), 1);
    assert_string_equal(item_text(f, 0, "target"), "sip:x@y.com");
    run_ok(f, "{'command':'alias remove','number':'100'}");
    run_refused(f, "{'command':'alias remove','number':'100'}", "no alias 100");
}

static void registrations_are_listed_in_pages(void **state)
{
    struct fixture *f = *state;
    json_t *answer, *item;

    put_binding(f, "2", "sip:2@h");
    put_binding(f, "1", "sip:b@h");
    put_binding(f, "1", "sip:a@h");
    answer = run(f, "{'command':'registration list','limit':2}");
    assert_int_equal(json_array_size(f->items), 2);
    assert_string_equal(item_text(f, 0, "contact"), "sip:a@h");
    assert_string_equal(item_text(f, 1, "contact"), "sip:b@h");
    assert_string_equal(json_string_value(json_object_get(answer, "next")),
                        "1@companyb.com sip:b@h");
    json_decref(answer);
    run_ok(f, "{'command':'registration list','after':'1@companyb.com sip:b@h'}");
    assert_int_equal(json_array_size(f->items), 1);
    item = json_array_get(f->items, 0);
    assert_string_equal(item_text(f, 0, "number"), "2");
    assert_string_equal(item_text(f, 0, "user-agent"), "Cisco-CP7960G/8.0");
    assert_true(json_integer_value(json_object_get(item, "expires")) > 3590);
    assert_int_equal(json_integer_value(json_object_get(item, "cseq")), 7);
    assert_true(json_real_value(json_object_get(item, "q")) == 0.5);
    run_ok(f, "{'command':'registration list','number':'1'}");
    assert_int_equal(json_array_size(f->items), 2);
}

static void registrations_are_removed(void **state)
{
    struct fixture *f = *state;

    put_binding(f, "1", "sip:a@h");
    put_binding(f, "1", "sip:b@h");
    assert_int_equal(run_number(f, "{'command':'registration remove','number':'1'}", "removed"), 2);
    assert_string_equal(f->change, "6 1@companyb.com ");
    assert_int_equal(run_number(f, "{'command':'registration remove','number':'1'}", "removed"), 0);
}

static void contact_of_any_bytes_is_shown(void **state)
{
    struct fixture *f = *state;

    put_binding(f, "1", "sip:\xff@h");
    run_ok(f, "{'command':'registration list'}");
    assert_string_equal(item_text(f, 0, "contact"), "sip:?@h");
}

static void sound_database_has_no_problems(void **state)
{
    assert_int_equal(run_number(*state, "{'command':'database check'}", "problems"), 0);
}

static void changes_survive_packing(void **state)
{
    struct change in = {.kind = CHANGE_BINDING,
                        .binding = {.number = VIEW("1"),
                                    .contact = VIEW("sip:a"),
                                    .expires = -5,
                                    .cseq = 4000000000u,
                                    .flow = {"\0x", 2}}};
    struct change out;
    struct pack k = {0};
    struct view v;

    (void)state;
    change_pack(&k, &in);
    in = (struct change){.kind = CHANGE_ALIAS, .number = VIEW("1"), .text = VIEW("2")};
    change_pack(&k, &in);
    in = (struct change){.kind = CHANGE_FORWARD,
                         .forward = {VIEW("1"), VIEW("b.com"), FORWARD_NO_ANSWER, VIEW("2"), 20}};
    change_pack(&k, &in);
    in.kind = CHANGE_FORWARD_GONE;
    change_pack(&k, &in);
    in = (struct change){
        .kind = CHANGE_GATEWAY,
        .gateway = {VIEW("g"), VIEW("sip:h"), VIEW("me"), VIEW("secret"), 1, 2, 3, true}};
    change_pack(&k, &in);
    assert_true(view_ifind(pack_bytes_view(&k), VIEW("secret")) == k.n);
    in = (struct change){.kind = CHANGE_ROUTE, .route = {VIEW("0"), VIEW("a,b"), 1, VIEW("+")}};
    change_pack(&k, &in);
    in = (struct change){.kind = CHANGE_USER_LIMIT, .number = VIEW("1"), .max_calls = 70000};
    change_pack(&k, &in);
    in = (struct change){.kind = CHANGE_USER_AUDIO, .number = VIEW("1"), .audio = AUDIO_NAT};
    change_pack(&k, &in);
    v = pack_bytes_view(&k);
    assert_true(change_unpack(&out, &v));
    assert_true(out.binding.expires == -5 && out.binding.cseq == 4000000000u);
    assert_true(view_eq(out.number, VIEW("1")) && out.binding.flow.n == 2);
    assert_true(change_unpack(&out, &v));
    assert_true(view_eq(out.text, VIEW("2")));
    assert_true(change_unpack(&out, &v));
    assert_true(view_eq(out.forward.target, VIEW("2")) && out.forward.after == 20);
    assert_true(view_eq(out.domain, VIEW("b.com")) && out.forward.kind == FORWARD_NO_ANSWER);
    assert_true(change_unpack(&out, &v));
    assert_true(out.kind == CHANGE_FORWARD_GONE && out.forward.target.n == 0);
    assert_true(change_unpack(&out, &v));
    assert_true(view_eq(out.gateway.uri, VIEW("sip:h")) && out.gateway.max_calls == 3);
    assert_true(view_eq(out.gateway.username, VIEW("me")) && out.gateway.registers);
    assert_true(change_unpack(&out, &v));
    assert_true(view_eq(out.route.gateways, VIEW("a,b")) && out.route.strip == 1);
    assert_true(view_eq(out.route.prefix, VIEW("0")) && view_eq(out.route.prepend, VIEW("+")));
    assert_true(change_unpack(&out, &v));
    assert_true(view_eq(out.number, VIEW("1")) && out.max_calls == 70000);
    assert_true(change_unpack(&out, &v));
    assert_true(view_eq(out.number, VIEW("1")) && out.audio == AUDIO_NAT);
    assert_int_equal(v.n, 0);
    assert_false(change_unpack(&out, &v));
    v = (struct view){k.p, 9};
    assert_false(change_unpack(&out, &v));
    v = VIEW("\x63");
    assert_false(change_unpack(&out, &v));
    v = VIEW("\x8\1\0\0\0001\1\0\0\0b\4"); /* no such kind of forward */
    assert_false(change_unpack(&out, &v));
    v = VIEW("\x10\1\0\0\0001\1\0\0\0b\4"); /* no such way of audio */
    assert_false(change_unpack(&out, &v));
    pack_free(&k);
}

static long fail_at;

static void *failing_malloc(size_t n)
{
    return fail_at > 0 && --fail_at == 0 ? NULL : malloc(n);
}

static void add_item(void *arg, json_t *item)
{
    char *shown = arg, *text;
    long saved = fail_at;

    fail_at = 0; /* the test's own needs are met */
    text = json_dumps(item, JSON_SORT_KEYS);
    (void)strncat(shown, text, 2000 - strlen(shown));
    free(text);
    fail_at = saved;
}

/* Runs text with the n-th allocation of jansson failing, for each n: says so or shows all. */
static void starve(struct fixture *f, const char *text)
{
    char whole[2048] = "", shown[2048];
    struct command_context context = {.store = f->store,
                                      .default_domain = VIEW("companyb.com"),
                                      .realm = VIEW("companyb.com"),
                                      .item = add_item,
                                      .arg = whole};
    json_t *request = json_loads(text, 0, NULL), *answer;
    long left;

    assert_non_null(request);
    json_decref(command_run(&context, request));
    context.arg = shown;
    for (long n = 1;; n++) {
        shown[0] = 0;
        fail_at = n;
        answer = command_run(&context, request);
        left = fail_at;
        fail_at = 0;
        if (json_is_true(json_object_get(answer, "ok")))
            assert_string_equal(shown, whole);
        else
            assert_int_equal(left, 0);
        json_decref(answer);
        if (left > 0)
            break;
    }
    json_decref(request);
}

static void starved_commands_say_so(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'user add','number':'1','password':'x'}");
    run_ok(f, "{'command':'alias add','number':'2','target':'1'}");
    run_ok(f, "{'command':'forward set','number':'1','kinds':['busy','no-answer'],'target':'2'}");
    run_ok(f, "{'command':'gateway add','name':'a','uri':'sip:h','username':'me','password':'x'}");
    run_ok(f, "{'command':'route add','prefix':'0','gateways':['a']}");
    put_binding(f, "1", "sip:a@h");
    json_set_alloc_funcs(failing_malloc, free);
    starve(f, "{\"command\":\"user show\",\"number\":\"1\"}");
    starve(f, "{\"command\":\"user list\"}");
    starve(f, "{\"command\":\"alias list\"}");
    starve(f, "{\"command\":\"forward show\"}");
    starve(f, "{\"command\":\"gateway list\"}");
    starve(f, "{\"command\":\"route list\"}");
    starve(f, "{\"command\":\"gateway password\",\"name\":\"a\",\"password\":\"y\"}");
    starve(f, "{\"command\":\"registration list\"}");
    starve(f, "{\"command\":\"database check\"}");
    json_set_alloc_funcs(malloc, free);
}

static void bans_are_made_shown_and_ended(void **state)
{
    struct fixture *f = *state;

    run_ok(f, "{'command':'ban add','address':'192.0.2.1','seconds':60}");
    assert_int_equal(atoi(f->change), CHANGE_BAN);
    run_ok(f, "{'command':'ban add','address':'2001:db8::1','seconds':'60'}");
    run_ok(f, "{'command':'ban add','address':'192.0.2.0/24'}");
    run_refused(f, "{'command':'ban add','address':'192.0.2.1/24'}", "zeros behind the prefix");
    run_refused(f, "{'command':'ban add'}", "not an address");
    run_refused(f, "{'command':'ban add','address':7}", "not an address");
    run_refused(f, "{'command':'ban add','address':'::1','seconds':0}", "from 1 to");
    run_refused(f, "{'command':'ban add','address':'::1','seconds':'x'}", "from 1 to");
    run_refused(f, "{'command':'ban add','address':'::1','seconds':31536001}", "from 1 to");
    run_ok(f, "{'command':'ban list','limit':1,'after':'192.0.2.0/24'}");
    assert_int_equal(json_array_size(f->items), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(f->items, 0), "address")),
                        "192.0.2.1");
    run_ok(f, "{'command':'ban list'}");
    assert_int_equal(json_array_size(f->items), 3);
    run_ok(f, "{'command':'ban remove','address':'2001:db8::77'}");
    assert_int_equal(atoi(f->change), CHANGE_BAN_GONE);
    run_refused(f, "{'command':'ban remove','address':'2001:db8::1'}", "is not banned");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_canonical),
        TEST(existing_user_is_refused_with_advice),
        TEST(names_are_nobody_elses),
        TEST(bad_fields_are_refused),
        TEST(password_change_keeps_the_names),
        TEST(calls_of_a_user_are_limited),
        TEST(audio_of_a_user_is_chosen),
        TEST(user_list_comes_in_pages),
        TEST(import_adds_and_replaces),
        TEST(import_is_all_or_nothing),
        TEST(removed_user_is_gone_with_its_bindings),
        TEST(aliases_live_and_die),
        TEST(bans_are_made_shown_and_ended),
        TEST(registrations_are_listed_in_pages),
        TEST(registrations_are_removed),
        TEST(contact_of_any_bytes_is_shown),
        TEST(sound_database_has_no_problems),
        TEST(starved_commands_say_so),
        cmocka_unit_test(changes_survive_packing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
