/* Messages to and from the media role. */
#include "server/media_link.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/anchor.h"
#include "server/call_question.h"
#include "server/hangup.h"
#include "server/history.h"
#include "server/question.h"

#define STOCKS         32
#define STOCK_LEAST    256 /* pairs of one address that are to be here; more when they ran out */
#define STOCK_LOOPBACK 32
#define STOCK_MOST     1024
#define WINDOW         5 /* ms that the end of a call may wait for company */

/* The pairs of one host address. */
struct stock {
    struct media_address host;
    unsigned wanted; /* that are on their way */
    unsigned level;  /* that are to be here */
    bool is_short;   /* no more come until calls end */
    unsigned count;
    uint16_t ports[STOCK_MOST];
    uint8_t taken[65536 / 2 / 8]; /* a bit for each pair that a call has */
    uint8_t known[65536 / 2 / 8]; /* the same for each that was ever here: they are never closed */
};

struct media_link {
    struct channel *channel;
    bool known; /* a media role has told what it had from a former life of ours */
    struct stock *stocks[STOCKS];
    unsigned stock_count;
};

enum error media_link_new(struct worker *w)
{
    w->media = calloc(1, sizeof(*w->media));
    return w->media ? OK : ERR_MEMORY;
}

void media_link_free(struct worker *w)
{
    if (!w->media)
        return;
    channel_free(w->media->channel);
    for (unsigned i = 0; i < w->media->stock_count; i++)
        free(w->media->stocks[i]);
    free(w->media);
    w->media = NULL;
}

bool media_link_is_there(const struct worker *w)
{
    return w->role != NULL;
}

bool media_link_is_known(const struct worker *w)
{
    return w->media->known;
}

static void message_send(struct worker *w, enum media_message type, uint64_t call,
                         const struct pack *body, unsigned window)
{
    struct media_link *l = w->media;

    if (!l->channel) /* the next media role is told all */
        return;
    if (body->error ||
        channel_send_within(l->channel, (uint16_t)type, call, pack_bytes_view(body), window) != OK)
        w->counters.out_of_memory++;
}

/* the stock */

static struct stock *stock_find(const struct media_link *l, const struct media_address *host)
{
    for (unsigned i = 0; i < l->stock_count; i++)
        if (media_address_same_host(&l->stocks[i]->host, host))
            return l->stocks[i];
    return NULL;
}

static struct stock *stock_of(struct media_link *l, const struct media_address *host)
{
    struct stock *s = stock_find(l, host);

    if (s || l->stock_count == STOCKS)
        return s;
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->host = *host;
    s->host.port = 0;
    /* phones on this host itself are few */
    s->level = media_address_is_loopback(host) ? STOCK_LOOPBACK : STOCK_LEAST;
    return l->stocks[l->stock_count++] = s;
}

/* Asks for what is missing once half is gone. */
static void stock_fill(struct worker *w, struct stock *s)
{
    struct pack body = {0};
    unsigned missing;

    if (s->count + s->wanted > s->level / 2 || !w->media->channel)
        return;
    missing = s->level - s->count - s->wanted;
    s->wanted += missing;
    media_address_pack(&body, &s->host);
    pack_u16(&body, (uint16_t)missing);
    message_send(w, MEDIA_WANT, 0, &body, 0);
    pack_free(&body);
}

bool media_link_is_stocked(const struct worker *w)
{
    const struct media_link *l = w->media;
    unsigned wanted = 0;

    for (unsigned i = 0; i < l->stock_count; i++)
        wanted += l->stocks[i]->is_short ? 0 : l->stocks[i]->wanted;
    return l->channel && l->known && !wanted;
}

/* There were fewer than were needed: from now on there are to be more. */
static void stock_raise(struct worker *w, struct stock *s)
{
    s->level = s->level < STOCK_MOST / 2 ? 2 * s->level : STOCK_MOST;
    stock_fill(w, s);
}

bool media_link_has(struct worker *w, const struct media_address *host, unsigned count)
{
    struct stock *s = stock_of(w->media, host);

    if (!s || s->count >= count)
        return s;
    stock_raise(w, s);
    return false;
}

