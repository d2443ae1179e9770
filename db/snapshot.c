/* The snapshot: all that sip works with, as changes in one sealed memfd. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "db/keeper_inside.h"

#define BATCH ((size_t)64 << 10)

struct snapshot {
    int fd;
    uint64_t size;
    struct pack pack;
    enum error error;
};

static bool snapshot_flush(struct snapshot *s)
{
    size_t done = 0;

    s->error = s->error ? s->error : s->pack.error;
    while (!s->error && done < s->pack.n) {
        ssize_t n = write(s->fd, s->pack.p + done, s->pack.n - done);

        if (n < 0 && errno != EINTR)
            s->error = ERR_SYSTEM;
        if (n > 0)
            done += (size_t)n;
    }
    s->size += done;
    pack_reset(&s->pack);
    return s->error == OK;
}

static bool snapshot_add(struct snapshot *s, const struct change *change)
{
    change_pack(&s->pack, change);
    return s->pack.n < BATCH && !s->pack.error ? true : snapshot_flush(s);
}

static bool add_user(void *arg, const struct store_user *user)
{
    struct change change = {
        .kind = CHANGE_USER, .number = user->number, .domain = user->domain, .text = user->name};

    if (!snapshot_add(arg, &change))
        return false;
    change.kind = CHANGE_USER_LIMIT;
    change.max_calls = user->max_calls;
    if (user->max_calls && !snapshot_add(arg, &change))
        return false;
    change.kind = CHANGE_USER_AUDIO;
    change.audio = user->audio;
    return user->audio == AUDIO_DEFAULT || snapshot_add(arg, &change);
}

static bool add_alias(void *arg, const struct store_alias *alias)
{
    struct change change = {.kind = CHANGE_ALIAS,
                            .number = alias->number,
                            .domain = alias->domain,
                            .text = alias->target};

    return snapshot_add(arg, &change);
}

static bool add_forward(void *arg, const struct store_forward *forward)
{
    struct change change = {.kind = CHANGE_FORWARD, .forward = *forward};

    return snapshot_add(arg, &change);
}

static bool add_gateway(void *arg, const struct store_gateway *gateway)
{
    struct change change = {.kind = CHANGE_GATEWAY, .gateway = *gateway};

    return snapshot_add(arg, &change);
}

static bool add_route(void *arg, const struct store_route *route)
{
    struct change change = {.kind = CHANGE_ROUTE, .route = *route};

    return snapshot_add(arg, &change);
}

static bool add_binding(void *arg, const struct store_binding *binding)
{
    struct change change = {.kind = CHANGE_BINDING, .binding = *binding};

    return snapshot_add(arg, &change);
}

static bool add_ban(void *arg, const struct store_ban *ban)
{
    struct change change = {.kind = CHANGE_BAN, .ban = *ban};

    return snapshot_add(arg, &change);
}

static enum error snapshot_fill(struct snapshot *s, struct store *store)
{
    enum error e = store->ops->user_each(store, VIEW_NONE, VIEW_NONE, add_user, s);

    if (!e && !s->error)
        e = store->ops->alias_each(store, add_alias, s);
    if (!e && !s->error)
        e = store->ops->forward_each(store, VIEW_NONE, VIEW_NONE, add_forward, s);
    if (!e && !s->error)
        e = store->ops->gateway_each(store, VIEW_NONE, add_gateway, s);
    if (!e && !s->error)
        e = store->ops->route_each(store, add_route, s);
    if (!e && !s->error)
        e = store->ops->binding_each(store, VIEW_NONE, VIEW_NONE, clock_wall(), add_binding, s);
    if (!e && !s->error)
        e = store->ops->ban_each(store, VIEW_NONE, clock_wall(), add_ban, s);
    if (!e)
        (void)snapshot_flush(s);
    return e ? e : s->error;
}

enum error snapshot_make(struct store *store, int *fd, uint64_t *size)
{
    struct snapshot s = {.fd = memfd_create("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    enum error e = s.fd < 0 ? ERR_SYSTEM : snapshot_fill(&s, store);

    pack_free(&s.pack);
    if (!e &&
        (lseek(s.fd, 0, SEEK_SET) < 0 ||
         fcntl(s.fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0))
        e = ERR_SYSTEM;
    if (e && s.fd >= 0)
        (void)close(s.fd);
    *fd = e ? -1 : s.fd;
    *size = s.size;
    return e;
}
