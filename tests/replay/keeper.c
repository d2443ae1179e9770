/* The keeper of a scenario. */
#include "tests/replay/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "server/keeper_link.h"

#define USERS 16
#define HELD  64

struct account {
    char number[64], password[64];
    struct credential_set set;
};

struct question {
    uint64_t id;
    uint16_t type;
    struct view body;
};

static struct {
    struct channel *channel;
    struct account users[USERS];
    unsigned user_count;
    struct question held[HELD];
    unsigned held_count;
    bool hold;
} keeper;

static const struct account *account_of(struct view number)
{
    for (unsigned i = 0; i < keeper.user_count; i++)
        if (view_eq(view_of(keeper.users[i].number), number))
            return &keeper.users[i];
    return NULL;
}

static enum verdict verdict_by_name(struct view name, bool proven)
{
    static const struct {
        const char *name;
        enum verdict verdict;
    } names[] = {{"ok", VERDICT_OK},
                 {"denied", VERDICT_DENIED},
                 {"forbidden", VERDICT_FORBIDDEN},
                 {"unavailable", VERDICT_UNAVAILABLE}};

    if (!name.n)
        return proven ? VERDICT_OK : VERDICT_DENIED;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (view_eq(view_of(names[i].name), name))
            return names[i].verdict;
    fail("there is no verdict \"%.*s\"", VIEW_ARG(name));
}

/* Are all bindings of a REGISTER the user's own? */
static bool rows_belong(struct view rows, const struct account *user)
{
    struct store_binding row;
    bool bad = false;
    uint16_t count = unpack_u16(&rows, &bad);

    for (; count && !bad; count--) {
        binding_unpack(&row, &rows, &bad);
        if (!bad && !view_eq(row.number, view_of(user->number)))
            return false;
    }
    if (bad || rows.n)
        fail("the keeper was given bindings that it does not understand");
    return true;
}

static enum verdict verdict_of(const struct question *q, struct view name,
                               const struct account **user)
{
    struct view rest = q->body;
    struct claim claim;
    bool bad = false, proven;

    claim_unpack(&claim, &rest, &bad);
    if (bad)
        fail("the keeper was asked in a way it does not understand");
    *user = account_of(claim_user(&claim));
    proven = claim_verify(&claim, *user ? &(*user)->set : NULL);
    if (!name.n && proven && q->type == KEEPER_REGISTER && !rows_belong(rest, *user))
        return VERDICT_FORBIDDEN;
    return verdict_by_name(name, proven);
}

static void verdict_send(const struct question *q, struct view name)
{
    const struct account *user;
    struct pack k = {0};

    pack_u8(&k, (uint8_t)verdict_of(q, name, &user));
    pack_view(&k, user ? view_of(user->number) : VIEW_NONE);
    pack_view(&k, VIEW(SERVER_DOMAIN));
    (void)channel_send(keeper.channel, KEEPER_VERDICT, q->id, pack_bytes_view(&k), -1);
    pack_free(&k);
}

/* The password at every gateway is "secret", the user name is that of the gateway. */
static void response_send(const struct channel_message *m)
{
    struct view rest = m->body, name;
    char response[CLAIM_RESPONSE] = "";
    struct pack k = {0};
    struct claim claim;
    bool bad = false;

    name = unpack_view(&rest, &bad);
    claim_unpack(&claim, &rest, &bad);
    claim.username = gateway_find(stage.worker.gateways, name)->username;
    if (bad || claim_respond(response, &claim, VIEW("secret")) != OK)
        fail("the keeper was asked for a response in a way it does not understand");
    pack_view(&k, claim.username);
    pack_view(&k, view_of(response));
    (void)channel_send(keeper.channel, KEEPER_GATEWAY_RESPONSE, m->id, pack_bytes_view(&k), -1);
    pack_free(&k);
}

static void question_hold(const struct question *q)
{
    struct question *held = &keeper.held[keeper.held_count];

    if (keeper.held_count++ == HELD)
        fail("more than %d questions to the keeper", HELD);
    *held = *q;
    held->body.p = view_dup(q->body);
}

static void on_message(void *arg, const struct channel_message *m)
{
    static const char secret[32] = "a secret that outlives restarts";
    struct question q = {m->id, m->type, m->body};

    (void)arg;
    if (m->type == KEEPER_HELLO)
        (void)channel_send(keeper.channel, KEEPER_SECRET, 0, (struct view){secret, 32}, -1);
    else if (m->type == KEEPER_GATEWAY_CHALLENGE)
        response_send(m);
    else if (m->type == KEEPER_CALL)
        (void)channel_send(keeper.channel, KEEPER_CALL_KEPT, m->id, VIEW_NONE, -1);
    else if (m->type == KEEPER_BAN)
        return; /* kept for restarts only */
    else if (keeper.hold)
        question_hold(&q);
    else
        verdict_send(&q, VIEW_NONE);
}

static void on_closed(void *arg)
{
    (void)arg;
    channel_free(keeper.channel);
    keeper.channel = NULL;
}

void keeper_open(void)
{
    struct channel_handler handler = {on_message, on_closed, NULL, NULL};
    int fds[2];

    if (channel_pair(fds) != OK || channel_new(&keeper.channel, stage.base, fds[0], &handler) != OK)
        fail("no channel to the keeper");
    keeper_link_connect(&stage.worker, fds[1]);
}

static void held_forget(void)
{
    while (keeper.held_count)
        free((char *)keeper.held[--keeper.held_count].body.p);
}

void keeper_close(void)
{
    held_forget();
    channel_free(keeper.channel);
    keeper.channel = NULL;
}

void keeper_gone(void)
{
    keeper_close();
    stage_settle();
}

void keeper_back(void)
{
    keeper_open();
    stage_settle();
}

void keeper_user(struct view number, struct view password, struct view name)
{
    struct account *user = &keeper.users[keeper.user_count];
    struct change change = {
        .kind = CHANGE_USER, .number = number, .domain = VIEW(SERVER_DOMAIN), .text = name};

    if (keeper.user_count++ == USERS || !view_copy(number, user->number, sizeof(user->number)) ||
        !view_copy(password, user->password, sizeof(user->password)) ||
        credential_make(&user->set, view_of(user->number), VIEW(SERVER_DOMAIN), VIEW(""),
                        view_of(stage.config->auth.realm), view_of(user->password)) != OK ||
        location_apply(stage.worker.location, &change) != OK)
        fail("the user cannot be added");
}

void keeper_hold(bool hold)
{
    keeper.hold = hold;
}

void keeper_answer(struct view verdict)
{
    struct question q = keeper.held[0];

    if (!keeper.held_count)
        fail("the keeper was not asked");
    memmove(keeper.held, keeper.held + 1, --keeper.held_count * sizeof(q));
    verdict_send(&q, verdict);
    free((char *)q.body.p);
    stage_settle();
}

unsigned keeper_held(void)
{
    return keeper.held_count;
}
