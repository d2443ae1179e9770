/* Commands on a store of its own, for tests: what they answer and change is kept. */
#include "tests/unit/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/offhook-command-XXXXXX");
    if (!mkdtemp(f->folder))
        return 1;
    (void)snprintf(f->path, sizeof(f->path), "%s/test.db", f->folder);
    f->items = json_array();
    *state = f;
    return store_open(&f->store, f->path, STORE_SERVE, f->error) != OK;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    f->store->ops->close(f->store);
    json_decref(f->items);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    free(f);
    return system(command) != 0;
}

static void keep_item(void *arg, json_t *item)
{
    (void)json_array_append(((struct fixture *)arg)->items, item);
}

static void keep_change(void *arg, const struct change *c)
{
    struct fixture *f = arg;

    f->changes++;
    (void)snprintf(f->change, sizeof(f->change), "%d %.*s@%.*s %.*s", c->kind, VIEW_ARG(c->number),
                   VIEW_ARG(c->domain), VIEW_ARG(c->text));
}

json_t *run(struct fixture *f, const char *text)
{
    struct command_context context = {.store = f->store,
                                      .default_domain = VIEW("CompanyB.com"),
                                      .realm = VIEW("companyb.com"),
                                      .item = keep_item,
                                      .changed = keep_change,
                                      .arg = f};
    char json[2048];
    json_t *request, *answer;

    (void)snprintf(json, sizeof(json), "%s", text);
    for (char *p = json; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    request = json_loads(json, 0, NULL);
    assert_non_null(request);
    (void)json_array_clear(f->items);
    answer = command_run(&context, request);
    json_decref(request);
    assert_non_null(answer);
    return answer;
}

void run_ok(struct fixture *f, const char *text)
{
    json_t *answer = run(f, text);
    const char *error = json_string_value(json_object_get(answer, "error"));

    if (error)
        print_error("%s: %s\n", text, error);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
}

void run_refused(struct fixture *f, const char *text, const char *why)
{
    json_t *answer = run(f, text);
    const char *error = json_string_value(json_object_get(answer, "error"));

    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_non_null(error);
    if (!strstr(error, why))
        print_error("%s: %s\n", text, error);
    assert_non_null(strstr(error, why));
    json_decref(answer);
}

const char *item_text(struct fixture *f, size_t index, const char *key)
{
    const char *text = json_string_value(json_object_get(json_array_get(f->items, index), key));

    return text ? text : "(none)";
}

json_int_t run_number(struct fixture *f, const char *text, const char *key)
{
    json_t *answer = run(f, text);
    json_int_t n = json_integer_value(json_object_get(answer, key));

    json_decref(answer);
    return n;
}
