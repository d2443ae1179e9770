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
    char *body;
    size_t size;
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

static void verdict_send(uint64_t id, struct view body, struct view name)
{
    struct claim claim;
    bool bad = false;
    const struct account *user;
    enum verdict verdict;
    struct pack k = {0};

    claim_unpack(&claim, &body, &bad);
    if (bad)
        fail("the keeper was asked in a way it does not understand");
    user = account_of(claim_user(&claim));
    verdict = verdict_by_name(name, claim_verify(&claim, user ? &user->set : NULL));
    pack_u8(&k, (uint8_t)verdict);
    pack_view(&k, user ? view_of(user->number) : VIEW_NONE);
    pack_view(&k, VIEW(SERVER_DOMAIN));
    (void)channel_send(keeper.channel, KEEPER_VERDICT, id, pack_bytes_view(&k), -1);
    pack_free(&k);
}

static void question_hold(uint64_t id, struct view body)
{
    struct question *q = &keeper.held[keeper.held_count];

    if (keeper.held_count++ == HELD)
        fail("more than %d questions to the keeper", HELD);
    *q = (struct question){id, malloc(body.n), body.n};
    memcpy(q->body, body.p, body.n);
}

static void on_message(void *arg, const struct channel_message *m)
{
    static const char secret[32] = "a secret that outlives restarts";

    (void)arg;
    if (m->type == KEEPER_HELLO)
        (void)channel_send(keeper.channel, KEEPER_SECRET, 0, (struct view){secret, 32}, -1);
    else if (keeper.hold)
        question_hold(m->id, m->body);
    else
        verdict_send(m->id, m->body, VIEW_NONE);
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
        free(keeper.held[--keeper.held_count].body);
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

void keeper_user(struct view number, struct view password)
{
    struct account *user = &keeper.users[keeper.user_count];
    struct change change = {
        .kind = CHANGE_USER, .number = number, .domain = VIEW(SERVER_DOMAIN), .text = VIEW("")};

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
    verdict_send(q.id, (struct view){q.body, q.size}, verdict);
    free(q.body);
    stage_settle();
}

unsigned keeper_held(void)
{
    return keeper.held_count;
}
