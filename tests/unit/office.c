/* The office: worker, listener and keeper put together. */
#include "tests/unit/office.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/keeper_link.h"

#define START_MS   1000003
#define START_WALL 1800000000

bool office_outside = true;

static const char configuration[] = "domain = {\"" OFFICE_DOMAIN "\"}\n"
                                    "listen = {\"udp:192.0.2.4:5060\"}\n"
                                    "auth { realm = \"" OFFICE_DOMAIN "\" }\n";

static void on_problem(void *arg, const char *text)
{
    (void)arg;
    log_error("%s", text);
}

static enum error capture(void *self, const struct sip_flow *to, struct view bytes)
{
    struct office *o = self;
    bool was = office_outside;

    office_outside = true;
    o->sent(o->arg, to, bytes);
    office_outside = was;
    return OK;
}

static bool proves(struct office *o, const struct claim *c, struct view *number)
{
    static const char *const numbers[] = {ANNA, BERT};

    for (int i = 0; i < 2; i++) {
        *number = view_of(numbers[i]);
        if (view_eq(claim_user(c), *number))
            return claim_verify(c, &o->users[i]);
    }
    *number = VIEW("");
    return false;
}

static void verdict_send(struct office *o, const struct channel_message *m)
{
    struct view rest = m->body, number;
    struct pack k = {0};
    struct claim c;
    bool bad = false, proven;

    claim_unpack(&c, &rest, &bad);
    proven = !bad && proves(o, &c, &number);
    o->proven += proven;
    pack_u8(&k, proven ? VERDICT_OK : VERDICT_DENIED);
    pack_view(&k, proven ? number : VIEW(""));
    pack_view(&k, VIEW(OFFICE_DOMAIN));
    (void)channel_send(o->keeper, KEEPER_VERDICT, m->id, pack_bytes_view(&k), -1);
    pack_free(&k);
}

static void on_message(void *arg, const struct channel_message *m)
{
    static const char secret[32] = "thirty-two bytes, always these.";
    struct office *o = arg;
    bool was = office_outside;

    office_outside = true;
    if (m->type == KEEPER_HELLO)
        (void)channel_send(o->keeper, KEEPER_SECRET, 0, (struct view){secret, 32}, -1);
    else if (m->type == KEEPER_CHECK || m->type == KEEPER_REGISTER)
        verdict_send(o, m);
    office_outside = was;
}

static void on_closed(void *arg)
{
    struct office *o = arg;

    channel_free(o->keeper);
    o->keeper = NULL;
}

static enum error keeper_open(struct office *o)
{
    struct channel_handler handler = {on_message, on_closed, NULL, o};
    int fds[2];

    if (channel_pair(fds) != OK || channel_new(&o->keeper, o->base, fds[0], &handler) != OK)
        return ERR_SYSTEM;
    office_outside = false;
    keeper_link_connect(&o->worker, fds[1]);
    office_settle(o);
    office_outside = true;
    return OK;
}

static enum error users_make(struct office *o)
{
    static const struct view numbers[] = {{ANNA, 7}, {BERT, 7}},
                             passwords[] = {{"secret41", 8}, {"secret42", 8}};
    enum error error = OK;

    for (int i = 0; i < 2 && error == OK; i++) {
        struct change c = {.kind = CHANGE_USER,
                           .number = numbers[i],
                           .domain = VIEW(OFFICE_DOMAIN),
                           .text = VIEW("")};

        error = location_apply(o->worker.location, &c);
        if (error == OK)
            error = credential_make(&o->users[i], numbers[i], VIEW(OFFICE_DOMAIN), VIEW(""),
                                    VIEW(OFFICE_DOMAIN), passwords[i]);
    }
    return error;
}

static enum error worker_begin(struct office *o)
{
    static struct transport_address own = {4, 24, {192, 0, 2, 4}};
    enum error error;

    o->worker.addresses = &own;
    o->worker.address_count = 1;
    office_outside = false;
    error = worker_init(&o->worker, o->base, o->config);
    if (error == OK)
        error = transport_listen(o->worker.transport, o->fd, FLOW_UDP,
                                 (const struct sockaddr *)&o->config->listens[0].address, 0);
    office_outside = true;
    o->worker.link = (struct sip_link){capture, o};
    return error == OK ? users_make(o) : error;
}

enum error office_open(struct office *o, office_sent *sent, void *arg)
{
    enum error error;

