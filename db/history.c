/* The history of calls: those that are over, kept for 90 days. */
#include "db/keeper_inside.h"
#include "db/record.h"

#define KEPT_MS     ((int64_t)90 * 86400 * 1000)
#define PRUNE_ALONG 2   /* rows for each that is added */
#define PRUNE_IDLE  500 /* rows a second: some milliseconds */

void history_keep(struct keeper *k, uint64_t id, struct view body)
{
    struct store_call call;

    if (!record_unpack(&call, &body) || body.n) {
        log_warning("the sip role sent a call that cannot be read; it is not kept");
        return;
    }
    pack_reset(&k->scratch);
    if (!group_wait(k, KEEPER_CALL_KEPT, id) || !group_begin(k))
        return;
    group_put(k, k->store->ops->call_put(k->store, &call));
    k->calls++;
}

enum error history_prune_along(struct keeper *k)
{
    bool more;

    if (!k->calls)
        return OK;
    return k->store->ops->call_prune(k->store, clock_wall_ms() - KEPT_MS, PRUNE_ALONG * k->calls,
                                     &more);
}

void history_prune(struct keeper *k)
{
    enum error e = k->store->ops->call_prune(k->store, clock_wall_ms() - KEPT_MS, PRUNE_IDLE,
                                             &k->history_prunable);

    if (e)
        keeper_store_result(k, e);
}
