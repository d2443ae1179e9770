/* Records on their way to the keeper. */
#include "db/record.h"

#include "sip/uri.h"

void record_pack(struct pack *k, const struct store_call *c)
{
    pack_u64(k, c->id);
    pack_view(k, c->call_id);
    pack_u64(k, (uint64_t)c->begun);
    pack_u64(k, (uint64_t)c->answered);
    pack_u64(k, (uint64_t)c->ended);
    pack_view(k, c->from);
    pack_view(k, c->to);
    pack_view(k, c->caller);
    pack_view(k, c->route);
    pack_u16(k, c->status);
    pack_view(k, c->ended_by);
    pack_view(k, c->audio);
}

bool record_unpack(struct store_call *out, struct view *rest)
{
    bool bad = false;

    out->id = unpack_u64(rest, &bad);
    out->call_id = unpack_view(rest, &bad);
    out->begun = (int64_t)unpack_u64(rest, &bad);
    out->answered = (int64_t)unpack_u64(rest, &bad);
    out->ended = (int64_t)unpack_u64(rest, &bad);
    out->from = unpack_view(rest, &bad);
    out->to = unpack_view(rest, &bad);
    out->caller = unpack_view(rest, &bad);
    out->route = unpack_view(rest, &bad);
    out->status = unpack_u16(rest, &bad);
    out->ended_by = unpack_view(rest, &bad);
    out->audio = unpack_view(rest, &bad);
    return !bad && out->id != 0;
}

/* No parser for this: strangers wrote it, and the keeper holds the hashes. */
void record_number(struct view uri, char out[NUMBER_MAX])
{
    struct view rest = uri, scheme = view_cut(&rest, ':');
    bool tel = view_ieq(scheme, VIEW("tel"));
    struct uri u = {.user = {rest.p, view_find(rest, tel ? ';' : '@')}, .has_user = true};
    char user[NUMBER_MAX];

    out[0] = 0;
    if (!tel && u.user.n == rest.n)
        return;
    u.user.n = view_find(u.user, ':');
    if (uri_user_decode(&u, user) || number_canonical(view_of(user), out))
        out[0] = 0;
}
