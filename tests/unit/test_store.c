/* The store on SQLite: users, aliases, bans, secrets, the journal of bindings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/store_fixture.h"

static void user_is_found_by_number_and_auth_name(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct store_user u;

    assert_int_equal(put_user(s, "5550001", "bob", "b.com", false), OK);
    assert_int_equal(s->ops->user_get(s, VIEW("5550001"), VIEW("b.com"), &u), OK);
    assert_true(view_eq(u.name, VIEW("Bob")));
    assert_true(view_eq(u.credentials.realm, VIEW("b.com")));
    assert_int_equal(s->ops->user_get(s, VIEW("bob"), VIEW("b.com"), &u), OK);
    assert_true(view_eq(u.number, VIEW("5550001")));
    assert_int_equal(s->ops->user_get(s, VIEW("bob"), VIEW("c.com"), &u), ERR_NOT_FOUND);
    assert_int_equal(s->ops->user_get(s, VIEW(""), VIEW("b.com"), &u), ERR_NOT_FOUND);
}

static void hashes_come_back_as_they_were(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct credential_set set;
    struct store_user u;

    assert_int_equal(put_user(s, "5550001", "", "b.com", false), OK);
    assert_int_equal(credential_make(&set, VIEW("5550001"), VIEW("b.com"), VIEW(""), VIEW("b.com"),
                                     VIEW("secret")),
                     OK);
    assert_int_equal(s->ops->user_get(s, VIEW("5550001"), VIEW("b.com"), &u), OK);
    assert_memory_equal(u.credentials.ha1[CREDENTIAL_NUMBER], set.ha1[CREDENTIAL_NUMBER],
                        sizeof(set.ha1[CREDENTIAL_NUMBER]));
}

static void taken_names_are_refused(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(put_user(s, "5550001", "bob", "b.com", false), OK);
    assert_int_equal(put_user(s, "5550001", "", "b.com", false), ERR_EXISTS);
    assert_non_null(strstr(s->error, "5550001"));
    assert_int_equal(put_user(s, "5550002", "bob", "b.com", false), ERR_EXISTS);
    assert_non_null(strstr(s->error, "auth name"));
    assert_int_equal(put_user(s, "5550001", "robert", "b.com", true), OK);
}

static bool count_user(void *arg, const struct store_user *u)
{
    struct seen *seen = arg;

    seen->count++;
    (void)snprintf(seen->text, sizeof(seen->text), "%.*s", VIEW_ARG(u->number));
    return seen->count < 2;
}

static void users_come_in_order_from_the_one_after(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct seen seen = {0};

    assert_int_equal(put_user(s, "3", "", "r", false), OK);
    assert_int_equal(put_user(s, "1", "", "r", false), OK);
    assert_int_equal(put_user(s, "2", "", "r", false), OK);
    assert_int_equal(s->ops->user_each(s, VIEW("1"), VIEW("b.com"), count_user, &seen), OK);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.text, "3");
}

static void limit_of_a_user_outlives_its_password(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct store_user u;

    assert_int_equal(s->ops->user_limit(s, VIEW("1"), VIEW("b.com"), 3), ERR_NOT_FOUND);
    assert_int_equal(put_user(s, "1", "bob", "r", false), OK);
    assert_int_equal(s->ops->user_get(s, VIEW("1"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.max_calls, 0);
    assert_int_equal(s->ops->user_limit(s, VIEW("1"), VIEW("b.com"), 3), OK);
    assert_int_equal(put_user(s, "1", "bob", "r", true), OK);
    assert_int_equal(s->ops->user_get(s, VIEW("bob"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.max_calls, 3);
}

static void audio_of_a_user_outlives_its_password(void **state)
{
    struct fixture *f = fixture_of(state);
    struct store *s = f->store;
    struct store_user u;

    assert_int_equal(s->ops->user_audio(s, VIEW("1"), VIEW("b.com"), AUDIO_NAT), ERR_NOT_FOUND);
    assert_int_equal(put_user(s, "1", "bob", "r", false), OK);
    assert_int_equal(s->ops->user_get(s, VIEW("1"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.audio, AUDIO_DEFAULT);
    assert_int_equal(s->ops->user_audio(s, VIEW("1"), VIEW("b.com"), AUDIO_NEVER), OK);
    assert_int_equal(put_user(s, "1", "bob", "r", true), OK);
    assert_int_equal(s->ops->user_get(s, VIEW("bob"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.audio, AUDIO_NEVER);
    assert_int_equal(u.max_calls, 0);
    assert_int_equal(s->ops->user_remove(s, VIEW("1"), VIEW("b.com")), OK);
    assert_int_equal(put_user(s, "1", "bob", "r", false), OK);
    assert_int_equal(s->ops->user_get(s, VIEW("1"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.audio, AUDIO_DEFAULT);
}

static void users_of_another_realm_are_counted(void **state)
{
    struct store *s = fixture_of(state)->store;
    uint64_t count;
    char example[256];

    assert_int_equal(put_user(s, "1", "", "old", false), OK);
    assert_int_equal(put_user(s, "2", "", "new", false), OK);
    assert_int_equal(s->ops->realm_misfits(s, VIEW("new"), &count, example), OK);
    assert_int_equal(count, 1);
    assert_string_equal(example, "old");
}

static bool see_alias(void *arg, const struct store_alias *a)
{
    struct seen *seen = arg;

    seen->count++;
    (void)snprintf(seen->text, sizeof(seen->text), "%.*s>%.*s", VIEW_ARG(a->number),
                   VIEW_ARG(a->target));
    return true;
}

static void aliases_are_put_and_removed(void **state)
{
    struct store *s = fixture_of(state)->store;
    struct store_alias a = {VIEW("100"), VIEW("b.com"), VIEW("5550001")};
    struct seen seen = {0};

    assert_int_equal(s->ops->alias_put(s, &a, false), OK);
    assert_int_equal(s->ops->alias_put(s, &a, false), ERR_EXISTS);
    a.target = VIEW("5550002");
    assert_int_equal(s->ops->alias_put(s, &a, true), OK);
    assert_int_equal(s->ops->alias_each(s, see_alias, &seen), OK);
    assert_string_equal(seen.text, "100>5550002");
    assert_int_equal(s->ops->alias_remove(s, a.number, a.domain), OK);
    assert_int_equal(s->ops->alias_remove(s, a.number, a.domain), ERR_NOT_FOUND);
}

static bool binding_is_whole(void *arg, const struct store_binding *b)
{
    *(bool *)arg = view_eq(b->call_id, VIEW("call-1")) && b->q == 700 &&
                   view_eq(b->path, VIEW("<sip:edge;lr>")) &&
                   view_eq(b->instance, VIEW("urn:uuid:1")) &&
                   view_eq(b->user_agent, VIEW("Cisco-CP7960G/8.0")) &&
                   view_eq(b->flow, (struct view){"\0\1\2", 3}) && b->registered == NOW &&
                   b->expires == NOW + 60 && view_eq(b->domain, VIEW("b.com"));
    return true;
}

static void binding_keeps_every_field(void **state)
{
    struct store *s = fixture_of(state)->store;
    bool whole = false;

    assert_int_equal(put_binding(s, "1", "sip:1@h", NOW + 60, 4000000000u), OK);
    assert_int_equal(s->ops->binding_each(s, VIEW(""), VIEW(""), NOW, binding_is_whole, &whole),
                     OK);
    assert_true(whole);
    assert_string_equal(bindings(s, "1").text, "1 sip:1@h 4000000000;");
}

static void newest_row_of_a_contact_counts(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(put_binding(s, "1", "sip:b", NOW + 60, 1), OK);
    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 2), OK);
    assert_int_equal(put_binding(s, "2", "sip:a", NOW + 60, 7), OK);
    assert_string_equal(bindings(s, "1").text, "1 sip:a 2;1 sip:b 1;");
    assert_int_equal(put_binding(s, "1", "sip:a", 0, 3), OK);
    assert_string_equal(bindings(s, "1").text, "1 sip:b 1;");
    assert_int_equal(bindings(s, "").count, 2);
    assert_int_equal(put_binding(s, "1", "sip:old", NOW, 3), OK);
    assert_int_equal(bindings(s, "1").count, 1);
}

static void empty_contact_ends_all_before_it(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(put_binding(s, "2", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(put_binding(s, "1", "", 0, 0), OK);
    assert_int_equal(put_binding(s, "1", "sip:b", NOW + 60, 2), OK);
    assert_string_equal(bindings(s, "1").text, "1 sip:b 2;");
    assert_int_equal(bindings(s, "").count, 2);
}

static void removed_user_loses_its_bindings(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->store;
    struct store_user u;

    assert_int_equal(put_user(s, "1", "", "r", false), OK);
    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(s->ops->user_remove(s, VIEW("1"), VIEW("b.com")), OK);
    assert_int_equal(s->ops->user_remove(s, VIEW("1"), VIEW("b.com")), ERR_NOT_FOUND);
    assert_int_equal(reopen(f, STORE_SERVE), OK);
    assert_int_equal(bindings(f->store, "").count, 0);
    assert_int_equal(f->store->ops->user_get(f->store, VIEW("1"), VIEW("b.com"), &u),
                     ERR_NOT_FOUND);
}

static void pruning_stops_at_the_first_live_row(void **state)
{
    struct store *s = fixture_of(state)->store;
    bool more;

    assert_int_equal(put_binding(s, "1", "sip:a", NOW - 9, 1), OK);
    assert_int_equal(put_binding(s, "2", "sip:a", NOW - 8, 1), OK);
    assert_int_equal(put_binding(s, "3", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(put_binding(s, "3", "sip:a", 0, 2), OK);
    assert_int_equal(s->ops->binding_prune(s, NOW, 1, &more), OK);
    assert_true(more);
    assert_int_equal(s->ops->binding_prune(s, NOW, 100, &more), OK);
    assert_false(more);
    /* the removal of 3 is dead, but younger than what it removes */
    assert_int_equal(bindings(s, "3").count, 0);
    assert_int_equal(s->ops->binding_prune(s, NOW + 61, 100, &more), OK);
    assert_int_equal(put_binding(s, "4", "sip:a", NOW + 60, 1), OK);
    assert_string_equal(bindings(s, "").text, "4 sip:a 1;");
}

