/* offhook: the one command a person types. A table of commands, and the way from words to a row. */
#include <config.h>

#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define PASSWORD_HELP                                                                              \
    "Without --password or --password-stdin the password is asked for on the terminal. On a\n"     \
    "machine with other users prefer --password-stdin, which reads one line.\n"

static const struct command commands[] = {
    {"user add",
     "NUMBER [--password SECRET | --password-stdin] [--name TEXT] [--domain D] [--auth-name A]",
     "password= password-stdin name= domain= auth-name=", 1, 1, "adds a user",
     "NUMBER is what others dial and what the phone registers as: 5550001, alice.\n" PASSWORD_HELP,
     cli_user_add},
    {"user list", "", "", 0, 0, "lists all users", NULL, cli_user_list},
    {"user show", "NUMBER [--domain D]", "domain=", 1, 1, "shows one user", NULL, cli_user_show},
    {"user password", "NUMBER [--password SECRET | --password-stdin] [--domain D]",
     "password= password-stdin domain=", 1, 1, "changes a user's password", PASSWORD_HELP,
     cli_user_password},
    {"user limit", "NUMBER N|none [--domain D]", "domain=", 2, 2,
     "limits how many calls a user may have at a time", "N is 1 to 10000; none ends the limit.\n",
     cli_user_limit},
    {"user audio", "NUMBER always|nat|never|default [--domain D]", "domain=", 2, 2,
     "chooses whether the audio of a user's calls passes through the server",
     "nat: only where a NAT or a change between IPv4 and IPv6 makes it necessary; default: as\n"
     "media.anchor says. If caller or callee has always, it holds; else nat of either, else\n"
     "never. Acts on calls that begin from now on.\n",
     cli_user_audio},
    {"user remove", "NUMBER [--domain D]", "domain=", 1, 1, "removes a user and what it registered",
     NULL, cli_user_remove},
    {"user import", "FILE.csv [--domain D]", "domain=", 1, 1,
     "adds or replaces many users from a file",
     "Each line is number,password[,name], quoted as in RFC 4180; a first line\n"
     "number,password,name is skipped. FILE may be - for the standard input. A line that is\n"
     "wrong is told as FILE:LINE and left out; the others are imported.\n",
     cli_user_import},
    {"alias add", "NUMBER TARGET [--domain D]", "domain=", 2, 2,
     "lets another number lead to a user or a SIP URI", NULL, cli_alias_add},
    {"alias list", "", "", 0, 0, "lists all aliases", NULL, cli_alias_list},
    {"alias remove", "NUMBER [--domain D]", "domain=", 1, 1, "removes an alias", NULL,
     cli_alias_remove},
    {"forward set",
     "NUMBER --always|--busy|--no-answer|--unreachable TARGET [--after SECONDS] [--domain D]",
     "always busy no-answer unreachable after= domain=", 2, 2,
     "sends the calls of a user on to another number or a SIP URI",
     "--always: every call; --busy: when the phone is busy; --no-answer: when nobody answers\n"
     "within --after SECONDS (1 to 180, without it 20); --unreachable: when no phone is\n"
     "registered or none can be reached. Several of them may be given at once.\n",
     cli_forward_set},
    {"forward clear", "NUMBER [--always] [--busy] [--no-answer] [--unreachable] [--domain D]",
     "always busy no-answer unreachable domain=", 1, 1, "ends forwards of a user",
     "Without a kind, all of them.\n", cli_forward_clear},
    {"forward show", "[NUMBER] [--domain D]", "domain=", 0, 1,
     "shows the forwards of a user, or of all", NULL, cli_forward_show},
    {"gateway add",
     "NAME URI [--username U [--password P | --password-stdin]] [--priority N] [--weight N] "
     "[--max-calls N] [--register]",
     "username= password= password-stdin priority= weight= max-calls= register", 2, 2,
     "adds another SIP server that calls may go to",
     "URI: sip:HOST[:PORT][;transport=tcp|tls] or sips:HOST[:PORT]. With --username, the server\n"
     "answers the gateway's challenges; --register makes it register there under this name.\n"
     "The gateway with the lowest --priority (0 to 65535, without it 10) is tried first; among\n"
     "equal ones --weight (0 to 65535, without it 10) is their share of the calls.\n" PASSWORD_HELP,
     cli_gateway_add},
    {"gateway list", "", "", 0, 0, "lists all gateways",
     "PASSWORD is \"lost\" when the file with its key is gone: give it anew.\n", cli_gateway_list},
    {"gateway show", "NAME", "", 1, 1, "shows one gateway", NULL, cli_gateway_show},
    {"gateway password", "NAME [--password P | --password-stdin]", "password= password-stdin", 1, 1,
     "changes the password for a gateway", PASSWORD_HELP, cli_gateway_password},
    {"gateway remove", "NAME", "", 1, 1, "removes a gateway", NULL, cli_gateway_remove},
    {"route add", "PREFIX --gateway NAME[,NAME...] [--strip N] [--prepend DIGITS]",
     "gateway= strip= prepend=", 1, 1, "sends calls to numbers that nobody here has to gateways",
     "PREFIX is how these numbers begin; \"default\" is every number. Of several routes that fit,\n"
     "the one with the longest prefix is taken. --strip takes so many characters off the front of\n"
     "the number, --prepend then puts digits there.\n",
     cli_route_add},
    {"route list", "", "", 0, 0, "lists all routes", NULL, cli_route_list},
    {"route remove", "PREFIX", "", 1, 1, "removes a route", NULL, cli_route_remove},
    {"route test", "FROM TO", "", 2, 2, "tells where a call would go, and why",
     "FROM and TO are numbers or SIP URIs. Asked is the daemon, which has to run; nothing is "
     "called.\n",
     cli_route_test},
    {"registration list", "[NUMBER] [--domain D]", "domain=", 0, 1,
     "lists the phones that are registered now", NULL, cli_registration_list},
    {"registration remove", "NUMBER [--domain D]", "domain=", 1, 1,
     "forgets where a user is registered", "The phone comes back when it registers again.\n",
     cli_registration_remove},
    {"ban add", "ADDRESS [--seconds N]", "seconds=", 1, 1,
     "takes nothing more from an address or a network",
     "ADDRESS is 192.0.2.1, 192.0.2.0/24 or 2001:db8::/48; an IPv6 address alone means its /64.\n"
     "Without --seconds the ban lasts as long as guard.ban says.\n",
     cli_ban_add},
    {"ban list", "", "", 0, 0, "lists the addresses that are banned", NULL, cli_ban_list},
    {"ban remove", "ADDRESS", "", 1, 1, "ends a ban", NULL, cli_ban_remove},
    {"call list", "", "", 0, 0, "lists the calls that stand", NULL, cli_call_list},
    {"call show", "ID", "", 1, 1, "shows one call, and how its audio is",
     "ID is that of call list. MOS: 4.4 is as good as a desk phone gets, below 3.6 people "
     "complain.\n",
     cli_call_show},
    {"call hangup", "ID", "", 1, 1, "ends a call: both phones are told", NULL, cli_call_hangup},
    {"trace", "[--number N] [--call-id ID] [--no-follow]", "number= call-id= no-follow", 0, 0,
     "draws the messages that the daemon sees, live",
     "Begins with those the daemon remembers. --no-follow ends after them; else Ctrl-C ends.\n"
     "With --json, one object a line.\n",
     cli_trace},
    {"status", "", "", 0, 0, "tells how the daemon is; exits 1 when it does not run", NULL,
     cli_status},
    {"check", "", "", 0, 0, "checks the configuration and whether the database fits it", NULL,
     cli_check},
    {"reload", "", "", 0, 0, "lets the daemon read its configuration anew", NULL, cli_reload},
    {"stop", "", "drain", 0, 0, "ends the daemon", NULL, cli_stop},
    {"database backup", "FILE", "", 1, 1, "copies the database, also while the daemon runs", NULL,
     cli_database_backup},
    {"database migrate", "", "", 0, 0, "brings the database to this version's schema",
     "The daemon does so by itself when it starts.\n", cli_database_migrate},
    {"database check", "", "", 0, 0, "looks for damage in the database", NULL, cli_database_check},
    {"call history", "[NUMBER] [--since TIME] [--until TIME] [--limit N] [--csv]",
     "since= until= limit= csv", 0, 1, "lists the calls that are over, the newest first",
     "NUMBER: only calls from it and to it. --since, --until: only those that began at TIME or\n"
     "later, or before it; TIME is 2026-11-26, 2026-11-26T10:00:00Z (without the Z: local time),\n"
     "or how long ago, 30m, 2h or 3d. --limit: so many at most. --csv: for a spreadsheet.\n"
     "SECONDS is how long they talked, MOS how well the worse of the two heard (1 to 4.5).\n",
     cli_call_history},
    {"phone", "...", "*", 0, UINT_MAX, NULL, NULL, cli_later},
    {"hosted", "...", "*", 0, UINT_MAX, NULL, NULL, cli_later},
    {"softphone", "...", "*", 0, UINT_MAX, NULL, NULL, cli_later},
    {"flow", "...", "*", 0, UINT_MAX, NULL, NULL, cli_later},
    {"fleet", "...", "*", 0, UINT_MAX, NULL, NULL, cli_later},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* The row for the first words of argv; *words says how many it took. */
static const struct command *command_find(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *first = commands[i].words, *second = strchr(first, ' ');
        size_t n = second ? (size_t)(second - first) : strlen(first);
        if (strlen(argv[0]) != n || memcmp(argv[0], first, n) != 0)
            continue;
        *words = second ? 2 : 1;
        if (!second || (argc > 1 && strcmp(argv[1], second + 1) == 0))
            return &commands[i];
    }
    return NULL;
}

