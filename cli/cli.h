/* The private face of cli/: what the files of the command `offhook` share. */
#ifndef OFFHOOK_CLI_CLI_H
#define OFFHOOK_CLI_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "db/store.h"
#include "server/config.h"

/* Exit statuses, promised to scripts. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_MISUSED = 2 };

#define CLI_OPTIONS_MAX 8
#define CLI_TEXT        768 /* bytes of a text about an error, with names of files in it */

struct cli;

/* One row of the table of commands (main.c). */
struct command {
    const char *words;   /* "user add" */
    const char *usage;   /* what follows the words */
    const char *options; /* "name= flag", = takes a value; "*": whatever follows is not looked at */
    unsigned min, max;   /* arguments beside the options */
    const char *summary; /* one line, begins in lower case */
    const char *help;    /* more, whole lines; or NULL */
    int (*run)(struct cli *cli);
};

/* What was typed, and what the command opened on the way. */
struct cli {
    const struct command *command;
    const char *config_path; /* NULL: the default file */
    bool json, help;
    char **arguments; /* borrowed from argv */
    size_t argument_count;
    struct {
        const char *name; /* points into command->options */
        size_t name_size;
        char *value; /* owned; "" for a flag */
    } options[CLI_OPTIONS_MAX];
    size_t option_count;
    struct config *config; /* by cli_config */
    struct store *store;   /* open only while no daemon serves it (local.c) */
};

/* cli.c: the state of one command */

