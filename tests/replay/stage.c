/* The stage: worker, peers and captured messages. */
#include "tests/replay/stage.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/replay/keeper.h"

#define START_MS   1000000
#define START_WALL 1800000000

struct stage stage = {.packets_end = &stage.packets};

static char config_bytes[4096];
static struct text config_text = TEXT(config_bytes);
static int sockets[2] = {-1, -1};

void stage_configure(struct view text)
{
    if (stage.base)
        fail("config has to come first");
    text_view(&config_text, text);
    text_string(&config_text, "\n");
}

static void on_problem(void *arg, const char *text)
{
    (void)arg;
    fail("configuration: %s", text);
}

static struct peer *peer_of(const struct sip_flow *flow)
{
    for (unsigned i = 0; i < stage.peer_count; i++)
        if (flow_same_peer(&stage.peers[i].flow, flow))
            return &stage.peers[i];
    return NULL;
}

static enum error capture(void *self, const struct sip_flow *to, struct view bytes)
{
    struct peer *peer = peer_of(to);
    struct packet *packet;
    char text[FLOW_TEXT_MAX];

    (void)self;
    if (!peer)
        fail("a message left for %s, where no peer is:\n%.*s", flow_text(to, text),
             VIEW_ARG(bytes));
    if (peer->unreachable)
        return ERR_CLOSED;
    if (peer->deaf && view_istarts(bytes, VIEW("OPTIONS ")))
        return OK;
    packet = calloc(1, sizeof(*packet));
    *packet = (struct packet){.peer = peer, .at = clock_ms(), .bytes = {view_dup(bytes), bytes.n}};
    *stage.packets_end = packet;
    stage.packets_end = &packet->next;
    return OK;
}

/* The socket never carries a byte; the worker takes it for one bound to the server's address. */
static void listen_on(enum flow_transport transport, const struct sockaddr_in *bound)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, transport == FLOW_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
        (transport == FLOW_TCP && listen(fd, 1) < 0) ||
        transport_listen(stage.worker.transport, fd, transport, (const struct sockaddr *)bound,
                         transport) != OK)
        fail("no socket on loopback");
    sockets[transport] = fd;
}

static void addresses_make(struct worker *w)
{
    struct sip_flow own = {0};

    w->addresses = calloc(1, sizeof(*w->addresses));
    w->address_count = 1;
    flow_set_address(&own, VIEW(SERVER_ADDRESS));
    w->addresses[0] = (struct transport_address){.family = 4, .prefix = 24};
    memcpy(w->addresses[0].address, own.address, sizeof(own.address));
}

void stage_open(void)
{
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
    struct worker *w = &stage.worker;

    if (stage.base)
        return;
    /* what a scenario does wrong is judged by the guard only if the scenario is about it */
    if (view_ifind(text_done(&config_text), VIEW("guard")) == config_text.n)
        text_string(&config_text, "guard { trusted = {\"0.0.0.0/0\"} }\n");
    text_string(&config_text, "domain = {\"" SERVER_DOMAIN "\"}\n");
    stage.config = config_parse("config", config_bytes, config_text.n, on_problem, NULL);
    stage.base = event_base_new();
    clock_make_virtual(START_MS, START_WALL);
    addresses_make(w);
    if (!stage.config || worker_init(w, stage.base, stage.config) != OK)
        fail("the worker cannot be built");
    w->link = (struct sip_link){capture, NULL};
    inet_pton(AF_INET, SERVER_ADDRESS, &bound.sin_addr);
    listen_on(FLOW_UDP, &bound);
    listen_on(FLOW_TCP, &bound);
    keeper_open();
    stage_settle();
}

void stage_close(void)
{
    if (!stage.base)
        return;
    worker_free(&stage.worker);
    free(stage.worker.addresses);
    keeper_close();
    event_base_free(stage.base);
    config_free(stage.config);
    for (int i = 0; i < 2; i++)
        close(sockets[i]);
    while (stage.packets) {
        struct packet *packet = stage.packets;

        stage.packets = packet->next;
        free((char *)packet->bytes.p);
        free(packet);
    }
}

void stage_peer(struct view name, struct view address, bool tcp)
{
    struct peer *peer = &stage.peers[stage.peer_count];
    struct view port = address, host = view_cut(&port, ':');
    uint64_t number;

    if (stage.peer_count++ == sizeof(stage.peers) / sizeof(stage.peers[0]) ||
        !view_copy(name, peer->name, sizeof(peer->name)) || !flow_set_address(&peer->flow, host) ||
        !view_number(port, 65535, &number))
        fail("a peer is a short name and an address as 192.0.2.10:5060");
    peer->flow.port = (uint16_t)number;
    peer->flow.transport = peer->flow.listener = tcp ? FLOW_TCP : FLOW_UDP;
    memcpy(peer->flow.local, stage.worker.addresses[0].address, sizeof(peer->flow.local));
}

struct peer *stage_find(struct view name)
{
    for (unsigned i = 0; i < stage.peer_count; i++)
        if (view_eq(view_of(stage.peers[i].name), name))
            return &stage.peers[i];
    fail("there is no peer called \"%.*s\"", VIEW_ARG(name));
}

void stage_address(const struct peer *peer, struct text *out)
{
    flow_address_text(peer->flow.address, peer->flow.family, true, out);
    text_string(out, ":");
    text_number(out, peer->flow.port);
}

void stage_settle(void)
{
    for (int i = 0; i < 8; i++) {
        worker_turn(&stage.worker);
        event_base_loop(stage.base, EVLOOP_NONBLOCK);
    }
}

void stage_receive(struct peer *peer, struct view bytes)
{
    worker_receive(&stage.worker, &peer->flow, bytes);
    stage_settle();
}

void stage_advance(uint64_t ms)
{
    while (ms) {
        uint64_t wait = wheel_wait(stage.worker.wheel);
        uint64_t step = wait == 0 ? 1 : wait < ms ? wait : ms;

        clock_advance(step);
        ms -= step;
        stage_settle();
    }
}

void stage_expect_silence(void)
{
    for (const struct packet *p = stage.packets; p; p = p->next)
        if (!p->taken)
            fail("expected nothing more, but this left for %s:\n%.*s", p->peer->name,
                 VIEW_ARG(p->bytes));
}

struct packet *stage_next(const struct peer *peer)
{
    for (struct packet *p = stage.packets; p; p = p->next)
        if (!p->taken && p->peer == peer)
            return p;
    return NULL;
}

static bool is_kind(const struct packet *p, struct view kind)
{
    struct view rest = p->bytes, first = view_cut(&rest, ' ');

    return !kind.n || view_eq(first, kind) || view_eq(view_cut(&rest, ' '), kind);
}

struct packet *stage_last(const struct peer *peer, struct view kind)
{
    struct packet *last = NULL;

    for (struct packet *p = stage.packets; p; p = p->next)
        if (p->taken && p->peer == peer && is_kind(p, kind))
            last = p;
    return last;
}