static void bit_set(uint8_t bits[], uint16_t port, bool on)
{
    unsigned pair = port / 2;

    if (on)
        bits[pair / 8] |= (uint8_t)(1u << pair % 8);
    else
        bits[pair / 8] &= (uint8_t) ~(1u << pair % 8);
}

static bool bit_get(const uint8_t bits[], uint16_t port)
{
    unsigned pair = port / 2;

    return bits[pair / 8] & 1u << pair % 8;
}

bool media_link_take(struct worker *w, const struct media_address *host, struct media_address *out)
{
    struct stock *s = stock_of(w->media, host);

    if (!s)
        return false;
    if (!s->count) {
        stock_raise(w, s);
        return false;
    }
    *out = s->host;
    out->port = s->ports[--s->count];
    bit_set(s->taken, out->port, true);
    stock_fill(w, s);
    return true;
}

void media_link_give(struct worker *w, const struct media_address *pair)
{
    struct stock *s = pair->port ? stock_find(w->media, pair) : NULL;

    if (s)
        bit_set(s->taken, pair->port, false);
}

void media_link_return(struct worker *w, const struct media_address *pair)
{
    struct stock *s = pair->port ? stock_find(w->media, pair) : NULL;

    if (!s)
        return;
    bit_set(s->taken, pair->port, false);
    if (s->count < STOCK_MOST)
        s->ports[s->count++] = pair->port;
}

void media_link_retake(struct worker *w, const struct media_address *pair)
{
    struct stock *s = pair->port ? stock_of(w->media, pair) : NULL;

    if (!s)
        return;
    bit_set(s->taken, pair->port, true);
    bit_set(s->known, pair->port, true);
}

bool media_link_is_taken(const struct worker *w, const struct media_address *a)
{
    const struct stock *s = stock_find(w->media, a);

    return s && bit_get(s->taken, a->port);
}

bool media_link_is_ours(const struct worker *w, const struct media_address *a)
{
    const struct stock *s = stock_find(w->media, a);

    return s && bit_get(s->known, a->port);
}

static void pair_come(struct worker *w, struct view body)
{
    bool bad = false;
    struct media_address pair = media_address_unpack(&body, &bad);
    struct stock *s = bad ? NULL : stock_find(w->media, &pair);

    if (!s || s->count == STOCK_MOST)
        return;
    s->wanted -= s->wanted > 0;
    s->ports[s->count++] = pair.port;
    if (!bit_get(s->known, pair.port))
        anchors_forbid(w, &pair); /* somebody may have named it before it was ours */
    bit_set(s->known, pair.port, true);
}

static void short_come(struct worker *w, struct view body)
{
    bool bad = false;
    struct media_address host = media_address_unpack(&body, &bad);
    struct stock *s = bad ? NULL : stock_find(w->media, &host);

    if (!s || s->is_short)
        return;
    s->is_short = true;
    log_warning("all ports for audio of one address are in use or taken; media.ports is too small, "
                "or the limit of open files");
}

/* The pairs from before are the media role's again. Some are taken under `never` too: a user may
 * have it otherwise from one call to the next. */
static void stocks_begin(struct worker *w)
{
    struct media_address hosts[STOCKS];
    unsigned count = anchor_hosts(w, hosts, STOCKS);

    for (unsigned i = 0; i < count; i++)
        (void)stock_of(w->media, &hosts[i]);
    for (unsigned i = 0; i < w->media->stock_count; i++) {
        struct stock *s = w->media->stocks[i];

        s->count = s->wanted = 0;
        s->is_short = false;
        stock_fill(w, s);
    }
}

/* calls */

void media_link_stream(struct worker *w, uint64_t call, const struct stream *s)
{
    struct pack body = {0};

    stream_pack(&body, s);
    message_send(w, MEDIA_STREAM, call, &body, 0);
    pack_free(&body);
}

void media_link_hurry(struct worker *w)
{
    if (w->media->channel)
        channel_flush(w->media->channel);
}

void media_link_close(struct worker *w, uint64_t call)
{
    const struct pack body = {0};

    message_send(w, MEDIA_CLOSE, call, &body, WINDOW);
}