/* Tells what, why and what to do on stderr, in one line. Returns CLI_FAILED. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Tells a wrong usage, with the usage line as a hint. Returns CLI_MISUSED. */
int cli_misuse(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The value of an option ("" for a flag), NULL when it was not given. */
const char *cli_option(const struct cli *cli, const char *name);
/* The value of an option as a number from least to most; *out keeps its value when it was not
 * given. Returns CLI_DONE, or the exit status after the problem was told. */
int cli_number(const struct cli *cli, const char *name, uint64_t least, uint64_t most,
               uint64_t *out);
/* The configuration, read on first use; NULL after a problem was told. */
const struct config *cli_config(struct cli *cli);
/* Carries out request (taken over; NULL fails) and tells "NOUN WHO done", or the closing object as
 * JSON. Returns the exit status. */
int cli_act(struct cli *cli, json_t *request, const char *done);
void cli_close(struct cli *cli);

/* arguments.c: the command line */

/* Sorts what follows the command's words into options and arguments; a password is wiped from
 * argv, where other users can see it. False with a text in problem (256 bytes) on wrong usage. */
bool arguments_parse(struct cli *cli, int argc, char **argv, char problem[256]);

/* client.c: the conversation with the daemon */

/* Told each item; false ends the conversation early. */
typedef bool client_item(void *arg, json_t *item);

/* A request for this command: its words, --domain, and pairs of key and text (a NULL text is left
 * out), ended by a NULL key. The caller owns it; NULL after a problem was told. */
json_t *cli_request(const struct cli *cli, ...);
/* Adds value (taken over; NULL fails) to request. Returns request; NULL, request given back, after
 * a problem was told. A NULL request stays one. */
json_t *cli_request_add(const struct cli *cli, json_t *request, const char *key, json_t *value);
/* Sends request to the daemon, or carries it out on the store when no daemon runs. item may be
 * NULL. Returns the closing object, owned by the caller; NULL after a problem was told. */
json_t *client_call(struct cli *cli, json_t *request, client_item *item, void *arg);
/* The same, but the closing object may be a refusal ({"ok":false}), which was not told. */
json_t *client_exchange(struct cli *cli, json_t *request, client_item *item, void *arg);
/* client_call for what only a daemon can answer. follow: wait for ever, SIGINT and SIGTERM end it
 * and
 * {"ok":true} is returned. */
json_t *client_ask(struct cli *cli, json_t *request, bool follow, client_item *item, void *arg);
/* Does a daemon answer on the control socket? */
bool client_served(struct cli *cli);

/* local.c: the store without a daemon */

/* Opens the store under the account that owns it, with its lock; text for people in error. */
enum error local_open(struct cli *cli, char error[CLI_TEXT]);
/* Carries out request on the open store; as client_call. */
json_t *local_call(struct cli *cli, json_t *request, client_item *item, void *arg);

/* password.c */

/* The password from --password, --password-stdin or the terminal into buffer. Returns CLI_DONE, or
 * the exit status after the problem was told. */
int password_get(const struct cli *cli, char *buffer, size_t size);

/* output.c: lists and texts for people */

#define OUTPUT_COLUMNS_MAX 8
#define OUTPUT_PAGE        1000 /* rows that are aligned together */

struct output_column {
    const char *title, *field;
    bool duration; /* the field counts seconds */
};

struct output {
    FILE *to;
    bool json;
    const struct output_column *columns;
    size_t column_count;
    json_t *rows; /* array: of this page, not yet printed */
    size_t widths[OUTPUT_COLUMNS_MAX];
    bool begun;
};

/* Length in bytes of the control character at s (C0, DEL, or C1 in UTF-8), else 0. */
size_t output_control(const char *s);
/* Writes s with every control character replaced: what phones send must not steer a terminal. */
void output_text(FILE *to, const char *s);
/* "59m 02s", "3d 04h 12m". */
void output_duration(int64_t seconds, char *text, size_t size);
/* A list: begin, items, end. ERR_MEMORY; output_item returns false when nobody reads any more. */
enum error output_begin(struct output *o, FILE *to, bool json, const struct output_column *columns,
                        size_t column_count);
bool output_item(void *o, json_t *item);
void output_end(struct output *o);
/* Hands item one page of what request asks for, and makes request ask for the next one. False:
 * there is no more, or nobody reads, or something went wrong and was told; *status: the exit
 * status. */
bool output_page(struct cli *cli, json_t *request, client_item *item, void *arg, int *status);
/* Lists everything that request asks for, page by page; the request is taken over. Returns the
 * exit status. */
int output_list(struct cli *cli, json_t *request, const struct output_column *columns,
                size_t column_count);
/* Shows the one item that request (taken over; NULL fails) asks for, a field a line. Returns the
 * exit status. */
int output_show(struct cli *cli, json_t *request);
/* One JSON value in one line. */
void output_json(const json_t *value);

/* moment.c: points in time, in ms since 1970 */

#define MOMENT_TEXT 40 /* bytes */

/* Reads "2026-11-26" (its beginning here), "2026-11-26T10:00[:00]" (local), the same with a Z
 * (UTC), or how long before now: "45s", "30m", "2h", "3d". False for anything else. */
bool moment_read(const char *text, int64_t now, int64_t *out);
/* "2026-11-26 11:00:00", local time. */
void moment_local(int64_t ms, char text[MOMENT_TEXT]);
/* ISO 8601: "2026-11-26T10:00:00.123Z". */
void moment_utc(int64_t ms, char text[MOMENT_TEXT]);

/* csv.c: one line of a user list; cells of other lists */

#define CSV_LINE_MAX 4096 /* bytes */

struct csv_record {
    char *fields[3]; /* number, password, name: point into the line; name may be "" */
    size_t count;
};

/* Reads the next line, without its end, into line (CSV_LINE_MAX + 1 bytes). Returns 1; 0 at the
 * end; -1 for a line that is too long or holds a control character (it is
 * skipped). */
int csv_line(FILE *in, char *line);
/* Splits a line by RFC 4180, unquoting in place. Returns NULL, or what is wrong and what would be
 * right. */
const char *csv_split(char *line, struct csv_record *out);
/* Is this record the title line "number,password[,name]"? */
bool csv_is_title(const struct csv_record *record);
/* Writes a cell by RFC 4180 and what ends it: ',', or '\n' for the end of the line. Control
 * characters are replaced; what a spreadsheet would take for a formula gets a ' in front. */
void csv_cell(FILE *to, const char *s, char end);

/* ladder.c: messages drawn between life lines */

#define LADDER_PARTIES 3   /* shown side by side */
#define LADDER_WIDTH   100 /* characters */

struct ladder {
    FILE *to;
    bool utf8;
    struct {
        char address[64], name[64];
        uint64_t used; /* number of the message that came along last */
    } parties[LADDER_PARTIES];
    size_t party_count;
    uint64_t messages;
};

/* A message between remote and this server; the texts are borrowed. */
struct ladder_message {
    const char *time;          /* "12:00:01.123" */
    const char *remote, *name; /* address and, if known, number of the other party */
    const char *label;
    bool in; /* it came from remote */
};

void ladder_init(struct ladder *l, FILE *to, bool utf8);
/* Draws one message, and the heads of the columns before it when they change. */
void ladder_draw(struct ladder *l, const struct ladder_message *m);

/* sighting.c: a trace item as the ladder shows it */

struct sighting {
    char time[32], remote[64], name[64], label[128];
    bool in;
};

/* Takes from item what the ladder needs; missing fields stay empty. */
void sighting_read(struct sighting *s, const json_t *item);

/* The commands, one file a noun. Each returns an exit status. */
int cli_user_add(struct cli *cli);
int cli_user_list(struct cli *cli);
int cli_user_show(struct cli *cli);
int cli_user_password(struct cli *cli);
int cli_user_limit(struct cli *cli);
int cli_user_audio(struct cli *cli);
int cli_user_remove(struct cli *cli);
int cli_user_import(struct cli *cli);
int cli_alias_add(struct cli *cli);
int cli_alias_list(struct cli *cli);
int cli_alias_remove(struct cli *cli);
int cli_forward_set(struct cli *cli);
int cli_forward_clear(struct cli *cli);
int cli_forward_show(struct cli *cli);
int cli_gateway_add(struct cli *cli);
int cli_gateway_list(struct cli *cli);
int cli_gateway_show(struct cli *cli);
int cli_gateway_password(struct cli *cli);
int cli_gateway_remove(struct cli *cli);
int cli_route_add(struct cli *cli);
int cli_route_list(struct cli *cli);
int cli_route_remove(struct cli *cli);
int cli_route_test(struct cli *cli);
int cli_call_list(struct cli *cli);
int cli_call_show(struct cli *cli);
int cli_call_hangup(struct cli *cli);
int cli_ban_add(struct cli *cli);
int cli_ban_list(struct cli *cli);
int cli_ban_remove(struct cli *cli);
int cli_call_history(struct cli *cli);
int cli_registration_list(struct cli *cli);
int cli_registration_remove(struct cli *cli);
int cli_status(struct cli *cli);
int cli_check(struct cli *cli);
int cli_reload(struct cli *cli);
int cli_stop(struct cli *cli);
int cli_trace(struct cli *cli);
int cli_database_backup(struct cli *cli);
int cli_database_migrate(struct cli *cli);
int cli_database_check(struct cli *cli);
int cli_later(struct cli *cli);

#endif
