/* The arena under libosip2. Its parsers crash on NULL in places, so past the arena's cap they are
 * given a static reserve, and the result is thrown away. */
#include "sip/grammar.h"

#include <osipparser2/osip_parser.h>
#include <string.h>

#define ARENA_FIRST (64u << 10)
#define ARENA_CAP   (256u << 10)
#define RESERVE     (16u << 10) /* every single value is limited to SIP_VALUE_MAX */

static __thread struct arena *arena;
static __thread char reserve[RESERVE] __attribute__((aligned(16)));
static __thread bool exhausted;

/* The size stands in front, for realloc. */
static void *grammar_malloc(size_t n)
{
    size_t *p = arena ? arena_alloc(arena, n + 16) : NULL;

    if (!p) {
        exhausted = true;
        if (n + 16 > sizeof(reserve))
            n = sizeof(reserve) - 16;
        p = (size_t *)(void *)reserve;
    }
    *p = n;
    return (char *)p + 16;
}

static void grammar_free(void *p)
{
    (void)p;
}

static void *grammar_realloc(void *old, size_t n)
{
    char *p = grammar_malloc(n);

    if (old) {
        size_t had = *(size_t *)(void *)((char *)old - 16);

        memmove(p, old, had < n ? had : n);
    }
    return p;
}

static void trace_nothing(const char *file, int line, osip_trace_level_t level, const char *format,
                          va_list args)
{
    (void)file;
    (void)line;
    (void)level;
    (void)format;
    (void)args;
}

enum error grammar_init(void)
{
    if (arena)
        return OK;
    arena = arena_new(ARENA_FIRST, ARENA_CAP);
    if (!arena)
        return ERR_MEMORY;
    osip_set_allocators(grammar_malloc, grammar_realloc, grammar_free);
    osip_trace_initialize_func(TRACE_LEVEL0, trace_nothing);
    return parser_init() == 0 ? OK : ERR_MEMORY;
}

char *grammar_begin(struct view value)
{
    char *copy;

    if (!arena || value.n > SIP_VALUE_MAX || (value.n && memchr(value.p, 0, value.n)))
        return NULL;
    arena_reset(arena);
    exhausted = false;
    copy = arena_copy(arena, value);
    for (size_t i = 0; copy && i < value.n; i++)
        if (copy[i] == '\r' || copy[i] == '\n')
            copy[i] = ' ';
    return copy;
}

bool grammar_end(void)
{
    arena_reset(arena);
    return !exhausted;
}