static void rollback_keeps_nothing(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(s->ops->begin(s), OK);
    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    s->ops->rollback(s);
    assert_int_equal(bindings(s, "").count, 0);
    assert_int_equal(s->ops->begin(s), OK);
    assert_int_equal(s->ops->begin(s), OK);
    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(s->ops->commit(s), OK);
    assert_int_equal(s->ops->commit(s), OK);
    assert_int_equal(bindings(s, "").count, 1);
}

static void secret_lasts(void **state)
{
    struct fixture *f = *state;
    uint8_t a[32], b[32];

    assert_int_equal(f->store->ops->secret(f->store, "sip", a, sizeof(a)), OK);
    assert_int_equal(reopen(f, STORE_SERVE), OK);
    assert_int_equal(f->store->ops->secret(f->store, "sip", b, sizeof(b)), OK);
    assert_memory_equal(a, b, sizeof(a));
    assert_int_equal(f->store->ops->secret(f->store, "other", b, sizeof(b)), OK);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_int_equal(f->store->ops->secret(f->store, "sip", b, 16), ERR_STORE);
}

static bool see_ban(void *arg, const struct store_ban *ban)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "%.*s %lld %u %.*s;",
                   (int)ban->network.n, ban->network.p, (long long)ban->until, ban->users,
                   (int)ban->reason.n, ban->reason.p);
    return true;
}