    memset(o, 0, sizeof(*o));
    clock_make_virtual(START_MS, START_WALL);
    o->sent = sent;
    o->arg = arg;
    o->base = event_base_new();
    o->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    o->config = config_parse("office", configuration, sizeof(configuration) - 1, on_problem, NULL);
    error = o->base && o->config && o->fd >= 0 ? worker_begin(o) : ERR_SYSTEM;
    if (error == OK)
        error = keeper_open(o);
    if (error != OK)
        office_close(o);
    return error;
}

void office_close(struct office *o)
{
    if (o->worker.wheel)
        worker_free(&o->worker);
    channel_free(o->keeper);
    if (o->base)
        event_base_free(o->base);
    config_free(o->config);
    if (o->fd >= 0)
        close(o->fd);
}

static enum error phone_bind(struct office *o, const char *number, const char *contact,
                             const char *host)
{
    struct sip_flow flow = {.transport = FLOW_UDP, .port = 5060, .local = {192, 0, 2, 4}};
    struct change c = {.kind = CHANGE_BINDING};
    uint8_t packed[FLOW_PACKED_MAX];

    (void)flow_set_address(&flow, view_of(host));
    c.binding = (struct store_binding){
        .number = view_of(number),
        .domain = VIEW(OFFICE_DOMAIN),
        .contact = view_of(contact),
        .expires = clock_wall() + 3600,
        .call_id = VIEW("binding"),
        .cseq = 1,
        .q = 1000,
        .flow = {(char *)packed, flow_pack(&flow, packed)},
    };
    return location_apply(o->worker.location, &c);
}

enum error office_bind(struct office *o)
{
    enum error error = phone_bind(o, ANNA, "sip:" ANNA "@192.0.2.40:5060", "192.0.2.40");

    return error ? error : phone_bind(o, BERT, "sip:" BERT "@192.0.2.41:5060", "192.0.2.41");
}

void office_settle(struct office *o)
{
    for (int i = 0; i < 6; i++) /* question out, in, verdict out, in, and what follows */
        event_base_loop(o->base, EVLOOP_NONBLOCK);
}

void office_receive(struct office *o, const char *host, uint16_t port, struct view bytes)
{
    struct sip_flow from = {.transport = FLOW_UDP, .port = port, .local = {192, 0, 2, 4}};

    (void)flow_set_address(&from, view_of(host));
    office_outside = false;
    worker_receive(&o->worker, &from, bytes);
    office_settle(o);
    office_outside = true;
}

void office_pass(struct office *o, uint64_t ms)
{
    uint64_t end = clock_ms() + ms;

    office_outside = false;
    while (clock_ms() < end) {
        uint64_t wait = wheel_wait(o->worker.wheel), left = end - clock_ms();

        clock_advance(wait == 0 ? 1 : wait < left ? wait : left);
        wheel_turn(o->worker.wheel, clock_ms());
        office_settle(o);
    }
    office_outside = true;
}

static void hash_text(struct text *out, const struct view *parts, size_t count)
{
    uint8_t digest[DIGEST_SIZE_MAX];

    if (digest_join(DIGEST_MD5, parts, count, digest) == OK)
        text_hex(out, digest, 16);
}

void office_answer(struct text *out, const char *number, const char *password, struct view method,
                   const char *uri, struct view nonce, bool qop)
{
    char ha1[32], ha2[32];
    struct text one = TEXT(ha1), two = TEXT(ha2);

    hash_text(&one, (struct view[]){view_of(number), VIEW(OFFICE_DOMAIN), view_of(password)}, 3);
    hash_text(&two, (struct view[]){method, view_of(uri)}, 2);
    text_format(out, "Digest username=\"%s\",realm=\"" OFFICE_DOMAIN "\",uri=\"%s\",nonce=\"%.*s\"",
                number, uri, VIEW_ARG(nonce));
    text_string(out, qop ? ",qop=auth,nc=00000001,cnonce=\"c\"" : "");
    text_string(out, ",algorithm=MD5,response=\"");
    if (qop)
        hash_text(out,
                  (struct view[]){text_done(&one), nonce, VIEW("00000001"), VIEW("c"), VIEW("auth"),
                                  text_done(&two)},
                  6);
    else
        hash_text(out, (struct view[]){text_done(&one), nonce, text_done(&two)}, 3);
    text_string(out, "\"");
}