/* Is word the first of a command of two words? */
static bool group_known(const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strncmp(commands[i].words, word, n) == 0 && commands[i].words[n] == ' ')
            return true;
    return false;
}

static void help_line(const struct command *c)
{
    int written = printf("  %s %s", c->words, c->usage);
    if (written > 44)
        printf("\n%-46s%s\n", "", c->summary);
    else
        printf("%*s%s\n", 46 - written, "", c->summary);
}

/* Lists the commands that begin with group (NULL: all). */
static void help_group(const char *group)
{
    size_t n = group ? strlen(group) : 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].summary && (!n || strncmp(commands[i].words, group, n) == 0))
            help_line(&commands[i]);
}

static int help_all(void)
{
    puts("usage: offhook [-c FILE] COMMAND ... [--json]\n");
    help_group(NULL);
    puts("\n  -c FILE     another configuration file than the default");
    puts("  --json      for programs; with every command");
    puts("  --version   which version this is");
    puts("\n\"offhook help COMMAND\" tells more; so does offhook(1).");
    return CLI_DONE;
}

static int help_command(const struct command *c)
{
    printf("usage: offhook %s%s%s\n", c->words, *c->usage ? " " : "", c->usage);
    if (!c->summary) {
        puts("Comes with a later version.");
        return CLI_DONE;
    }
    printf("%c%s.\n", c->summary[0] - 'a' + 'A', c->summary + 1);
    if (c->help)
        fputs(c->help, stdout);
    return CLI_DONE;
}

