/* replay FILE.rpl...: plays scenarios against a worker on a virtual clock; see README.md. */
#include <stdio.h>
#include <string.h>

#include "server/trunk.h"
#include "tests/replay/compose.h"
#include "tests/replay/expect.h"
#include "tests/replay/keeper.h"

static void run_config(const struct step *s)
{
    static char bytes[1024];
    struct text line = TEXT(bytes);

    for (unsigned i = 1; i < s->word_count; i++) {
        text_view(&line, s->words[i]);
        text_string(&line, " ");
    }
    stage_configure(text_done(&line));
}

static void run_peer(const struct step *s)
{
    stage_open();
    stage_peer(s->words[1], s->words[2], view_eq(s->words[3], VIEW("tcp")));
}

static void run_user(const struct step *s)
{
    char bytes[256];
    struct text name = TEXT(bytes);

    for (unsigned i = 3; i < s->word_count; i++) {
        text_string(&name, i > 3 ? " " : "");
        text_view(&name, s->words[i]);
    }
    stage_open();
    keeper_user(s->words[1], s->words[2], text_done(&name));
}

static void run_alias(const struct step *s)
{
    struct change change = {.kind = CHANGE_ALIAS,
                            .number = s->words[1],
                            .domain = VIEW(SERVER_DOMAIN),
                            .text = s->words[2]};

    stage_open();
    if (location_apply(stage.worker.location, &change) != OK)
        fail("the alias cannot be added");
}

static void run_forward(const struct step *s)
{
    struct change change = {
        .kind = CHANGE_FORWARD,
        .number = s->words[1],
        .domain = VIEW(SERVER_DOMAIN),
        .forward = {.number = s->words[1], .domain = VIEW(SERVER_DOMAIN), .target = s->words[3]}};
    uint64_t after = FORWARD_AFTER_DEFAULT;

    stage_open();
    if (!forward_kind_parse(&change.forward.kind, s->words[2]))
        fail("a forward is always, busy, no-answer or unreachable");
    if (s->words[4].n)
        view_number(s->words[4], 180, &after);
    change.forward.after = (uint16_t)after;
    if (location_apply(stage.worker.location, &change) != OK)
        fail("the forward cannot be added: is there such a user?");
}

static void run_gateway(const struct step *s)
{
    struct change change = {.kind = CHANGE_GATEWAY,
                            .gateway = {.name = s->words[1],
                                        .uri = s->words[2],
                                        .username = VIEW(""),
                                        .password = VIEW(""),
                                        .weight = 1}};
    uint64_t priority = 1;

    stage_open();
    if (s->words[3].n)
        view_number(s->words[3], 100, &priority);
    change.gateway.priority = (uint16_t)priority;
    if (s->words[4].n)
        change.gateway.username = s->words[4];
    change.gateway.registers = view_eq(s->words[5], VIEW("register"));
    if (gateways_apply(stage.worker.gateways, &change) != OK)
        fail("the gateway cannot be added");
    if (s->words[5].n)
        trunks_update(&stage.worker);
}

static void run_capacity(const struct step *s)
{
    struct gateway *g = gateway_find(stage.worker.gateways, s->words[1]);
    uint64_t calls;

    if (!g || !view_number(s->words[2], 1000, &calls))
        fail("which gateway, and how many calls?");
    g->max_calls = (uint32_t)calls;
}

static void run_route(const struct step *s)
{
    struct change change = {.kind = CHANGE_ROUTE,
                            .route = {.prefix = s->words[1],
                                      .gateways = s->words[2],
                                      .prepend = s->words[4].n ? s->words[4] : VIEW("")}};
    uint64_t strip = 0;

    stage_open();
    if (s->words[3].n)
        view_number(s->words[3], 20, &strip);
    change.route.strip = (uint8_t)strip;
    if (gateways_apply(stage.worker.gateways, &change) != OK)
        fail("the route cannot be added");
}

static void run_limit(const struct step *s)
{
    struct change change = {
        .kind = CHANGE_USER_LIMIT, .number = s->words[1], .domain = VIEW(SERVER_DOMAIN)};
    uint64_t limit;

    stage_open();
    if (!view_number(s->words[2], 10000, &limit))
        fail("how many calls? 0: no limit");
    change.max_calls = (uint32_t)limit;
    if (location_apply(stage.worker.location, &change) != OK)
        fail("the limit cannot be set: is there such a user?");
}

/* "q=0.5", "instance=ID", "reg-id=N", "agent=NAME", or the URI. */
static void binding_word(struct store_binding *b, struct view word)
{
    uint64_t number;

    if (view_istarts(word, VIEW("q=0."))) {
        view_number(view_from(word, 4), 9, &number);
        b->q = (uint16_t)(number * 100);
    } else if (view_istarts(word, VIEW("instance="))) {
        b->instance = view_from(word, 9);
    } else if (view_istarts(word, VIEW("reg-id="))) {
        view_number(view_from(word, 7), 1000, &number);
        b->reg_id = (uint32_t)number;
    } else if (view_istarts(word, VIEW("agent="))) {
        b->user_agent = view_from(word, 6);
    } else if (word.n) {
        b->contact = word;
    }
}

