/* The slots of the ledger, which grows by chunks, and stacks of the free ones. */
#include "media/ledger.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEDGER_MAGIC  0x6f66666c65646772u
#define CHUNK_CALLS   64
#define CHUNK_STREAMS 96
#define CHUNKS        128
#define LEDGER_LAYOUT (sizeof(struct ledger_call) << 32 | sizeof(struct ledger_stream))

struct chunk {
    uint64_t magic, layout; /* another layout, another ledger */
    struct ledger_call calls[CHUNK_CALLS];
    struct ledger_stream streams[CHUNK_STREAMS];
};

#define CHUNK_SIZE ((sizeof(struct chunk) + 4095) & ~(size_t)4095) /* bytes, whole pages */

struct ledger {
    int fd;
    uint32_t chunk_count;
    struct chunk *chunks[CHUNKS];
    uint32_t free_calls, free_streams; /* how many there are in the stacks */
    uint16_t calls[CHUNKS * CHUNK_CALLS], streams[CHUNKS * CHUNK_STREAMS];
};

enum error ledger_create(int *fd)
{
    *fd = memfd_create("offhook-ledger", MFD_CLOEXEC);
    return *fd < 0 ? ERR_SYSTEM : OK;
}

/* The lowest slot is on top: few calls touch few pages. */
static void stacks_fill(struct ledger *l, uint32_t chunk)
{
    const struct chunk *c = l->chunks[chunk];

    for (uint32_t i = CHUNK_CALLS; i-- > 0;)
        if (!c->calls[i].id)
            l->calls[l->free_calls++] = (uint16_t)(chunk * CHUNK_CALLS + i);
    for (uint32_t i = CHUNK_STREAMS; i-- > 0;)
        if (!c->streams[i].call)
            l->streams[l->free_streams++] = (uint16_t)(chunk * CHUNK_STREAMS + i);
}

/* Takes over the next chunk of the file, which has it. */
static enum error chunk_map(struct ledger *l)
{
    struct chunk *c = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, l->fd,
                           (off_t)(l->chunk_count * CHUNK_SIZE));

    if (c == MAP_FAILED)
        return ERR_SYSTEM;
    if (c->magic != LEDGER_MAGIC || c->layout != LEDGER_LAYOUT)
        memset(c, 0, sizeof(*c));
    c->magic = LEDGER_MAGIC;
    c->layout = LEDGER_LAYOUT;
    l->chunks[l->chunk_count++] = c;
    stacks_fill(l, l->chunk_count - 1);
    return OK;
}

static bool grow(struct ledger *l)
{
    return l->chunk_count < CHUNKS &&
           !ftruncate(l->fd, (off_t)((l->chunk_count + 1) * CHUNK_SIZE)) && chunk_map(l) == OK;
}

enum error ledger_open(struct ledger **out, int fd)
{
    struct ledger *l = calloc(1, sizeof(*l));
    struct stat about;
    enum error e = OK;

    *out = NULL;
    if (!l || fstat(fd, &about) < 0) {
        close(fd);
        free(l);
        return l ? ERR_SYSTEM : ERR_MEMORY;
    }
    l->fd = fd;
    for (off_t n = about.st_size / (off_t)CHUNK_SIZE; e == OK && n && l->chunk_count < CHUNKS; n--)
        e = chunk_map(l);
    if (e != OK)
        ledger_close(l);
    else
        *out = l;
    return e;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    while (l->chunk_count)
        munmap(l->chunks[--l->chunk_count], CHUNK_SIZE);
    close(l->fd);
    free(l);
}

static struct ledger_call *call_at(struct ledger *l, size_t slot)
{
    return &l->chunks[slot / CHUNK_CALLS]->calls[slot % CHUNK_CALLS];
}

static struct ledger_stream *stream_at(struct ledger *l, size_t slot)
{
    return &l->chunks[slot / CHUNK_STREAMS]->streams[slot % CHUNK_STREAMS];
}

struct ledger_call *ledger_add_call(struct ledger *l, uint64_t id)
{
    struct ledger_call *c;

    if (!l->free_calls && !grow(l))
        return NULL;
    c = call_at(l, l->calls[--l->free_calls]);
    memset(c, 0, offsetof(struct ledger_call, record));
    __atomic_store_n(&c->id, id, __ATOMIC_RELEASE);
    return c;
}

struct ledger_stream *ledger_add_stream(struct ledger *l, uint64_t id)
{
    struct ledger_stream *s;

    if (!l->free_streams && !grow(l))
        return NULL;
    s = stream_at(l, l->streams[--l->free_streams]);
    memset(s, 0, sizeof(*s));
    __atomic_store_n(&s->call, id, __ATOMIC_RELEASE);
    return s;
}

/* Where one chunk begins, counted in slots, and the place of p in it. */
static uint32_t slot_of_call(const struct ledger *l, const struct ledger_call *c)
{
    for (uint32_t i = 0; i < l->chunk_count; i++)
        if (c >= l->chunks[i]->calls && c < l->chunks[i]->calls + CHUNK_CALLS)
            return i * CHUNK_CALLS + (uint32_t)(c - l->chunks[i]->calls);
    return 0;
}

static uint32_t slot_of_stream(const struct ledger *l, const struct ledger_stream *s)
{
    for (uint32_t i = 0; i < l->chunk_count; i++)
        if (s >= l->chunks[i]->streams && s < l->chunks[i]->streams + CHUNK_STREAMS)
            return i * CHUNK_STREAMS + (uint32_t)(s - l->chunks[i]->streams);
    return 0;
}

void ledger_drop_call(struct ledger *l, struct ledger_call *c)
{
    c->id = 0;
    l->calls[l->free_calls++] = (uint16_t)slot_of_call(l, c);
}

void ledger_drop_stream(struct ledger *l, struct ledger_stream *s)
{
    s->call = 0;
    l->streams[l->free_streams++] = (uint16_t)slot_of_stream(l, s);
}

struct ledger_call *ledger_next_call(struct ledger *l, size_t *n)
{
    while (*n < l->chunk_count * CHUNK_CALLS) {
        struct ledger_call *c = call_at(l, (*n)++);

        if (c->id)
            return c;
    }
    return NULL;
}

struct ledger_stream *ledger_next_stream(struct ledger *l, size_t *n)
{
    while (*n < l->chunk_count * CHUNK_STREAMS) {
        struct ledger_stream *s = stream_at(l, (*n)++);

        if (s->call)
            return s;
    }
    return NULL;
}