static int command_unknown(const char *word)
{
    cli_fail("there is no command \"%.60s\"; \"offhook help\" lists all", word);
    return CLI_MISUSED;
}

/* offhook help [WORD...] */
static int help_run(int argc, char **argv)
{
    int words;
    if (argc == 0)
        return help_all();
    const struct command *c = command_find(argc, argv, &words);
    if (c)
        return help_command(c);
    if (!group_known(argv[0]))
        return command_unknown(argv[0]);
    help_group(argv[0]);
    return CLI_DONE;
}

static int group_incomplete(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help_run(1, argv);
    if (argc > 1)
        cli_fail("there is no command \"%s %.60s\"; \"offhook help %s\" lists what there is",
                 argv[0], argv[1], argv[0]);
    else
        cli_fail("%s what? \"offhook help %s\" lists what there is", argv[0], argv[0]);
    return CLI_MISUSED;
}

static int command_dispatch(const char *config_path, int argc, char **argv)
{
    int words;
    char problem[256];
    struct cli cli = {.config_path = config_path, .command = command_find(argc, argv, &words)};
    if (!cli.command)
        return group_known(argv[0]) ? group_incomplete(argc, argv) : command_unknown(argv[0]);
    int status;
    if (!arguments_parse(&cli, argc - words, argv + words, problem))
        status = cli_misuse(&cli, "%s", problem);
    else if (cli.help)
        status = help_command(cli.command);
    else
        status = cli.command->run(&cli);
    cli_close(&cli);
    return status;
}

/* The options before the command; *at moves behind them. -1: go on, else the exit status. */
static int options_before(int argc, char **argv, int *at, const char **config_path)
{
    for (; *at < argc && argv[*at][0] == '-'; ++*at) {
        const char *word = argv[*at];
        if (strcmp(word, "--version") == 0)
            return puts("offhook " PACKAGE_VERSION), CLI_DONE;
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            return help_all();
        if (strncmp(word, "-c", 2) != 0 || (!word[2] && *at + 1 == argc)) {
            cli_fail("%.60s is not understood here; right is offhook [-c FILE] COMMAND ..., "
                     "\"offhook help\" lists the commands",
                     word);
            return CLI_MISUSED;
        }
        *config_path = word[2] ? word + 2 : argv[++*at];
    }
    return -1;
}

static int words_run(int argc, char **argv)
{
    int at = 1;
    const char *config_path = NULL;
    int status = options_before(argc, argv, &at, &config_path);
    if (status >= 0)
        return status;
    if (at == argc) {
        cli_fail("what shall be done? \"offhook help\" lists the commands");
        return CLI_MISUSED;
    }
    if (strcmp(argv[at], "help") == 0)
        return help_run(argc - at - 1, argv + at + 1);
    return command_dispatch(config_path, argc - at, argv + at);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    log_open("offhook", LOG_LEVEL_WARNING);
    /* A reader that has seen enough (| head) ends the output, not the command's work. */
    signal(SIGPIPE, SIG_IGN);
    int status = words_run(argc, argv);
    struct stat out;
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (lost && fstat(STDOUT_FILENO, &out) == 0 && !S_ISFIFO(out.st_mode) && !S_ISSOCK(out.st_mode))
        return cli_fail("the output cannot be written; is the disk full?");
    return status;
}
