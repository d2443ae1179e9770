/* From tickets to records. */
#include "server/history.h"

#include <stdlib.h>
#include <string.h>

#include "db/record.h"
#include "server/anchor.h"
#include "server/keeper_link.h"
#include "server/media_link.h"

#define WAITING_MAX 10000 /* records that the keeper has not confirmed */
#define AGAIN       5000  /* ms until they are told again */
#define TEXT_MOST   200   /* bytes of each text in a record */

struct waiting {
    struct waiting *next;
    uint64_t id;
    uint64_t told; /* ms */
    size_t size;
    char record[];
};

struct history {
    struct worker *worker;
    struct table closing; /* tickets by session */
    struct waiting *first, **last;
    unsigned count;
    struct timer again;
    struct pack scratch;
};

enum error history_new(struct worker *w)
{
    w->history = calloc(1, sizeof(*w->history));
    if (!w->history)
        return ERR_MEMORY;
    w->history->worker = w;
    w->history->last = &w->history->first;
    return table_init(&w->history->closing);
}

static void ticket_drop(struct table_node *node, void *arg)
{
    (void)arg;
    ticket_free((struct ticket *)(void *)node);
}

/* The one that link leads to. */
static void waiting_free(struct history *h, struct waiting **link)
{
    struct waiting *one = *link;

    *link = one->next;
    if (!*link)
        h->last = link;
    h->count--;
    free(one);
}

void history_free(struct worker *w)
{
    struct history *h = w->history;

    if (!h)
        return;
    timer_disarm(&h->again);
    if (h->closing.slots)
        table_each(&h->closing, ticket_drop, NULL);
    table_free(&h->closing);
    while (h->first)
        waiting_free(h, &h->first);
    pack_free(&h->scratch);
    free(h);
    w->history = NULL;
}

static void on_again(struct timer *timer);

static bool waiting_tell(struct worker *w, struct waiting *one)
{
    one->told = clock_ms();
    return keeper_link_record(w, one->id, (struct view){one->record, one->size});
}

/* Those that were told before `before`, in ms. */
static void waiting_tell_all(struct worker *w, uint64_t before)
{
    struct history *h = w->history;

    for (struct waiting *one = h->first; one; one = one->next)
        if (one->told < before && !waiting_tell(w, one))
            break;
    if (h->first)
        timer_arm(w->wheel, &h->again, AGAIN, on_again);
}

static void on_again(struct timer *timer)
{
    struct history *h = TIMER_OWNER(timer, struct history, again);

    waiting_tell_all(h->worker, clock_ms() - AGAIN + 1);
}

void history_tell_keeper(struct worker *w)
{
    waiting_tell_all(w, UINT64_MAX);
}

void history_kept(struct worker *w, uint64_t id)
{
    struct history *h = w->history;
    struct waiting **link = &h->first;

    while (*link && (*link)->id != id)
        link = &(*link)->next;
    if (*link)
        waiting_free(h, link);
}

static struct waiting *waiting_new(struct history *h, const struct store_call *call)
{
    struct waiting *one = NULL;

    pack_reset(&h->scratch);
    record_pack(&h->scratch, call);
    if (!h->scratch.error)
        one = malloc(sizeof(*one) + h->scratch.n);
    if (!one)
        return NULL;
    *one = (struct waiting){.id = call->id, .size = h->scratch.n};
    memcpy(one->record, h->scratch.p, h->scratch.n);
    return one;
}

static void record_wait(struct worker *w, const struct store_call *call)
{
    struct history *h = w->history;
    struct waiting *one = waiting_new(h, call);

    if (!one) {
        w->counters.records_lost++;
        return;
    }
    if (h->count == WAITING_MAX) {
        waiting_free(h, &h->first);
        w->counters.records_lost++;
    }
    *h->last = one;
    h->last = &one->next;
    h->count++;
    (void)waiting_tell(w, one);
    if (!timer_armed(&h->again))
        timer_arm(w->wheel, &h->again, AGAIN, on_again);
}

