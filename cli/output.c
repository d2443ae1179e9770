/* Lists for people, in aligned columns, and the same as JSON. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define CELL_MAX 768 /* bytes of a cell that is put together */

size_t output_control(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    if (p[0] < 0x20 || p[0] == 0x7f)
        return 1;
    return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

void output_text(FILE *to, const char *s)
{
    for (const char *p = s; *p;) {
        size_t n = output_control(p);
        fputc(n ? '?' : *p, to);
        p += n ? n : 1;
    }
}

/* Columns that s takes on the terminal: one a character of UTF-8. */
static size_t text_width(const char *s)
{
    size_t width = 0;
    for (const char *p = s; *p; p++) {
        if (output_control(p) == 2)
            p++;
        width += (*p & 0xc0) != 0x80 || output_control(p - 1) == 2;
    }
    return width;
}

void output_duration(int64_t seconds, char *text, size_t size)
{
    int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days > 0)
        snprintf(text, size, "%" PRId64 "d %02" PRId64 "h %02" PRId64 "m", days, hours, minutes);
    else if (hours > 0)
        snprintf(text, size, "%" PRId64 "h %02" PRId64 "m", hours, minutes);
    else if (minutes > 0)
        snprintf(text, size, "%" PRId64 "m %02" PRId64 "s", minutes, seconds % 60);
    else
        snprintf(text, size, "%" PRId64 "s", seconds);
}

/* "a, b" of an array of texts. */
static void names_join(const json_t *names, char *text, size_t size)
{
    size_t n = 0, i;
    const json_t *name;
    text[0] = 0;
    json_array_foreach(names, i, name)
    {
        int written = snprintf(text + n, size - n, "%s%s", i ? ", " : "", json_string_value(name));
        n += written > 0 ? (size_t)written : 0;
        n = n < size ? n : size - 1;
    }
}

/* The text of one cell; numbers are written into buffer. */
static const char *cell_text(const struct output_column *column, const json_t *row, char *buffer,
                             size_t size)
{
    const json_t *value = json_object_get(row, column->field);
    if (json_is_integer(value) && column->duration)
        output_duration(json_integer_value(value), buffer, size);
    else if (json_is_integer(value))
        snprintf(buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    else if (json_is_array(value))
        names_join(value, buffer, size);
    else
        return json_string_length(value) ? json_string_value(value) : "-";
    return buffer;
}

static void row_measure(struct output *o, const json_t *row)
{
    char buffer[CELL_MAX];
    for (size_t i = 0; i < o->column_count; i++) {
        size_t width = text_width(cell_text(&o->columns[i], row, buffer, sizeof(buffer)));
        if (width > o->widths[i])
            o->widths[i] = width;
    }
}

static void cell_print(const struct output *o, size_t column, const char *text)
{
    output_text(o->to, text);
    if (column + 1 == o->column_count)
        fputc('\n', o->to);
    else
        fprintf(o->to, "%*s", (int)(o->widths[column] - text_width(text) + 2), "");
}

static void rows_print(struct output *o)
{
    size_t index;
    const json_t *row;
    char buffer[CELL_MAX];
    json_array_foreach(o->rows, index, row) row_measure(o, row);
    if (!o->begun && json_array_size(o->rows))
        for (size_t i = 0; i < o->column_count; i++)
            cell_print(o, i, o->columns[i].title);
    o->begun = o->begun || json_array_size(o->rows);
    json_array_foreach(o->rows, index, row) for (size_t i = 0; i < o->column_count; i++)
        cell_print(o, i, cell_text(&o->columns[i], row, buffer, sizeof(buffer)));
    json_array_clear(o->rows);
}

enum error output_begin(struct output *o, FILE *to, bool json, const struct output_column *columns,
                        size_t column_count)
{
    *o = (struct output){.to = to, .json = json, .columns = columns};
    o->column_count = column_count < OUTPUT_COLUMNS_MAX ? column_count : OUTPUT_COLUMNS_MAX;
    for (size_t i = 0; i < o->column_count; i++)
        o->widths[i] = text_width(columns[i].title);
    o->rows = json_array();
    return o->rows ? OK : ERR_MEMORY;
}

bool output_item(void *arg, json_t *item)
{
    struct output *o = arg;
    if (o->json) {
        fputs(o->begun ? ",\n " : "[\n ", o->to);
        o->begun = true;
        json_dumpf(item, o->to, JSON_COMPACT);
    } else if (json_array_append(o->rows, item) != 0 || json_array_size(o->rows) >= OUTPUT_PAGE) {
        rows_print(o);
    }
    return !ferror(o->to);
}

void output_end(struct output *o)
{
    if (o->json)
        fputs(o->begun ? "\n]\n" : "[]\n", o->to);
    else
        rows_print(o);
    /* a person would take silence for a fault; a script reads no rows */
    if (!o->json && !o->begun && isatty(fileno(o->to)))
        fputs("none\n", o->to);
    json_decref(o->rows);
}

bool output_page(struct cli *cli, json_t *request, client_item *item, void *arg, int *status)
{
    json_t *closing = client_call(cli, request, item, arg);
    json_t *next = json_object_get(closing, "next");
    bool more = next && !json_is_null(next) && !ferror(stdout);
    *status = closing ? CLI_DONE : CLI_FAILED;
    if (more && json_object_set(request, "after", next) != 0)
        more = false;
    json_decref(closing);
    return more;
}

int output_list(struct cli *cli, json_t *request, const struct output_column *columns,
                size_t column_count)
{
    struct output o;
    int status = CLI_FAILED;
    if (!request)
        return status;
    if (output_begin(&o, stdout, cli->json, columns, column_count)) {
        json_decref(request);
        return cli_fail("%s: %s", cli->command->words, error_text(ERR_MEMORY));
    }
    while (output_page(cli, request, output_item, &o, &status)) {
    }
    if (status == CLI_DONE)
        output_end(&o);
    else
        json_decref(o.rows);
    json_decref(request);
    return status;
}

static void field_print(const char *key, const json_t *value)
{
    printf("%-14s", key);
    if (json_is_string(value))
        output_text(stdout, json_string_length(value) ? json_string_value(value) : "-");
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "yes" : "no", stdout);
    else if (json_is_null(value))
        putchar('-');
    else if (json_is_array(value))
        printf("%zu", json_array_size(value));
    else
        json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar('\n');
}

static bool item_show(void *arg, json_t *item)
{
    const struct cli *cli = arg;
    const char *key;
    json_t *value;
    if (cli->json)
        output_json(item);
    else
        json_object_foreach(item, key, value) field_print(key, value);
    return true;
}

int output_show(struct cli *cli, json_t *request)
{
    json_t *closing = request ? client_call(cli, request, item_show, cli) : NULL;
    json_decref(request);
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}

void output_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
}
