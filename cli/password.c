/* Where a password comes from: an option, a pipe or the keyboard. */
#include "cli/cli.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CONTROL_C 3

/* Reads a line without its end; false at the end of input, when it is too long or has a control
 * character (Ctrl-C arrives as one, see ask_quietly). */
static bool line_read(char *buffer, size_t size)
{
    size_t n = 0;
    int c;

    while ((c = getchar()) != EOF && c != '\n' && c != CONTROL_C && n + 1 < size)
        buffer[n++] = (char)c;
    if (n > 0 && buffer[n - 1] == '\r')
        n--;
    buffer[n] = '\0';
    if ((c != '\n' && c != EOF) || (c == EOF && n == 0))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)buffer[i] < ' ')
            return false;
    return true;
}

static bool ask_quietly(const char *question, char *buffer, size_t size)
{
    struct termios before, quiet;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    quiet = before;
    /* Without ISIG, Ctrl-C is a character, which ends the line: the terminal is never left mute. */
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_cc[VEOL] = CONTROL_C;
    fprintf(stderr, "%s: ", question);
    fflush(stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    bool good = line_read(buffer, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return good;
}

static int password_ask(char *buffer, size_t size)
{
    char again[512];
    if (!ask_quietly("Password", buffer, size) || !*buffer)
        return cli_fail("no password was given; nothing is changed");
    bool same = ask_quietly("Once more", again, sizeof(again)) && strcmp(buffer, again) == 0;
    explicit_bzero(again, sizeof(again));
    return same ? CLI_DONE : cli_fail("the two passwords differ; nothing is changed");
}

int password_get(const struct cli *cli, char *buffer, size_t size)
{
    const char *given = cli_option(cli, "password");
    if (given && cli_option(cli, "password-stdin"))
        return cli_misuse(cli, "give --password or --password-stdin, not both");
    if (given) {
        if (!*given || !view_copy(view_of(given), buffer, size))
            return cli_misuse(cli, "a password has 1 to %zu bytes", size - 1);
        return CLI_DONE;
    }
    if (cli_option(cli, "password-stdin")) {
        if (!line_read(buffer, size) || !*buffer)
            return cli_fail("no password of 1 to %zu bytes came on the standard input", size - 1);
        return CLI_DONE;
    }
    if (isatty(STDIN_FILENO))
        return password_ask(buffer, size);
    return cli_misuse(cli, "there is no terminal to ask for the password; give it with "
                           "--password-stdin or --password");
}
