/* The file of the store: private, busy, older, newer, damaged, on a full disk, without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"

static void second_server_is_told_that_it_is_busy(void **state)
{
    struct fixture *f = *state;
    struct store *second;

    assert_int_equal(store_open(&second, f->path, STORE_SERVE, f->error), ERR_BUSY);
    assert_null(second);
    assert_non_null(strstr(f->error, "in use"));
    assert_int_equal(store_open(&second, f->path, STORE_READ, f->error), OK);
    assert_int_equal(bindings(second, "").count, 0);
    assert_int_equal(put_user(second, "1", "", "r", false), ERR_STORE);
    second->ops->close(second);
}

static void files_are_private(void **state)
{
    struct fixture *f = *state;
    const char *suffixes[] = {"", "-wal", "-shm", ".lock"};
    struct stat st;

    assert_int_equal(put_user(f->store, "1", "", "r", false), OK);
    for (size_t i = 0; i < 4; i++) {
        char name[128];

        (void)snprintf(name, sizeof(name), "%s%s", f->path, suffixes[i]);
        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void backup_is_a_private_copy(void **state)
{
    struct fixture *f = *state;
    char name[128];
    struct stat st;
    struct store *copy;
    struct store_user u;

    (void)snprintf(name, sizeof(name), "%s/copy.db", f->folder);
    assert_int_equal(put_user(f->store, "1", "", "r", false), OK);
    assert_int_equal(f->store->ops->backup(f->store, name), OK);
    assert_int_equal(f->store->ops->backup(f->store, name), ERR_EXISTS);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(store_open(&copy, name, STORE_READ, f->error), OK);
    assert_int_equal(copy->ops->user_get(copy, VIEW("1"), VIEW("b.com"), &u), OK);
    copy->ops->close(copy);
    assert_int_equal(f->store->ops->backup(f->store, "/nowhere/at/all"), ERR_SYSTEM);
}

static void check_finds_damaged_hashes(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct store_user u;

    assert_int_equal(put_user(f->store, "1", "", "r", false), OK);
    assert_int_equal(f->store->ops->check(f->store, count_problem, &seen), OK);
    assert_int_equal(seen.count, 0);
    run_sql(f->path, "UPDATE user SET hashes = x'00'");
    assert_int_equal(f->store->ops->check(f->store, count_problem, &seen), OK);
    assert_int_equal(seen.count, 1);
    assert_non_null(strstr(seen.text, "user 1@b.com"));
    assert_int_equal(f->store->ops->user_get(f->store, VIEW("1"), VIEW("b.com"), &u), ERR_STORE);
}

/* Version 1 as it was published: users, aliases and secrets. */
static const char version_1[] =
    "CREATE TABLE user ("
    " domain TEXT NOT NULL, number TEXT NOT NULL, name TEXT NOT NULL,"
    " auth_name TEXT NOT NULL, realm TEXT NOT NULL, hashes BLOB NOT NULL,"
    " PRIMARY KEY (domain, number)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX user_auth_name ON user (domain, auth_name) WHERE auth_name <> '';"
    "CREATE TABLE alias ("
    " domain TEXT NOT NULL, number TEXT NOT NULL, target TEXT NOT NULL,"
    " PRIMARY KEY (domain, number)) WITHOUT ROWID;"
    "CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id = 1869114161;"
    "PRAGMA user_version = 1;"
    "INSERT INTO user VALUES ('b.com', '1', 'Bob', '', 'r', zeroblob(192));";

