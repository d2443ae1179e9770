/* Sessions and what they hold. */
#include "media/session.h"

#include <stdlib.h>

struct session *session_find(const struct sessions *all, uint64_t id)
{
    return (void *)table_find(&all->table, id, NULL, NULL);
}

/* entry NULL: a new one. */
static struct session *session_new(struct sessions *all, uint64_t id, struct ledger_call *entry)
{
    struct session *s = calloc(1, sizeof(*s));
    bool fresh = !entry;

    if (s && !entry)
        entry = ledger_add_call(all->ledger, id);
    if (!s || !entry) {
        free(s);
        return NULL;
    }
    if (fresh)
        entry->opened = clock_ms();
    s->id = id;
    s->entry = entry;
    table_put(&all->table, &s->node, id);
    return s;
}

struct session *session_open(struct sessions *all, uint64_t id)
{
    struct session *s = id ? session_find(all, id) : NULL;

    return s || !id ? s : session_new(all, id, NULL);
}

static void relayed_free(struct sessions *all, struct relayed *r)
{
    relay_stop(all->relay, r);
    for (int i = 0; i < 2; i++)
        if (r->pairs[i])
            pairs_give_back(all->pairs, r->pairs[i]);
    ledger_drop_stream(all->ledger, r->entry);
    all->streams--;
    free(r);
}

/* Takes the ports that the entry names. */
static bool ports_take(struct sessions *all, struct relayed *r)
{
    for (int i = 0; i < 2; i++) {
        const struct media_address *local = &r->entry->is.sides[i].local;

        if (!local->port || r->pairs[i])
            continue;
        r->pairs[i] = pairs_use(all->pairs, local);
        if (!r->pairs[i])
            return false;
    }
    return true;
}

/* What may be any bytes at all is not sent where somebody has merely said: his word counts for the
 * host that his signalling comes from, or packets have to come from there first. */
static struct media_address told(const struct stream *is, const struct stream_side *side,
                                 const struct media_address *where)
{
    if (is->other && !side->trusted && !media_address_same_host(where, &side->signal))
        return (struct media_address){.port = where->port}; /* behind a NAT, as it were */
    return *where;
}

/* Is less believed than before? Then nobody is sent such bytes whom no packet has shown. */
static bool is_doubted(const struct ledger_stream *entry, int i, const struct stream *is)
{
    return is->other && !entry->is.other && !entry->learn[i][0].behind;
}

static void side_describe(struct ledger_stream *entry, int i, const struct stream *is)
{
    const struct stream_side *side = &is->sides[i];
    struct media_address rtp = told(is, side, &side->rtp), rtcp = told(is, side, &side->rtcp);
    bool anew = side->serial != entry->is.sides[i].serial;

    if (side->held) /* the address to come back to stays */
        return;
    if (!anew && !is_doubted(entry, i, is))
        return;
    learn_describe(&entry->learn[i][0], &rtp, &side->signal, side->trusted);
    learn_describe(&entry->learn[i][1], &rtcp, &side->signal, side->trusted);
}

void session_refuse(struct sessions *all, const struct stream *is)
{
    for (int i = 0; i < 2; i++) {
        struct pair *pair = pairs_use(all->pairs, &is->sides[i].local);

        if (pair)
            pairs_give_back(all->pairs, pair);
    }
}

static enum error stream_add(struct sessions *all, struct session *s, const struct stream *is)
{
    struct relayed *r = calloc(1, sizeof(*r));
    enum error e = OK;

    if (!r)
        return ERR_MEMORY;
    r->entry = ledger_add_stream(all->ledger, s->id);
    if (!r->entry) {
        session_refuse(all, is);
        free(r);
        return ERR_LIMIT;
    }
    all->streams++;
    side_describe(r->entry, 0, is);
    side_describe(r->entry, 1, is);
    r->entry->is = *is;
    for (int i = 0; i < 4; i++)
        r->lanes[i / 2][i % 2].fd = -1;
    if (!ports_take(all, r))
        e = ERR_NOT_FOUND;
    if (e == OK)
        e = relay_start(all->relay, r);
    if (e != OK)
        relayed_free(all, r);
    else
        s->streams[is->index] = r;
    return e;
}

