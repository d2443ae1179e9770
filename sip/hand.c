/* A hired thread: a transport of its own, whose events go to the one that hired it. */
#include "sip/crew.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define REPORT_MS 250

struct hand {
    struct event_base *base;
    struct wheel *wheel;
    struct alarm *alarm;
    struct transport *transport;
    struct mailbox *inbox, *outbox; /* outbox: of the transport that has hired it */
    uint64_t ahead;                 /* bytes of messages on their way */
    struct timer report;
    struct crew_report told;
};

static void on_message(void *arg, const struct sip_flow *from, struct view bytes)
{
    struct hand *h = arg;

    if (crew_tell(h->outbox, CREW_RECEIVED, from, bytes) != OK) {
        tcp_close(h->transport, from); /* rather than lose one of its messages */
        return;
    }
    h->ahead += bytes.n;
    if (h->ahead > CREW_AHEAD && !h->transport->paused) /* who sends has to wait */
        h->transport->paused = clock_ms();
}

static void taken_take(struct hand *h, uint64_t bytes)
{
    h->ahead -= bytes < h->ahead ? bytes : h->ahead;
    if (h->transport->paused && h->ahead < CREW_AHEAD / 2)
        tcp_resume(h->transport);
}

static void on_broken(void *arg, const struct sip_flow *flow)
{
    struct hand *h = arg;

    (void)crew_tell(h->outbox, CREW_BROKEN, flow, VIEW_NONE);
}

static void on_refused(void *arg, const struct sip_flow *flow)
{
    struct hand *h = arg;

    (void)crew_tell(h->outbox, CREW_REFUSED, flow, VIEW_NONE);
}

/* A connection that the other side cannot be told of would never be found there. */
static void on_accepted(void *arg, const struct sip_flow *from)
{
    struct hand *h = arg;

    if (crew_tell(h->outbox, CREW_ACCEPTED, from, VIEW_NONE) != OK)
        tcp_close(h->transport, from);
}

static void on_turned(void *arg)
{
    struct hand *h = arg;

    alarm_turn(h->alarm);
}

static void on_report(struct timer *timer)
{
    struct hand *h = TIMER_OWNER(timer, struct hand, report);
    struct crew_report now = {h->transport->counts, transport_lag(h->transport)};

    if (memcmp(&now, &h->told, sizeof(now)) != 0 &&
        mailbox_post(h->outbox, CREW_REPORT, 0, (struct view){(const char *)&now, sizeof(now)},
                     VIEW_NONE) == OK)
        h->told = now;
    timer_arm(h->wheel, &h->report, REPORT_MS, on_report);
}

enum error hand_listen(struct hand *h, int fd, enum flow_transport transport,
                       const struct sockaddr *bound, unsigned index)
{
    return transport == FLOW_UDP ? transport_lend(h->transport, fd, bound, index)
                                 : transport_listen(h->transport, fd, transport, bound, index);
}

static void tls_take(struct hand *h, struct view body)
{
    struct tls *tls;

    if (body.n != sizeof(tls))
        return;
    memcpy(&tls, body.p, sizeof(tls));
    transport_set_tls(h->transport, tls);
}

/* Only the worker's thread opens connections: one that does not stand here is gone, and one that
 * takes no more bytes is closed. */
static void send_take(struct hand *h, const struct sip_flow *flow, struct view bytes)
{
    if (flow->transport == FLOW_UDP) {
        (void)transport_send(h->transport, flow, bytes);
        return;
    }
    if (!tcp_is_open(h->transport, flow)) /* the news of its end crosses this */
        h->transport->counts.send_failed++;
    else if (transport_send(h->transport, flow, bytes) != OK)
        tcp_close(h->transport, flow);
}

static void flow_take(struct hand *h, const struct letter *l)
{
    struct view body = l->body;
    struct sip_flow flow;

    if (!crew_flow(&flow, &body))
        return;
    if (l->type == CREW_SEND)
        send_take(h, &flow, body);
    else if (l->type == CREW_KEEP)
        tcp_keep(h->transport, &flow);
    else if (l->type == CREW_ADMIT)
        tcp_admit(h->transport, &flow);
    else if (l->type == CREW_CLOSE)
        tcp_close(h->transport, &flow);
}

static void on_order(void *arg, const struct letter *l)
{
    struct hand *h = arg;

    if (l->type == CREW_TLS)
        tls_take(h, l->body);
    else if (l->type == CREW_TAKEN)
        taken_take(h, l->id);
    else
        flow_take(h, l);
}

static void on_closed(void *arg)
{
    struct hand *h = arg;

    event_base_loopbreak(h->base);
}

static enum error parts_make(struct hand *h, const struct transport *owner)
{
    struct transport_handler handler = {.message = on_message,
                                        .broken = on_broken,
                                        .refused = on_refused,
                                        .accepted = on_accepted,
                                        .turned = on_turned,
                                        .arg = h};
    enum error error;

    h->base = loop_new();
    if (!h->base)
        return ERR_MEMORY;
    if ((error = wheel_new(&h->wheel, clock_ms())) != OK ||
        (error = alarm_new(&h->alarm, h->base, h->wheel)) != OK)
        return error;
    error = transport_new(&h->transport, h->base, h->wheel, &handler, owner->addresses,
                          owner->address_count);
    if (error == OK)
        h->transport->share = owner->share;
    return error;
}

enum error hand_new(struct hand **out, const struct transport *owner, struct mailbox *to)
{
    struct hand *h = calloc(1, sizeof(*h));
    struct mailbox_handler handler = {
        .letter = on_order, .emptied = on_turned, .closed = on_closed, .arg = h};
    enum error error;

    *out = NULL;
    if (!h)
        return ERR_MEMORY;
    h->outbox = to;
    error = parts_make(h, owner);
    if (error == OK)
        error = mailbox_new(&h->inbox, h->base, &handler);
    if (error == OK)
        *out = h;
    else
        hand_free(h);
    return error;
}

struct mailbox *hand_mailbox(const struct hand *h)
{
    return h->inbox;
}

void *hand_run(void *hand)
{
    struct hand *h = hand;

    (void)prctl(PR_SET_NAME, "offhook-sip+", 0, 0, 0);
    clock_update();
    timer_arm(h->wheel, &h->report, REPORT_MS, on_report);
    alarm_turn(h->alarm);
    event_base_dispatch(h->base);
    return NULL;
}

void hand_free(struct hand *h)
{
    timer_disarm(&h->report);
    transport_free(h->transport);
    mailbox_free(h->inbox);
    alarm_free(h->alarm);
    wheel_free(h->wheel);
    if (h->base)
        event_base_free(h->base);
    free(h);
}