static void run_binding(const struct step *s)
{
    char contact[256];
    struct text uri = TEXT(contact);
    struct peer *peer = stage_find(s->words[2]);
    uint8_t packed[FLOW_PACKED_MAX];
    struct change change = {.kind = CHANGE_BINDING};
    struct store_binding *b = &change.binding;

    text_format(&uri, "sip:%.*s@", VIEW_ARG(s->words[1]));
    stage_address(peer, &uri);
    text_string(&uri, peer->flow.transport == FLOW_TCP ? ";transport=tcp" : "");
    *b = (struct store_binding){.number = s->words[1],
                                .domain = VIEW(SERVER_DOMAIN),
                                .contact = text_done(&uri),
                                .call_id = VIEW("binding"),
                                .cseq = 1,
                                .q = 1000,
                                .path = VIEW(""),
                                .instance = VIEW(""),
                                .user_agent = VIEW(""),
                                .registered = clock_wall(),
                                .expires = clock_wall() + 3600};
    for (unsigned i = 3; i < s->word_count; i++)
        binding_word(b, s->words[i]);
    b->flow = (struct view){(char *)packed, flow_pack(&peer->flow, packed)};
    if (location_apply(stage.worker.location, &change) != OK)
        fail("the binding cannot be added: is there such a user?");
}

static void run_in(const struct step *s)
{
    stage_expect_silence();
    compose_in(s);
}

static void run_silence(const struct step *s)
{
    (void)s;
    stage_expect_silence();
}

/* "500ms", "32s". */
static void run_advance(const struct step *s)
{
    struct view text = s->words[1];
    uint64_t number, unit = 1000;

    stage_expect_silence();
    if (text.n > 2 && view_eq(view_from(text, text.n - 2), VIEW("ms")))
        unit = 1;
    text.n -= unit == 1 ? 2 : text.n ? 1 : 0;
    if (!view_number(text, 100000000, &number))
        fail("how long? as 500ms or 32s");
    stage_advance(number * unit);
}

static void run_keeper(const struct step *s)
{
    struct view what = s->words[1];

    if (view_eq(what, VIEW("hold")))
        keeper_hold(true);
    else if (view_eq(what, VIEW("prompt")))
        keeper_hold(false);
    else if (view_eq(what, VIEW("answer")))
        keeper_answer(s->words[2]);
    else if (view_eq(what, VIEW("gone")))
        keeper_gone();
    else if (view_eq(what, VIEW("back")))
        keeper_back();
    else
        fail("the keeper knows hold, prompt, answer, gone and back");
}

static void run_unreachable(const struct step *s)
{
    stage_find(s->words[1])->unreachable = true;
}

static void run_deaf(const struct step *s)
{
    stage_find(s->words[1])->deaf = true;
}

static void run_set(const struct step *s)
{
    expand_set(s->words[1], s->words[2]);
}

static void run_expect(const struct step *s)
{
    expect_value(s->words[1], s->words[2]);
}

static const struct {
    const char *name;
    void (*run)(const struct step *s);
} commands[] = {
    {"config", run_config},
    {"peer", run_peer},
    {"user", run_user},
    {"alias", run_alias},
    {"gateway", run_gateway},
    {"route", run_route},
    {"capacity", run_capacity},
    {"forward", run_forward},
    {"binding", run_binding},
    {"in", run_in},
    {"out", expect_out},
    {"advance", run_advance},
    {"silence", run_silence},
    {"keeper", run_keeper},
    {"set", run_set},
    {"expect", run_expect},
    {"unreachable", run_unreachable},
    {"deaf", run_deaf},
    {"limit", run_limit},
};

/* The words of the command with each $(...) replaced. */
static void words_expand(struct step *s)
{
    static char bytes[8192];
    struct text out = TEXT(bytes);

    for (unsigned i = 1; i < s->word_count; i++) {
        size_t start = out.n;

        expand(&out, s->words[i]);
        s->words[i] = (struct view){bytes + start, out.n - start};
    }
}

static void step_run(struct step *s)
{
    words_expand(s);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (view_eq(view_of(commands[i].name), s->words[0])) {
            commands[i].run(s);
            return;
        }
    }
    fail("there is no command \"%.*s\"", VIEW_ARG(s->words[0]));
}

int main(int argc, char **argv)
{
    static struct step step;

    if (argc != 2) {
        fprintf(stderr, "usage: replay FILE.rpl\n");
        return 2;
    }
    log_open("replay", LOG_LEVEL_ERROR);
    scenario_open(argv[1]);
    while (scenario_next(&step))
        step_run(&step);
    stage_expect_silence();
    stage_close();
    expand_forget();
    scenario_close();
    return 0;
}
