/* A store on SQLite in a folder of its own, for tests. */
#include "tests/unit/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture *fixture_of(void **state)
{
    return *state;
}

enum error reopen(struct fixture *f, enum store_mode mode)
{
    if (f->store)
        f->store->ops->close(f->store);
    f->store = NULL;
    return store_open(&f->store, f->path, mode, f->error);
}

int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/offhook-store-XXXXXX");
    if (!mkdtemp(f->folder))
        return 1;
    (void)snprintf(f->path, sizeof(f->path), "%s/test.db", f->folder);
    *state = f;
    return 0;
}

int setup_open(void **state)
{
    return setup(state) || reopen(*state, STORE_SERVE) != OK;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    if (f->store)
        f->store->ops->close(f->store);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    free(f);
    return system(command) != 0;
}

enum error put_user(struct store *s, const char *number, const char *auth_name, const char *realm,
                    bool replace)
{
    struct store_user u = {.number = view_of(number), .domain = VIEW("b.com"), .name = VIEW("Bob")};

    if (credential_make(&u.credentials, u.number, u.domain, view_of(auth_name), view_of(realm),
                        VIEW("secret")))
        return ERR_SYSTEM;
    return s->ops->user_put(s, &u, replace);
}

enum error put_binding(struct store *s, const char *number, const char *contact, int64_t expires,
                       uint32_t cseq)
{
    struct store_binding b = {.number = view_of(number),
                              .domain = VIEW("b.com"),
                              .contact = view_of(contact),
                              .expires = expires,
                              .call_id = VIEW("call-1"),
                              .cseq = cseq,
                              .q = 700,
                              .path = VIEW("<sip:edge;lr>"),
                              .instance = VIEW("urn:uuid:1"),
                              .user_agent = VIEW("Cisco-CP7960G/8.0"),
                              .flow = {"\0\1\2", 3},
                              .registered = NOW};

    return s->ops->binding_put(s, &b);
}

bool see_binding(void *arg, const struct store_binding *b)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "%.*s %.*s %u;", VIEW_ARG(b->number),
                   VIEW_ARG(b->contact), b->cseq);
    return true;
}

struct seen bindings(struct store *s, const char *number)
{
    struct seen seen = {0};

    assert_int_equal(
        s->ops->binding_each(s, view_of(number), VIEW("b.com"), NOW, see_binding, &seen), OK);
    return seen;
}

void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void count_problem(void *arg, const char *text)
{
    struct seen *seen = arg;

    seen->count++;
    (void)snprintf(seen->text, sizeof(seen->text), "%s", text);
}