void media_link_record(struct worker *w, const struct ticket *t)
{
    struct pack body = {0};

    pack_u8(&body, true);
    ticket_pack(&body, t, true);
    if (body.n > LEDGER_RECORD) { /* it cannot be hung up by us then */
        pack_reset(&body);
        pack_u8(&body, true);
        ticket_pack(&body, t, false);
    }
    if (body.n > LEDGER_RECORD) { /* its audio stands all the same */
        pack_reset(&body);
        pack_u8(&body, true);
    }
    message_send(w, MEDIA_RECORD, t->session, &body, WINDOW);
    pack_free(&body);
}

bool media_link_ask(struct worker *w, uint64_t call, uint64_t number)
{
    struct pack body = {0};

    pack_u64(&body, number);
    message_send(w, MEDIA_ASK, call, &body, 0);
    pack_free(&body);
    return w->media->channel != NULL;
}

bool media_link_ask_role(struct worker *w, uint64_t number)
{
    struct pack body = {0};

    pack_u64(&body, number);
    message_send(w, MEDIA_ASK_ROLE, 0, &body, 0);
    pack_free(&body);
    return w->media->channel != NULL;
}

static void role_come(struct worker *w, struct view body)
{
    bool bad = false;
    uint64_t number = unpack_u64(&body, &bad);
    struct report_role role;

    if (!bad && report_role_unpack(&role, &body))
        question_role(w, number, &role);
}

static bool record_tell(void *arg, struct ticket *t)
{
    if (t->session)
        media_link_record(arg, t);
    return true;
}

static void record_come(struct worker *w, struct view body)
{
    struct ticket *t = ticket_unpack(view_from(body, 1));

    if (t)
        call_adopt(w, t);
}

static void figures_come(struct worker *w, uint64_t call, struct view body)
{
    bool bad = false;
    uint64_t number = unpack_u64(&body, &bad);

    if (!bad)
        call_question_figures(w, number, call, body);
}

static void stream_come(struct worker *w, uint64_t call, struct view body)
{
    struct stream s;

    if (stream_unpack(&s, &body))
        anchor_adopt(w, call, &s);
}

static void on_message(void *arg, const struct channel_message *m)
{
    struct worker *w = arg;

    if (m->fd >= 0)
        close(m->fd);
    switch (m->type) {
    case MEDIA_PAIR:
        pair_come(w, m->body);
        break;
    case MEDIA_SHORT:
        short_come(w, m->body);
        break;
    case MEDIA_STREAM:
        stream_come(w, m->id, m->body);
        break;
    case MEDIA_RECORD:
        record_come(w, m->body);
        break;
    case MEDIA_CLOSED:
        history_closed(w, m->id, m->body);
        break;
    case MEDIA_FIGURES:
        figures_come(w, m->id, m->body);
        break;
    case MEDIA_ROLE:
        role_come(w, m->body);
        break;
    case MEDIA_SILENT:
        hangup_silent(w, m->id);
        break;
    case MEDIA_WELCOME:
        w->media->known = true;
        break;
    default:
        break;
    }
}

static void on_closed(void *arg)
{
    struct worker *w = arg;

    channel_free(w->media->channel);
    w->media->channel = NULL;
    question_role_gone(w);
}

static void on_drained(void *arg)
{
    struct worker *w = arg;

    if (w->stocked && media_link_is_stocked(w))
        w->stocked(w);
    worker_turn(w);
}

void media_link_connect(struct worker *w, int fd)
{
    const struct channel_handler handler = {on_message, on_closed, on_drained, w};
    struct media_link *l = w->media;
    struct pack body = {0};

    channel_free(l->channel);
    l->channel = NULL;
    question_role_gone(w);
    if (channel_new(&l->channel, w->base, fd, &handler) != OK) {
        close(fd);
        w->counters.out_of_memory++;
        return;
    }
    pack_u8(&body, !l->known);
    message_send(w, MEDIA_HELLO, 0, &body, 0);
    if (l->known) {
        anchors_tell(w);
        calls_each(w, 0, record_tell, w);
        history_tell_media(w);
        pack_reset(&body);
        message_send(w, MEDIA_SYNC, 0, &body, 0);
    }
    pack_free(&body);
    question_role_back(w);
    stocks_begin(w);
}