static struct seen bans(struct store *s, const char *after)
{
    struct seen seen = {0};

    assert_int_equal(s->ops->ban_each(s, view_of(after), NOW, see_ban, &seen), OK);
    return seen;
}

static void put_ban(struct store *s, const char *network, int64_t until, uint32_t users)
{
    struct store_ban ban = {view_of(network), until, users, VIEW("why")};

    assert_int_equal(s->ops->ban_put(s, &ban), OK);
}

static void bans_are_kept_until_they_are_over(void **state)
{
    struct store *s = fixture_of(state)->store;

    put_ban(s, "192.0.2.2", NOW + 60, 10);
    put_ban(s, "192.0.2.0/24", NOW + 60, 0);
    put_ban(s, "192.0.2.9", NOW, 3);
    put_ban(s, "192.0.2.2", NOW + 90, 11);
    assert_string_equal(bans(s, "").text, "192.0.2.0/24 1000060 0 why;192.0.2.2 1000090 11 why;");
    assert_int_equal(bans(s, "192.0.2.0/24").count, 1);
    assert_int_equal(s->ops->ban_prune(s, NOW + 60), OK);
    assert_int_equal(bans(s, "").count, 1);
    assert_int_equal(s->ops->ban_remove(s, VIEW("192.0.2.2")), OK);
    assert_int_equal(s->ops->ban_remove(s, VIEW("192.0.2.2")), ERR_NOT_FOUND);
    assert_int_equal(bans(s, "").count, 0);
}

static void gathered_bindings_are_seen_and_rolled_back(void **state)
{
    struct store *s = fixture_of(state)->store;

    assert_int_equal(s->ops->begin(s), OK);
    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 2), OK);
    assert_string_equal(bindings(s, "").text, "1 sip:a 2;");
    assert_int_equal(put_binding(s, "2", "sip:a", NOW + 60, 1), OK);
    s->ops->rollback(s);
    assert_int_equal(bindings(s, "").count, 0);
    assert_int_equal(s->ops->begin(s), OK);
    assert_int_equal(put_binding(s, "3", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(s->ops->commit(s), OK);
    assert_string_equal(bindings(s, "").text, "3 sip:a 1;");
}

int main(void)
{
#define OPENED(f) cmocka_unit_test_setup_teardown(f, setup_open, teardown)
    const struct CMUnitTest tests[] = {
        OPENED(user_is_found_by_number_and_auth_name),
        OPENED(hashes_come_back_as_they_were),
        OPENED(taken_names_are_refused),
        OPENED(users_come_in_order_from_the_one_after),
        OPENED(limit_of_a_user_outlives_its_password),
        OPENED(audio_of_a_user_outlives_its_password),
        OPENED(users_of_another_realm_are_counted),
        OPENED(aliases_are_put_and_removed),
        OPENED(binding_keeps_every_field),
        OPENED(newest_row_of_a_contact_counts),
        OPENED(empty_contact_ends_all_before_it),
        OPENED(removed_user_loses_its_bindings),
        OPENED(pruning_stops_at_the_first_live_row),
        OPENED(rollback_keeps_nothing),
        OPENED(gathered_bindings_are_seen_and_rolled_back),
        OPENED(bans_are_kept_until_they_are_over),
        OPENED(secret_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
