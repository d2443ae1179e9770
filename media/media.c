/* The media role's work: messages from the sip role, and the clock. */
#include "media/media.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "media/session.h"

#define TICK_MS      250
#define SLICE        1024      /* calls told of at a time */
#define QUEUED_MOST  (4 << 20) /* bytes */
#define TELL_AGAIN   10000     /* ms until a call that is silent is reported again */
#define PAUSED_TIMES 30        /* a call on hold may be silent for so many times longer */

struct media {
    struct media_options options;
    struct event_base *base;
    struct channel *sip;
    int sip_fd; /* its descriptor */
    struct sessions sessions;
    struct event *tick, *tell;
    size_t told; /* of the ledger, to a sip role that is new */
};

static void message_send(struct media *m, enum media_message type, uint64_t id,
                         const struct pack *body)
{
    if (!m->sip || body->error ||
        channel_send(m->sip, (uint16_t)type, id, pack_bytes_view(body), -1))
        log_error("a message to the sip role was lost");
}

static void on_want(void *arg, const struct media_address *host, unsigned count)
{
    struct media *m = arg;

    m->options.want(m->options.arg, host, count);
}

static void on_stock(void *arg, const struct pair *pair)
{
    struct pack body = {0};

    media_address_pack(&body, &pair->local);
    message_send(arg, MEDIA_PAIR, 0, &body);
    pack_free(&body);
}

static void on_none(void *arg, const struct media_address *host)
{
    struct pack body = {0};

    media_address_pack(&body, host);
    message_send(arg, MEDIA_SHORT, 0, &body);
    pack_free(&body);
}

static void reports_pack(struct media *m, struct pack *k, const struct session *s)
{
    for (int i = 0; s && i < STREAMS_MAX; i++)
        if (s->streams[i]) {
            struct report r;

            relay_count(m->sessions.relay, s->streams[i]);
            r = report_make(s->streams[i]->entry);
            report_pack(k, &r);
        }
}

static void call_close(struct media *m, uint64_t id)
{
    struct session *s = session_find(&m->sessions, id);
    struct pack body = {0};

    reports_pack(m, &body, s);
    message_send(m, MEDIA_CLOSED, id, &body);
    pack_free(&body);
    if (s)
        session_close(&m->sessions, s);
}

/* The sip role is a new one: it is told of the calls that stand, the others are over. */
static void call_tell(struct media *m, struct session *s)
{
    struct pack body = {0};

    if (!s->entry->standing) {
        session_close(&m->sessions, s);
        return;
    }
    pack_u8(&body, true);
    pack_bytes(&body, s->entry->record, s->entry->record_size);
    message_send(m, MEDIA_RECORD, s->id, &body);
    for (int i = 0; i < STREAMS_MAX; i++)
        if (s->streams[i]) {
            pack_reset(&body);
            stream_pack(&body, &s->streams[i]->entry->is);
            message_send(m, MEDIA_STREAM, s->id, &body);
        }
    pack_free(&body);
}

/* Tells of some more; all of them at once may be more than the channel takes. */
static void on_tell(evutil_socket_t fd, short what, void *arg)
{
    const struct timeval soon = {0, 1000};
    const struct pack none = {0};
    struct media *m = arg;
    struct ledger_call *call = NULL;

    (void)fd;
    (void)what;
    for (int i = 0; i < SLICE && channel_queued(m->sip) < QUEUED_MOST; i++) {
        struct session *s;

        if (!(call = ledger_next_call(m->sessions.ledger, &m->told)))
            break;
        if ((s = session_find(&m->sessions, call->id)))
            call_tell(m, s);
    }
    if (call || channel_queued(m->sip) >= QUEUED_MOST)
        event_add(m->tell, &soon);
    else
        message_send(m, MEDIA_WELCOME, 0, &none);
}

static void name_forget(struct table_node *node, void *arg)
{
    (void)arg;
    ((struct session *)(void *)node)->named = false;
}

static void hello(struct media *m, bool fresh)
{
    pairs_return_stock(m->sessions.pairs);
    if (!fresh) {
        table_each(&m->sessions.table, name_forget, NULL);
        return;
    }
    m->told = 0;
    on_tell(-1, 0, m);
}