static void older_file_is_migrated(void **state)
{
    struct fixture *f = *state;
    struct store_user u;
    int found, ours;

    run_sql(f->path, version_1);
    assert_int_equal(reopen(f, STORE_READ), ERR_VERSION);
    assert_non_null(strstr(f->error, "migrate"));
    assert_int_equal(reopen(f, STORE_SERVE), OK);
    assert_int_equal(f->store->ops->user_get(f->store, VIEW("1"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.audio, AUDIO_DEFAULT);
    run_sql(f->path, "UPDATE user SET audio = 9"); /* of no version */
    assert_int_equal(f->store->ops->user_get(f->store, VIEW("1"), VIEW("b.com"), &u), OK);
    assert_int_equal(u.audio, AUDIO_DEFAULT);
    assert_int_equal(put_binding(f->store, "1", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(bindings(f->store, "").count, 1);
    assert_int_equal(store_versions(f->path, &found, &ours, f->error), OK);
    assert_int_equal(found, ours);
}

static const char version_2[] =
    "CREATE TABLE binding (id INTEGER PRIMARY KEY, expires INTEGER NOT NULL,"
    " registered INTEGER NOT NULL, number TEXT NOT NULL, domain TEXT NOT NULL,"
    " contact TEXT NOT NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL, q INTEGER NOT NULL,"
    " path TEXT NOT NULL, instance TEXT NOT NULL, user_agent TEXT NOT NULL, flow BLOB NOT NULL);"
    "INSERT INTO binding VALUES (1, %d, 1, '1', 'b.com', 'sip:a', 'c', 4000000000, 1000, '', '',"
    " 'ua', x'00');"
    "INSERT INTO binding VALUES (2, %d, 1, '2', 'b.com', 'sip:a', 'c', 1, 1000, '', '', '', x'');"
    "INSERT INTO binding VALUES (3, 0, 1, '2', 'b.com', 'sip:a', 'c', 2, 1000, '', '', '', x'');"
    "PRAGMA user_version = 2;";

static void older_bindings_are_migrated(void **state)
{
    struct fixture *f = *state;
    char sql[2048];

    run_sql(f->path, version_1);
    (void)snprintf(sql, sizeof(sql), version_2, NOW + 60, NOW + 60);
    run_sql(f->path, sql);
    assert_int_equal(reopen(f, STORE_SERVE), OK);
    assert_string_equal(bindings(f->store, "").text, "1 sip:a 4000000000;");
}

static void damaged_rows_are_told(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->store;
    struct seen seen = {0};

    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    run_sql(f->path, "UPDATE journal SET bindings = substr(bindings, 1, length(bindings) - 1)");
    assert_int_equal(s->ops->binding_each(s, VIEW(""), VIEW(""), NOW, see_binding, &seen),
                     ERR_STORE);
    assert_non_null(strstr(s->error, "damaged"));
    run_sql(f->path, "UPDATE journal SET bindings = x'02'");
    assert_int_equal(s->ops->check(s, count_problem, &seen), OK);
    assert_int_equal(seen.count, 1);
}

static void newer_file_is_refused(void **state)
{
    struct fixture *f = *state;
    int found, ours;

    run_sql(f->path, version_1);
    run_sql(f->path, "PRAGMA user_version = 99");
    assert_int_equal(reopen(f, STORE_SERVE), ERR_VERSION);
    assert_non_null(strstr(f->error, "newer offhook"));
    assert_int_equal(reopen(f, STORE_READ), ERR_VERSION);
    assert_int_equal(store_versions(f->path, &found, &ours, f->error), OK);
    assert_int_equal(found, 99);
}

static void strange_files_are_refused(void **state)
{
    struct fixture *f = *state;
    FILE *file;

    assert_int_equal(reopen(f, STORE_READ), ERR_SYSTEM);
    assert_int_equal(store_open(&f->store, "postgresql://host/db", STORE_SERVE, f->error),
                     ERR_STORE);
    assert_non_null(strstr(f->error, "not supported yet"));
    assert_int_equal(store_open(&f->store, "", STORE_SERVE, f->error), ERR_STORE);
    assert_int_equal(store_open(&f->store, "/nowhere/at/all", STORE_SERVE, f->error), ERR_SYSTEM);
    run_sql(f->path, "CREATE TABLE theirs (x)");
    assert_int_equal(reopen(f, STORE_SERVE), ERR_STORE);
    assert_non_null(strstr(f->error, "another program"));
    file = fopen(f->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        (void)fprintf(file, "this is no database. ");
    (void)fclose(file);
    assert_int_equal(reopen(f, STORE_SERVE), ERR_STORE);
    assert_non_null(strstr(f->error, "not a SQLite database"));
}

static void set_file_limit(rlim_t limit)
{
    struct rlimit r;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void full_disk_fails_the_group_and_heals(void **state)
{
    struct store *s = fixture_of(state)->store;
    enum error e;

    assert_int_equal(put_binding(s, "1", "sip:a", NOW + 60, 1), OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    set_file_limit(8192);
    assert_int_equal(s->ops->begin(s), OK);
    (void)put_binding(s, "2", "sip:a", NOW + 60, 1);
    (void)put_binding(s, "3", "sip:a", NOW + 60, 1);
    e = s->ops->commit(s);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(e, ERR_STORE);
    assert_true(s->error[0] != 0);
    assert_int_equal(bindings(s, "").count, 1);
    assert_int_equal(s->ops->begin(s), OK);
    assert_int_equal(put_binding(s, "2", "sip:a", NOW + 60, 1), OK);
    assert_int_equal(s->ops->commit(s), OK);
    assert_int_equal(bindings(s, "").count, 2);
}

static void log_is_written_back(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->store;
    char blob[8000];
    struct store_binding b = {.number = VIEW("1"), .domain = VIEW("b.com"), .expires = NOW + 60};

    memset(blob, 'x', sizeof(blob));
    b.flow = (struct view){blob, sizeof(blob)};
    b.contact = VIEW("sip:a");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(s->ops->begin(s), OK);
        for (int row = 0; row < 200; row++)
            assert_int_equal(s->ops->binding_put(s, &b), OK);
        assert_int_equal(s->ops->commit(s), OK);
        s->ops->tidy(s);
    }
    /* closing waits for the thread */
    assert_int_equal(reopen(f, STORE_SERVE), OK);
    assert_int_equal(bindings(f->store, "").count, 1);
}

/* SQLite's allocator, made to fail once at the n-th call. */
static sqlite3_mem_methods real_memory;
static long fail_at;

static bool fails_now(void)
{
    return fail_at > 0 && --fail_at == 0;
}

static void *failing_malloc(int n)
{
    return fails_now() ? NULL : real_memory.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return fails_now() ? NULL : real_memory.xRealloc(p, n);
}

static int failing_memory(void)
{
    sqlite3_mem_methods failing;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
        return 1;
    failing = real_memory;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    /* without lookaside every allocation can be made to fail */
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK ||
           sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK;
}

static bool pass_forward(void *arg, const struct store_forward *f)
{
    (void)arg;
    return f->target.n > 0;
}

static bool pass_gateway(void *arg, const struct store_gateway *g)
{
    (void)arg;
    return g->uri.n > 0;
}

static bool pass_route(void *arg, const struct store_route *r)
{
    (void)arg;
    return r->gateways.n > 0;
}

static enum error use_ways(struct store *s)
{
    struct store_forward f = {VIEW("1"), VIEW("b.com"), FORWARD_BUSY, VIEW("2"), 0};
    enum error e = s->ops->forward_put(s, &f);

    e = e ? e : s->ops->forward_each(s, VIEW(""), VIEW(""), pass_forward, NULL);
    e = e ? e : s->ops->gateway_each(s, VIEW(""), pass_gateway, NULL);
    return e ? e : s->ops->route_each(s, pass_route, NULL);
}

static bool pass_call(void *arg, const struct store_call *c)
{
    (void)arg;
    return c->id != 0;
}

static enum error use_calls(struct store *s)
{
    struct store_calls all = {.before = INT64_MAX}, of_one = {VIEW("1"), 0, INT64_MAX, 0};
    struct store_call c = {.id = 1, .begun = 1, .ended = 2, .from = VIEW("sip:1@b.com")};
    bool more;
    enum error e = s->ops->call_put(s, &c);

    e = e ? e : s->ops->call_each(s, &all, pass_call, NULL);
    e = e ? e : s->ops->call_each(s, &of_one, pass_call, NULL);
    return e ? e : s->ops->call_prune(s, 2, 9, &more);
}

static enum error use_store(struct store *s)
{
    struct store_user u;
    struct seen seen = {0};
    bool more;
    enum error e = s->ops->begin(s);

    e = e ? e : put_user(s, "1", "bob", "r", true);
    e = e ? e : put_binding(s, "1", "sip:a", NOW + 60, 1);
    e = e ? e : s->ops->commit(s);
    e = e ? e : s->ops->user_get(s, VIEW("bob"), VIEW("b.com"), &u);
    e = e ? e : s->ops->binding_each(s, VIEW(""), VIEW(""), NOW, see_binding, &seen);
    e = e ? e : s->ops->binding_prune(s, NOW, 9, &more);
    e = e ? e : use_ways(s);
    e = e ? e : use_calls(s);
    e = e ? e : s->ops->user_remove(s, VIEW("1"), VIEW("b.com"));
    if (e)
        s->ops->rollback(s);
    return e;
}

static void every_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    enum error e;

    for (long n = 1;; n++) {
        fail_at = n;
        e = reopen(f, STORE_SERVE);
        if (!e)
            e = use_store(f->store);
        if (fail_at > 0)
            break;
        assert_true(e == OK || e == ERR_MEMORY);
    }
    fail_at = 0;
    assert_int_equal(e, OK);
}

int main(void)
{
#define OPENED(f) cmocka_unit_test_setup_teardown(f, setup_open, teardown)
#define CLOSED(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        OPENED(damaged_rows_are_told),       OPENED(second_server_is_told_that_it_is_busy),
        OPENED(files_are_private),           OPENED(backup_is_a_private_copy),
        OPENED(check_finds_damaged_hashes),  OPENED(full_disk_fails_the_group_and_heals),
        OPENED(log_is_written_back),         CLOSED(older_file_is_migrated),
        CLOSED(older_bindings_are_migrated), CLOSED(newer_file_is_refused),
        CLOSED(strange_files_are_refused),   CLOSED(every_allocation_may_fail),
    };

    if (failing_memory())
        return 1;

    return cmocka_run_group_tests(tests, NULL, NULL);
}