/* Other ports than before, as never happens but by a sip role that has lost its way? */
static bool ports_differ(const struct stream *a, const struct stream *b)
{
    return !media_address_same(&a->sides[0].local, &b->sides[0].local) ||
           !media_address_same(&a->sides[1].local, &b->sides[1].local);
}

enum error session_describe(struct sessions *all, struct session *s, const struct stream *is)
{
    struct relayed *r = s->streams[is->index];

    if (r && ports_differ(&r->entry->is, is)) {
        relayed_free(all, r);
        s->streams[is->index] = r = NULL;
    }
    if (!r)
        return stream_add(all, s, is);
    relay_slow(all->relay, r);
    side_describe(r->entry, 0, is);
    side_describe(r->entry, 1, is);
    if (r->entry->is.paused != is->paused) /* silence is counted anew */
        s->entry->opened = clock_ms();
    r->entry->is = *is;
    relay_settle(all->relay, r);
    return OK;
}

static void session_free(struct sessions *all, struct session *s)
{
    table_take(&all->table, &s->node);
    free(s);
}

void session_close(struct sessions *all, struct session *s)
{
    for (int i = 0; i < STREAMS_MAX; i++)
        if (s->streams[i])
            relayed_free(all, s->streams[i]);
    ledger_drop_call(all->ledger, s->entry);
    session_free(all, s);
}

static void let_go(struct table_node *node, void *arg)
{
    struct session *s = (struct session *)(void *)node;

    for (int i = 0; i < STREAMS_MAX; i++)
        free(s->streams[i]); /* its sockets are read by nobody until the next life */
    session_free(arg, s);
}

void sessions_free(struct sessions *all)
{
    if (all->table.slots)
        table_each(&all->table, let_go, all);
    table_free(&all->table);
}

static bool stream_adopt(struct sessions *all, struct ledger_stream *entry)
{
    struct session *s = session_find(all, entry->call);
    struct relayed *r;

    if (!s || entry->is.index >= STREAMS_MAX || s->streams[entry->is.index])
        return false;
    r = calloc(1, sizeof(*r));
    if (!r)
        return false;
    r->entry = entry;
    all->streams++;
    for (int i = 0; i < 4; i++)
        r->lanes[i / 2][i % 2].fd = -1;
    if (ports_take(all, r) && relay_start(all->relay, r) == OK) {
        s->streams[entry->is.index] = r;
        return true;
    }
    relayed_free(all, r);
    return true;
}

void sessions_adopt(struct sessions *all)
{
    struct ledger_call *call;
    struct ledger_stream *stream;
    size_t n = 0, calls = 0;

    while ((call = ledger_next_call(all->ledger, &n))) {
        if (session_find(all, call->id) || !session_new(all, call->id, call))
            ledger_drop_call(all->ledger, call);
        else
            calls++;
    }
    for (n = 0; (stream = ledger_next_stream(all->ledger, &n));)
        if (!stream_adopt(all, stream))
            ledger_drop_stream(all->ledger, stream);
    if (calls)
        log_info("%zu calls go on", calls);
}

uint64_t session_tend(struct sessions *all, struct session *s, bool *paused)
{
    uint64_t last = s->entry->opened;

    for (int i = 0; i < STREAMS_MAX; i++) {
        struct relayed *r = s->streams[i];

        if (!r)
            continue;
        relay_settle(all->relay, r);
        *paused |= r->entry->is.paused;
        for (int l = 0; l < 4; l++)
            if (r->entry->learn[l / 2][l % 2].last > last)
                last = r->entry->learn[l / 2][l % 2].last;
    }
    return clock_ms() > last ? clock_ms() - last : 0;
}
