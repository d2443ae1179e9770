/* The file's text made ready for libconfuse, which miscounts the lines of comments, ends at a NUL
 * and puts in the values of environment variables, all without a word. */
#include <string.h>

#include "server/config_table.h"

#define DEPTH_MAX 16

struct cleaner {
    char *p, *end;
    int line;
    int opened[DEPTH_MAX], depth; /* the lines of the braces that are open */
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

/* libconfuse takes the end of the file for the end of every section. */
static void brace_count(struct cleaner *c)
{
    if (*c->p == '{' && c->depth++ < DEPTH_MAX)
        c->opened[c->depth - 1] = c->line;
    else if (*c->p == '}' && c->depth > 0)
        c->depth--;
}

static void braces_check(struct cleaner *c)
{
    if (c->problem || !c->depth)
        return;
    c->line = c->opened[c->depth < DEPTH_MAX ? c->depth - 1 : DEPTH_MAX - 1];
    c->problem = "the { of this line has no end; close it with }";
}

static bool comment_begins(const char *p, bool word)
{
    return *p == '#' || (p[0] == '/' && (p[1] == '*' || (p[1] == '/' && !word)));
}

bool config_text_clean(char *text, size_t size, int *line, const char **problem)
{
    struct cleaner c = {.p = text, .end = text + size, .line = 1};
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
            brace_count(&c);
            word = !strchr(" \t\r\n={}(),", *c.p);
            c.line += *c.p++ == '\n';
        }
    }
    braces_check(&c);
    *line = c.line;
    *problem = c.problem;
    return !c.problem;
}