static void unnamed_close(struct table_node *node, void *arg)
{
    struct media *m = arg;
    struct session *s = (struct session *)(void *)node;

    if (!s->named)
        session_close(&m->sessions, s);
}

static void stream_take(struct media *m, uint64_t id, struct view body)
{
    struct stream is;
    struct session *s;
    enum error e;

    if (!stream_unpack(&is, &body)) {
        log_error("a stream from the sip role cannot be read");
        return;
    }
    s = session_open(&m->sessions, id);
    e = s ? session_describe(&m->sessions, s, &is) : ERR_LIMIT;
    if (!s)
        session_refuse(&m->sessions, &is);
    if (s)
        s->named = true;
    if (e != OK)
        log_error("a stream cannot be relayed: %s", error_text(e));
}

static void record_take(struct media *m, uint64_t id, struct view body)
{
    bool bad = false, standing = unpack_u8(&body, &bad);
    struct session *s = session_find(&m->sessions, id);

    if (!s) /* no audio of it passes, or no more */
        return;
    if (bad || body.n > LEDGER_RECORD) {
        log_error("the record of a call cannot be kept");
        return;
    }
    s->named = true;
    if (!s->entry->standing) /* it has rung, in silence */
        s->entry->opened = clock_ms();
    s->entry->standing = false; /* while it is being written */
    s->entry->record_size = (uint16_t)body.n;
    memcpy(s->entry->record, body.p, body.n);
    __atomic_store_n(&s->entry->standing, standing, __ATOMIC_RELEASE);
}

static void figures_tell(struct media *m, uint64_t id, struct view body)
{
    bool bad = false;
    struct pack answer = {0};

    pack_u64(&answer, unpack_u64(&body, &bad));
    reports_pack(m, &answer, session_find(&m->sessions, id));
    message_send(m, MEDIA_FIGURES, id, &answer);
    pack_free(&answer);
}

static void role_tell(struct media *m, struct view body)
{
    bool bad = false;
    uint64_t number = unpack_u64(&body, &bad);
    struct relay_counts c = relay_counts(m->sessions.relay);
    size_t used, pairs = pairs_count(m->sessions.pairs, &used);
    struct report_role r = {.packets = c.packets,
                            .strangers = c.strangers,
                            .garbage = c.garbage,
                            .nowhere = c.nowhere,
                            .failed = c.failed,
                            .calls = (uint32_t)m->sessions.table.count,
                            .streams = m->sessions.streams,
                            .pairs = (uint32_t)pairs,
                            .pairs_used = (uint32_t)used};
    struct pack answer = {0};

    pack_u64(&answer, number);
    report_role_pack(&answer, &r);
    message_send(m, MEDIA_ROLE, 0, &answer);
    pack_free(&answer);
}

static void want_take(struct media *m, struct view body)
{
    bool bad = false;
    struct media_address host = media_address_unpack(&body, &bad);
    uint16_t count = unpack_u16(&body, &bad);

    if (!bad)
        pairs_wanted(m->sessions.pairs, &host, count);
}

static void on_message(void *arg, const struct channel_message *in)
{
    struct media *m = arg;

    if (in->fd >= 0)
        close(in->fd); /* the sip role has nothing to hand over */
    switch (in->type) {
    case MEDIA_HELLO:
        hello(m, in->body.n && in->body.p[0]);
        break;
    case MEDIA_SYNC:
        table_each(&m->sessions.table, unnamed_close, m);
        break;
    case MEDIA_WANT:
        want_take(m, in->body);
        break;
    case MEDIA_STREAM:
        stream_take(m, in->id, in->body);
        break;
    case MEDIA_RECORD:
        record_take(m, in->id, in->body);
        break;
    case MEDIA_CLOSE:
        call_close(m, in->id);
        break;
    case MEDIA_ASK:
        figures_tell(m, in->id, in->body);
        break;
    case MEDIA_ASK_ROLE:
        role_tell(m, in->body);
        break;
    default:
        log_error("the sip role sent a message that is not for it to send");
    }
}