/* What phones wrote may be anything but JSON. */
static void codec_put(struct text *out, const char *codec)
{
    for (; *codec; codec++) {
        bool plain = (*codec >= 'A' && *codec <= 'Z') || (*codec >= '0' && *codec <= '9') ||
                     *codec == '-' || *codec == '.';

        text_view(out, (struct view){plain ? codec : "?", 1});
    }
}

static void side_put(struct text *out, const char *name, const struct report_side *s)
{
    text_format(out, ",\"%s\":{\"codec\":\"", name);
    codec_put(out, s->codec);
    text_format(out,
                "\",\"packets\":%llu,\"bytes\":%llu,\"lost\":%llu,\"reordered\":%llu,"
                "\"reports\":%llu,\"strangers\":%llu,\"jitter\":%u,\"round_trip\":%u,"
                "\"lost_there\":%u,\"mos\":%u.%02u}",
                (unsigned long long)s->packets, (unsigned long long)s->bytes,
                (unsigned long long)s->lost, (unsigned long long)s->reordered,
                (unsigned long long)s->reports, (unsigned long long)s->strangers, s->jitter,
                s->round_trip, s->lost_there, s->mos / 100u, s->mos % 100u);
}

void history_audio(struct text *out, struct view reports)
{
    struct report r;

    while (reports.n && report_unpack(&r, &reports)) {
        text_format(out, "%s{\"index\":%u,\"kernel\":%s", out->n ? "," : "[", r.index,
                    r.kernel ? "true" : "false");
        side_put(out, "caller", &r.sides[0]);
        side_put(out, "callee", &r.sides[1]);
        text_string(out, "}");
    }
    if (out->n)
        text_string(out, "]");
}

/* Phones choose these texts. */
static struct view cut(struct view text)
{
    return (struct view){text.p, text.n < TEXT_MOST ? text.n : TEXT_MOST};
}

/* The end of a ticket: it becomes a record. */
static void ticket_close(struct worker *w, struct ticket *t, struct view reports)
{
    char bytes[HISTORY_AUDIO_MAX];
    struct text audio = TEXT(bytes);
    struct store_call call = {.id = t->id,
                              .call_id = cut(ticket_text(t, TICKET_CALL_ID)),
                              .begun = t->begun,
                              .answered = t->answered,
                              .ended = t->ended,
                              .from = cut(ticket_caller(t)),
                              .to = cut(ticket_text(t, TICKET_TARGET)),
                              .caller = ticket_text(t, TICKET_NUMBER),
                              .route = ticket_text(t, TICKET_ROUTE),
                              .status = t->status,
                              .ended_by = view_of(ticket_end_text(t->end))};

    history_audio(&audio, reports);
    call.audio = audio.full ? VIEW("") : text_done(&audio);
    record_wait(w, &call);
    ticket_free(t);
}

void history_add(struct worker *w, struct ticket *t)
{
    if (!t)
        return;
    t->ended = clock_wall_ms();
    if (t->session && !anchor_close(w, t->session))
        media_link_close(w, t->session);
    if (t->stranger && !t->answered) { /* who has proven nothing fills no disk */
        ticket_free(t);
        return;
    }
    if (t->session && media_link_is_there(w))
        table_put(&w->history->closing, &t->node, t->session);
    else
        ticket_close(w, t, VIEW(""));
}

void history_closed(struct worker *w, uint64_t session, struct view reports)
{
    struct table_node *node = table_find(&w->history->closing, session, NULL, NULL);

    if (!node)
        return;
    table_take(&w->history->closing, node);
    ticket_close(w, (struct ticket *)(void *)node, reports);
}

static void close_again(struct table_node *node, void *arg)
{
    media_link_close(arg, ((struct ticket *)(void *)node)->session);
}

void history_tell_media(struct worker *w)
{
    table_each(&w->history->closing, close_again, w);
}
