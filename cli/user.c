/* offhook user: the people whose phones may register. */
#include "cli/cli.h"

#include <string.h>

#include "db/audio.h"

static const struct output_column columns[] = {
    {"NUMBER", "number", false},
    {"DOMAIN", "domain", false},
    {"NAME", "name", false},
    {"AUTH NAME", "auth-name", false},
};

static int with_password(struct cli *cli, const char *done)
{
    char password[512];
    int status = password_get(cli, password, sizeof(password));
    if (status != CLI_DONE)
        return status;
    json_t *request =
        cli_request(cli, "number", cli->arguments[0], "password", password, "name",
                    cli_option(cli, "name"), "auth-name", cli_option(cli, "auth-name"), NULL);
    explicit_bzero(password, sizeof(password));
    return cli_act(cli, request, done);
}

int cli_user_add(struct cli *cli)
{
    return with_password(cli, "added");
}

int cli_user_password(struct cli *cli)
{
    return with_password(cli, "has a new password");
}

int cli_user_limit(struct cli *cli)
{
    const char *text = cli->arguments[1];
    char done[64];
    uint64_t most = 0;
    bool none = strcmp(text, "none") == 0;
    if (!none && (!view_number(view_of(text), 10000, &most) || most == 0))
        return cli_misuse(cli, "the limit is a number from 1 to 10000, or none");
    json_t *request = cli_request(cli, "number", cli->arguments[0], NULL);
    request = cli_request_add(cli, request, "max-calls",
                              none ? json_null() : json_integer((json_int_t)most));
    snprintf(done, sizeof(done), "may make %s call%s at a time", none ? "any number of" : text,
             most == 1 ? "" : "s");
    return cli_act(cli, request, done);
}

int cli_user_audio(struct cli *cli)
{
    static const char *const done[AUDIO_WAYS] = {
        [AUDIO_DEFAULT] = "has audio as media.anchor says",
        [AUDIO_ALWAYS] = "has all audio through the server",
        [AUDIO_NAT] = "has audio through the server where a NAT makes it necessary",
        [AUDIO_NEVER] = "has no audio through the server",
    };
    const char *word = cli->arguments[1];
    enum audio_way way;
    if (!audio_way_parse(&way, view_of(word)))
        return cli_misuse(cli, "\"%.60s\" is none of always, nat, never and default", word);
    json_t *request = cli_request(cli, "number", cli->arguments[0], "audio", word, NULL);
    return cli_act(cli, request, done[way]);
}

int cli_user_list(struct cli *cli)
{
    return output_list(cli, cli_request(cli, NULL), columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_user_remove(struct cli *cli)
{
    return cli_act(cli, cli_request(cli, "number", cli->arguments[0], NULL), "removed");
}

int cli_user_show(struct cli *cli)
{
    return output_show(cli, cli_request(cli, "number", cli->arguments[0], NULL));
}