static void sip_drop(struct media *m)
{
    if (m->sip)
        relay_unwatch(m->sessions.relay, m->sip_fd);
    channel_free(m->sip);
    m->sip = NULL;
    event_del(m->tell);
}

static void on_closed(void *arg)
{
    sip_drop(arg);
}

static void session_look(struct table_node *node, void *arg)
{
    struct media *m = arg;
    struct session *s = (struct session *)(void *)node;
    bool paused = false;
    uint64_t silent = session_tend(&m->sessions, s, &paused);
    uint64_t limit = (uint64_t)m->options.timeout * 1000 * (paused ? PAUSED_TIMES : 1);
    const struct pack body = {0};

    if (!s->entry->standing || silent < limit || !m->sip ||
        (s->told && clock_ms() - s->told < TELL_AGAIN))
        return;
    s->told = clock_ms();
    message_send(m, MEDIA_SILENT, s->id, &body);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct media *m = arg;

    (void)fd;
    (void)what;
    clock_update();
    relay_renew(m->sessions.relay);
    table_each(&m->sessions.table, session_look, m);
}

static enum error tick_begin(struct media *m)
{
    const struct timeval wait = {0, TICK_MS * 1000};

    m->tick = event_new(m->base, -1, EV_PERSIST, on_tick, m);
    m->tell = event_new(m->base, -1, 0, on_tell, m);
    return m->tick && m->tell && !event_add(m->tick, &wait) ? OK : ERR_MEMORY;
}

enum error media_new(struct media **out, struct event_base *base,
                     const struct media_options *options)
{
    struct media *m = calloc(1, sizeof(*m));
    const struct pairs_handler handler = {on_want, on_stock, on_none, m};
    enum error e;

    *out = NULL;
    if (!m) {
        close(options->ledger);
        if (options->kernel >= 0)
            close(options->kernel);
        return ERR_MEMORY;
    }
    m->options = *options;
    m->base = base;
    e = relay_new(&m->sessions.relay, base, options->kernel);
    if (e == OK)
        e = ledger_open(&m->sessions.ledger, options->ledger);
    else
        close(options->ledger);
    if (e == OK)
        e = table_init(&m->sessions.table);
    if (e == OK)
        e = pairs_new(&m->sessions.pairs, &handler, options->first, options->last);
    if (e == OK)
        e = tick_begin(m);
    if (e != OK)
        media_free(m);
    else
        *out = m;
    return e;
}

void media_free(struct media *m)
{
    if (!m)
        return;
    if (m->tell)
        sip_drop(m);
    if (m->tick)
        event_free(m->tick);
    if (m->tell)
        event_free(m->tell);
    sessions_free(&m->sessions);
    relay_free(m->sessions.relay);
    pairs_free_all(m->sessions.pairs);
    ledger_close(m->sessions.ledger);
    free(m);
}

void media_add_port(struct media *m, const struct media_address *local, bool rtcp, int fd)
{
    if (pairs_add(m->sessions.pairs, local, rtcp, fd))
        log_error("a port for audio cannot be used: there is not enough memory");
}

void media_ports_answered(struct media *m, const struct media_address *host, bool exhausted)
{
    pairs_answered(m->sessions.pairs, host, exhausted);
}

void media_adopt(struct media *m)
{
    sessions_adopt(&m->sessions);
    relay_begin(m->sessions.relay);
}

void media_connect(struct media *m, int fd)
{
    const struct channel_handler handler = {.message = on_message, .closed = on_closed, .arg = m};

    sip_drop(m);
    m->sip_fd = fd;
    if (!channel_new(&m->sip, m->base, fd, &handler) && !relay_watch(m->sessions.relay, fd))
        return;
    if (m->sip)
        sip_drop(m);
    else
        close(fd);
    log_error("the sip role cannot be reached: there is not enough memory");
}

enum error media_watch(struct media *m, int fd)
{
    return relay_watch(m->sessions.relay, fd);
}

void media_set_timeout(struct media *m, unsigned timeout)
{
    m->options.timeout = timeout;
}
