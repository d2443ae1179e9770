/* Lists in CSV (RFC 4180). A user list is read line by line, and a line end inside quotes is
 * refused: no number, password or name has one, and a forgotten quote spoils one line only. */
#include "cli/cli.h"

#include <string.h>
#include <strings.h>

int csv_line(FILE *in, char *line)
{
    size_t n = 0;
    bool bad = false;
    int c;
    while ((c = getc(in)) != EOF && c != '\n') {
        if (n == CSV_LINE_MAX || (c < ' ' && c != '\r'))
            bad = true;
        else
            line[n++] = (char)c;
    }
    if (c == EOF && n == 0 && !bad)
        return 0;
    if (n && line[n - 1] == '\r')
        n--;
    line[n] = '\0';
    return bad || memchr(line, '\r', n) ? -1 : 1;
}

/* Unquotes the field at *at in place and moves *at behind its comma or to the end. */
static const char *field_quoted(char **at, char **field, bool *more)
{
    char *from = *at + 1, *to = from;
    *field = to;
    while (*from && !(from[0] == '"' && from[1] != '"')) {
        from += *from == '"';
        *to++ = *from++;
    }
    if (!*from)
        return "a quote is opened and not closed; close it with \"";
    if (from[1] != ',' && from[1] != '\0')
        return "text follows a closing quote; write a quote inside a value as \"\"";
    *more = from[1] == ',';
    *at = from + 1 + *more;
    *to = '\0';
    return NULL;
}

static const char *field_plain(char **at, char **field, bool *more)
{
    char *end = *at + strcspn(*at, ",\"");
    *field = *at;
    if (*end == '"')
        return "a quote stands inside a value without quotes; write \"a \"\"b\"\" c\"";
    *more = *end == ',';
    *at = end + *more;
    *end = '\0';
    return NULL;
}

const char *csv_split(char *line, struct csv_record *out)
{
    static char none[1];
    bool more = true;
    char *at = line;
    *out = (struct csv_record){.fields = {none, none, none}};
    while (more) {
        if (out->count == 3)
            return "there are more than three values; right is number,password[,name]";
        char **field = &out->fields[out->count++];
        const char *problem =
            *at == '"' ? field_quoted(&at, field, &more) : field_plain(&at, field, &more);
        if (problem)
            return problem;
    }
    if (out->count < 2)
        return "the password is missing; right is number,password[,name]";
    if (!*out->fields[0])
        return "the number is empty; right is number,password[,name]";
    if (!*out->fields[1])
        return "the password is empty; right is number,password[,name]";
    return NULL;
}

bool csv_is_title(const struct csv_record *record)
{
    static const char *const titles[] = {"number", "password", "name"};
    for (size_t i = 0; i < record->count; i++)
        if (strcasecmp(record->fields[i], titles[i]) != 0)
            return false;
    return record->count >= 2;
}

void csv_cell(FILE *to, const char *s, char end)
{
    bool quoted = strpbrk(s, ",\"") != NULL;

    if (quoted)
        fputc('"', to);
    if (*s && strchr("=+-@", *s))
        fputc('\'', to);
    for (size_t n; *s; s += n ? n : 1) {
        n = output_control(s);
        if (*s == '"')
            fputc('"', to);
        fputc(n ? '?' : *s, to);
    }
    if (quoted)
        fputc('"', to);
    fputs(end == '\n' ? "\r\n" : ",", to);
}
