/* offhook user import: a list of any length, in batches, so that memory stays the same. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sip/number.h"

#define BATCH        10000      /* users a request */
#define BATCH_BYTES  (1u << 20) /* of their lines: the daemon takes requests of 4 MB */
#define PROBLEMS_MAX 20         /* told one by one */
#define REFUSED_MAX  100        /* one after the other: it is not the users, it is the database */

struct import {
    struct cli *cli;
    FILE *in;
    const char *name; /* of the file, in messages */
    json_t *users;    /* array: the batch */
    unsigned lines[BATCH];
    unsigned line;
    uint64_t added, replaced, problems;
    unsigned refused_in_row; /* by the server */
};

static void problem_tell(struct import *m, unsigned line, const char *text)
{
    if (++m->problems <= PROBLEMS_MAX)
        cli_fail("%s:%u: %s", m->name, line, text);
}

/* A user as a request has it; NULL when a text is not UTF-8 or there is no memory. */
static json_t *user_new(const struct csv_record *r)
{
    json_t *user = json_object();
    if (json_object_set_new(user, "number", json_string(r->fields[0])) == 0 &&
        json_object_set_new(user, "password", json_string(r->fields[1])) == 0 &&
        (!*r->fields[2] || json_object_set_new(user, "name", json_string(r->fields[2])) == 0))
        return user;
    json_decref(user);
    return NULL;
}

static void line_take(struct import *m, char *line)
{
    struct csv_record record;
    if (m->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3; /* the mark that some programs put before UTF-8 */
    if (!*line)
        return;
    const char *problem = csv_split(line, &record);
    if (!problem && m->line == 1 && csv_is_title(&record))
        return;
    if (!problem && !number_is_valid(view_of(record.fields[0])))
        problem = "the first value is neither a telephone number nor a SIP user name; right is "
                  "number,password[,name]";
    json_t *user = problem ? NULL : user_new(&record);
    if (!user)
        problem_tell(m, m->line, problem ? problem : "this is not UTF-8; save the file as UTF-8");
    else if (json_array_append_new(m->users, user) == 0)
        m->lines[json_array_size(m->users) - 1] = m->line;
    else
        problem_tell(m, m->line, error_text(ERR_MEMORY));
}

/* What the server says about a batch of one, without the words about the batch. */
static void refusal_tell(struct import *m, size_t at, const json_t *closing)
{
    struct view text = view_of(json_string_value(json_object_get(closing, "error")));
    size_t begin = view_ifind(text, VIEW("of the batch: "));
    size_t end = view_ifind(text, VIEW("; nothing of it was imported"));
    char reason[512];
    if (begin < text.n && end < text.n)
        text = (struct view){text.p + begin + 14, end - begin - 14};
    snprintf(reason, sizeof(reason), "%.*s", VIEW_ARG(text));
    problem_tell(m, m->lines[at], reason);
    m->refused_in_row++;
}

/* The closing object for users from..to of the batch; NULL when there was no answer. */
static json_t *part_send(struct import *m, size_t from, size_t to)
{
    json_t *request = cli_request(m->cli, NULL), *part = json_array(), *closing = NULL;
    bool good = request && part;
    for (size_t i = from; good && i < to; i++)
        good = json_array_append(part, json_array_get(m->users, i)) == 0;
    if (good && json_object_set(request, "users", part) == 0)
        closing = client_exchange(m->cli, request, NULL, NULL);
    json_decref(part);
    json_decref(request);
    return closing;
}

/* Imports users from..to. A refused part is halved until the user that spoils it stands alone. */
static bool part_import(struct import *m, size_t from, size_t to)
{
    json_t *closing = part_send(m, from, to);
    bool answered = closing != NULL, good = json_is_true(json_object_get(closing, "ok"));
    if (good) {
        m->added += (uint64_t)json_integer_value(json_object_get(closing, "added"));
        m->replaced += (uint64_t)json_integer_value(json_object_get(closing, "replaced"));
        m->refused_in_row = 0;
    } else if (answered && to - from == 1) {
        refusal_tell(m, from, closing);
    }
    json_decref(closing);
    if (!answered || m->refused_in_row >= REFUSED_MAX)
        return false;
    size_t middle = from + (to - from) / 2;
    return good || to - from == 1 || (part_import(m, from, middle) && part_import(m, middle, to));
}

static bool batch_import(struct import *m)
{
    size_t n = json_array_size(m->users);
    bool good = n == 0 || part_import(m, 0, n);
    json_array_clear(m->users);
    return good;
}

/* Reads lines until the batch is full; false at the end of the file. */
static bool batch_fill(struct import *m)
{
    char line[CSV_LINE_MAX + 1];
    size_t bytes = 0;
    while (json_array_size(m->users) < BATCH && bytes < BATCH_BYTES) {
        int got = csv_line(m->in, line);
        if (got == 0)
            return false;
        m->line++;
        bytes += strlen(line);
        if (got > 0)
            line_take(m, line);
        else
            problem_tell(m, m->line,
                         "the line is too long or holds a control character; right is "
                         "number,password[,name]");
    }
    return true;
}

static bool import_all(struct import *m)
{
    bool more = true;
    while (more) {
        more = batch_fill(m);
        if (!batch_import(m)) {
            cli_fail(
                "the import of %s stopped before line %u was reached; mend what is said above and "
                "import the file again",
                m->name, m->line);
            return false;
        }
    }
    if (ferror(m->in))
        cli_fail("%s: %s", m->name, strerror(errno));
    return !ferror(m->in);
}

static int import_report(const struct import *m, bool whole)
{
    if (m->cli->json)
        printf("{\"added\":%ju,\"replaced\":%ju,\"problems\":%ju}\n", (uintmax_t)m->added,
               (uintmax_t)m->replaced, (uintmax_t)m->problems);
    else
        printf("%ju user%s added, %ju replaced\n", (uintmax_t)m->added, m->added == 1 ? "" : "s",
               (uintmax_t)m->replaced);
    if (m->problems && whole)
        cli_fail("%ju line%s of %s not imported; correct %s and import the file again",
                 (uintmax_t)m->problems, m->problems == 1 ? "" : "s", m->name,
                 m->problems == 1 ? "it" : "them");
    return whole && !m->problems ? CLI_DONE : CLI_FAILED;
}

int cli_user_import(struct cli *cli)
{
    const char *path = cli->arguments[0];
    bool standard = strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "re");
    if (!in)
        return cli_fail("%s: %s; name a readable file, or - for the standard input", path,
                        strerror(errno));
    struct import *m = calloc(1, sizeof(*m));
    json_t *users = json_array();
    int status = CLI_FAILED;
    if (m && users) {
        *m = (struct import){.cli = cli, .in = in, .users = users};
        m->name = standard ? "standard input" : path;
        status = import_report(m, import_all(m));
    } else {
        cli_fail("%s: %s", path, error_text(ERR_MEMORY));
    }
    json_decref(users);
    free(m);
    if (!standard)
        fclose(in);
    return status;
}
