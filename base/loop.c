/* Event loops with the precise clock and priorities. */
#include "base/loop.h"

#include <event2/event.h>

struct event_base *loop_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    if (base)
        event_base_priority_init(base, LOOP_PRIORITIES);
    return base;
}
