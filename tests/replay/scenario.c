/* Reading scenario files, and saying where one failed. */
#include "tests/replay/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *path;
    char *text;
    struct view rest;
    unsigned line;    /* the last one that was read */
    unsigned running; /* the line of the running step */
} scenario;

void fail(const char *format, ...)
{
    va_list arguments;

    printf("%s:%u: ", scenario.path, scenario.running);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    _exit(1);
}

void scenario_open(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t room = 0;
    ssize_t n;

    scenario.path = path;
    if (!file)
        fail("the scenario cannot be read");
    n = getdelim(&scenario.text, &room, 0, file);
    fclose(file);
    if (n <= 0)
        fail("the scenario is empty");
    scenario.rest = (struct view){scenario.text, (size_t)n};
}

void scenario_close(void)
{
    free(scenario.text);
}

static bool is_indented(struct view line)
{
    return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

static struct view line_next(void)
{
    scenario.line++;
    return view_cut(&scenario.rest, '\n');
}

static void words_cut(struct step *out, struct view command)
{
    memset(out->words, 0, sizeof(out->words));
    for (out->word_count = 0; command.n; out->word_count++) {
        if (out->word_count == STEP_WORDS)
            fail("a command has at most %d words", STEP_WORDS);
        out->words[out->word_count] = view_cut(&command, ' ');
        command = view_trim(command);
    }
}

bool scenario_next(struct step *out)
{
    struct view line = VIEW_NONE;

    while (scenario.rest.n && (!line.n || line.p[0] == '#'))
        line = view_trim(line_next());
    if (!line.n || line.p[0] == '#')
        return false;
    scenario.running = out->number = scenario.line;
    words_cut(out, line);
    for (out->line_count = 0; is_indented(scenario.rest) && out->line_count < STEP_LINES;) {
        line = view_trim(line_next());
        if (line.n && line.p[0] != '#')
            out->lines[out->line_count++] = line;
    }
    if (is_indented(scenario.rest))
        fail("a step has at most %d indented lines", STEP_LINES);
    return true;
}
