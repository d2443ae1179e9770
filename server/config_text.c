/* The file's text made ready for libconfuse, which miscounts the lines of comments, ends at a NUL
 * and puts in the values of environment variables, all without a word. */
#include <string.h>

#include "server/config_table.h"

struct cleaner {
    char *p, *end;
    int line;
    const char *problem;
};

/* Blanks n bytes, lines stay. */
static void text_blank(struct cleaner *c, size_t n)
{
    for (; n && c->p < c->end; n--, c->p++) {
        if (*c->p == '\n')
            c->line++;
        else
            *c->p = ' ';
    }
}

static void comment_blank(struct cleaner *c)
{
    const char *close = c->p[0] == '/' && c->p[1] == '*' ? strstr(c->p + 2, "*/") : NULL;
    if (close)
        text_blank(c, (size_t)(close + 2 - c->p));
    else if (c->p[0] == '/' && c->p[1] == '*')
        c->problem = "the comment that begins here has no end; close it with */";
    else
        text_blank(c, strcspn(c->p, "\n"));
}

/* Steps over a string in quotes; without an end to it libconfuse complains. */
static void string_skip(struct cleaner *c)
{
    char quote = *c->p++;
    for (; c->p < c->end && *c->p != quote && !c->problem; c->p++) {
        if (*c->p == '\\' && c->p + 1 < c->end)
            c->p++;
        else if (c->p[0] == '$' && c->p[1] == '{')
            c->problem = "\"${\" would stand for a variable of the environment; write the value";
        c->line += *c->p == '\n';
    }
}

static bool comment_begins(const char *p, bool word)
{
    return *p == '#' || (p[0] == '/' && (p[1] == '*' || (p[1] == '/' && !word)));
}

bool config_text_clean(char *text, size_t size, int *line, const char **problem)
{
    struct cleaner c = {text, text + size, 1, NULL};
    bool word = false; /* inside an unquoted value, where // is no comment */
    const char *nul = memchr(text, 0, size);
    if (nul) {
        for (; c.p < nul; c.p++)
            c.line += *c.p == '\n';
        c.problem = "has a NUL byte; the file has to be plain text";
    }
    while (c.p < c.end && !c.problem) {
        if (comment_begins(c.p, word)) {
            comment_blank(&c);
        } else if (*c.p == '"' || *c.p == '\'') {
            string_skip(&c);
            c.p += c.p < c.end;
        } else if (c.p[0] == '$' && c.p[1] == '{') {
            c.problem = "\"${\" would stand for a variable of the environment; write the value";
        } else {
            word = !strchr(" \t\r\n={}(),", *c.p);
            c.line += *c.p++ == '\n';
        }
    }
    *line = c.line;
    *problem = c.problem;
    return !c.problem;
}
