/* Mailboxes: one buffer is filled while the other one is read. */
#include "base/mailbox.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pace.h"
#include "base/pack.h"

#define UNREAD_MAX (8u << 20)
#define KEPT       (256u << 10) /* bytes of a buffer that is not given back */

/* From where on the reader looks by itself. */
static const struct pace_steps steps = {.busy = 32, .busy_ms = 4, .full = 192, .full_ms = 8};

/* What stands in front of each letter. */
struct head {
    uint64_t id;
    uint32_t size;
    uint16_t type;
};

struct mailbox {
    pthread_mutex_t lock; /* of the next three */
    struct pack filling;
    bool asleep; /* the reader waits to be woken */
    bool closed;
    /* the reader's own: */
    struct mailbox_handler handler;
    struct pack reading;
    struct event *woken, *look;
    struct pace pace;
    int fd;
};

/* Swaps the buffers. True: the mailbox was closed. */
static bool letters_take(struct mailbox *m)
{
    struct pack empty = m->reading;
    bool closed;

    pthread_mutex_lock(&m->lock);
    m->reading = m->filling;
    m->filling = empty;
    closed = m->closed;
    pthread_mutex_unlock(&m->lock);
    return closed;
}

static unsigned letters_read(struct mailbox *m)
{
    struct view rest = pack_bytes_view(&m->reading);
    unsigned count = 0;

    for (; rest.n >= sizeof(struct head); count++) {
        struct head h;

        memcpy(&h, rest.p, sizeof(h));
        rest = view_from(rest, sizeof(h));
        struct letter l = {h.type, h.id, {rest.p, h.size}};

        rest = view_from(rest, h.size);
        m->handler.letter(m->handler.arg, &l);
    }
    if (m->reading.room > KEPT)
        pack_free(&m->reading);
    else
        pack_reset(&m->reading);
    return count;
}

/* From now on the writer has to wake the reader. False: he has posted something meanwhile. */
static bool fall_asleep(struct mailbox *m)
{
    bool nothing;

    pthread_mutex_lock(&m->lock);
    nothing = m->asleep = m->filling.n == 0;
    pthread_mutex_unlock(&m->lock);
    return nothing;
}

/* All mailboxes of a thread look at the same time, so that it wakes up once. */
static void look_later(struct mailbox *m, unsigned gather)
{
    unsigned ms = gather - (unsigned)(clock_ms() % gather);
    struct timeval wait = {0, (suseconds_t)ms * 1000};

    event_add(m->look, &wait);
}

static void on_letters(evutil_socket_t fd, short what, void *arg)
{
    struct mailbox *m = arg;
    uint64_t times;
    unsigned gather;
    bool closed;

    if (what & EV_READ && read(fd, &times, sizeof(times)) < 0)
        return; /* it was read before */
    clock_update();
    do {
        closed = letters_take(m);
        gather = pace_count(&m->pace, &steps, letters_read(m));
        m->handler.emptied(m->handler.arg);
    } while (!gather && !fall_asleep(m));
    if (gather)
        look_later(m, gather);
    if (closed && m->handler.closed)
        m->handler.closed(m->handler.arg);
}

enum error mailbox_new(struct mailbox **out, struct event_base *base,
                       const struct mailbox_handler *handler)
{
    struct mailbox *m = calloc(1, sizeof(*m));

    *out = NULL;
    if (!m)
        return ERR_MEMORY;
    pthread_mutex_init(&m->lock, NULL);
    m->handler = *handler;
    m->asleep = true;
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->fd < 0) {
        mailbox_free(m);
        return ERR_SYSTEM;
    }
    m->woken = event_new(base, m->fd, EV_READ | EV_PERSIST, on_letters, m);
    m->look = event_new(base, -1, 0, on_letters, m);
    if (!m->woken || !m->look || event_add(m->woken, NULL) < 0) {
        mailbox_free(m);
        return ERR_MEMORY;
    }
    *out = m;
    return OK;
}

void mailbox_free(struct mailbox *m)
{
    if (!m)
        return;
    if (m->woken)
        event_free(m->woken);
    if (m->look)
        event_free(m->look);
    if (m->fd >= 0)
        close(m->fd);
    pack_free(&m->filling);
    pack_free(&m->reading);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static void wake(const struct mailbox *m)
{
    const uint64_t once = 1;

    if (write(m->fd, &once, sizeof(once)) < 0) {
        /* it is awake already */
    }
}

static enum error letter_add(struct pack *k, const struct head *h, struct view head,
                             struct view rest)
{
    size_t before = k->n;
    enum error error;

    if (k->n + sizeof(*h) + h->size > UNREAD_MAX)
        return ERR_BUSY;
    pack_bytes(k, h, sizeof(*h));
    pack_bytes(k, head.p, head.n);
    pack_bytes(k, rest.p, rest.n);
    error = k->error;
    if (error != OK) {
        k->n = before;
        k->error = OK;
    }
    return error;
}

enum error mailbox_post(struct mailbox *m, uint16_t type, uint64_t id, struct view head,
                        struct view rest)
{
    struct head h;
    enum error error;
    bool asleep;

    memset(&h, 0, sizeof(h));
    h.id = id;
    h.size = (uint32_t)(head.n + rest.n);
    h.type = type;
    pthread_mutex_lock(&m->lock);
    error = letter_add(&m->filling, &h, head, rest);
    asleep = m->asleep && error == OK;
    m->asleep &= !asleep;
    pthread_mutex_unlock(&m->lock);
    if (asleep)
        wake(m);
    return error;
}

void mailbox_close(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->closed = true;
    m->asleep = false;
    pthread_mutex_unlock(&m->lock);
    wake(m);
}
