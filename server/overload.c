/* The state of overload, and what it means for a request. */
#include "server/overload.h"

#include <event2/event.h>

#include "server/guards.h"

#define CALM_MS 5000
#define TICK_MS 250

/* From where on a state begins; it ends below half of it. */
static const struct {
    uint64_t lag; /* ms */
    size_t waiting;
} limits[] = {
    [OVERLOAD_CALLS] = {400, 4000},
    [OVERLOAD_REGISTERS] = {1000, 10000},
};

static enum overload_state state_for(uint64_t lag, size_t waiting)
{
    enum overload_state state = OVERLOAD_REGISTERS;

    while (state != OVERLOAD_NONE && lag < limits[state].lag && waiting < limits[state].waiting)
        state--;
    return state;
}

static void state_enter(struct overload *o, enum overload_state state, uint64_t now)
{
    o->state = state;
    o->since = now;
    o->calm = 0;
    if (state == OVERLOAD_NONE)
        log_info("overload: %s", overload_text(state));
    else
        log_warning("overload: %s", overload_text(state));
}

void overload_judge(struct overload *o, uint64_t lag, size_t waiting, uint64_t now)
{
    enum overload_state state = state_for(lag, waiting);
    bool heavy = state > o->state;

    if (heavy && o->heavy)
        state_enter(o, state, now);
    o->heavy = heavy;
    if (heavy)
        return;
    if (o->state == OVERLOAD_NONE || lag * 2 >= limits[o->state].lag ||
        waiting * 2 >= limits[o->state].waiting)
        o->calm = 0;
    else if (!o->calm)
        o->calm = now;
    else if (now - o->calm >= CALM_MS)
        state_enter(o, o->state - 1, now);
}

const char *overload_text(enum overload_state state)
{
    static const char *const texts[] = {"normal", "shedding calls",
                                        "shedding calls and registrations"};

    return texts[state];
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    uint64_t lag;

    (void)fd;
    (void)what;
    clock_update();
    lag = clock_ms() > w->tick_due ? clock_ms() - w->tick_due : 0;
    w->tick_due = clock_ms() + TICK_MS;
    if (transport_lag(w->transport) > lag)
        lag = transport_lag(w->transport);
    overload_judge(&w->overload, lag, keeper_link_waiting(w), clock_ms());
}

enum error overload_watch(struct worker *w)
{
    const struct timeval tick = {0, TICK_MS * 1000};

    w->tick_due = clock_ms() + TICK_MS;
    w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, w);
    return w->tick && event_add(w->tick, &tick) == 0 ? OK : ERR_MEMORY;
}

bool overload_sheds(struct worker *w, const struct request *r)
{
    bool call = r->m->method_id == METHOD_INVITE, registers = r->m->method_id == METHOD_REGISTER;

    if (w->overload.state == OVERLOAD_NONE || (!call && w->overload.state == OVERLOAD_CALLS))
        return false;
    if (call ? request_is_emergency(w, r) : registers && request_is_refresh(w, r))
        return false;
    w->counters.shed++;
    refuse_for_now(w, r);
    return true;
}
