/* Changes on their way to the sip role. */
#include <string.h>

#include "db/change.h"

void binding_pack(struct pack *k, const struct store_binding *b)
{
    pack_view(k, b->number);
    pack_view(k, b->domain);
    pack_view(k, b->contact);
    pack_u64(k, (uint64_t)b->expires);
    pack_view(k, b->call_id);
    pack_u32(k, b->cseq);
    pack_u16(k, b->q);
    pack_view(k, b->path);
    pack_view(k, b->instance);
    pack_u32(k, b->reg_id);
    pack_view(k, b->user_agent);
    pack_view(k, b->flow);
    pack_u64(k, (uint64_t)b->registered);
}

void binding_unpack(struct store_binding *b, struct view *from, bool *bad)
{
    b->number = unpack_view(from, bad);
    b->domain = unpack_view(from, bad);
    b->contact = unpack_view(from, bad);
    b->expires = (int64_t)unpack_u64(from, bad);
    b->call_id = unpack_view(from, bad);
    b->cseq = unpack_u32(from, bad);
    b->q = unpack_u16(from, bad);
    b->path = unpack_view(from, bad);
    b->instance = unpack_view(from, bad);
    b->reg_id = unpack_u32(from, bad);
    b->user_agent = unpack_view(from, bad);
    b->flow = unpack_view(from, bad);
    b->registered = (int64_t)unpack_u64(from, bad);
}

static void ban_pack(struct pack *k, const struct store_ban *b)
{
    pack_view(k, b->network);
    pack_u64(k, (uint64_t)b->until);
    pack_u32(k, b->users);
    pack_view(k, b->reason);
}

static void ban_unpack(struct store_ban *b, struct view *from, bool *bad)
{
    b->network = unpack_view(from, bad);
    b->until = (int64_t)unpack_u64(from, bad);
    b->users = unpack_u32(from, bad);
    b->reason = unpack_view(from, bad);
}

static void forward_pack(struct pack *k, const struct change *c)
{
    const struct store_forward *f = &c->forward;

    pack_view(k, f->number);
    pack_view(k, f->domain);
    pack_u8(k, (uint8_t)f->kind);
    if (c->kind == CHANGE_FORWARD_GONE)
        return;
    pack_view(k, f->target);
    pack_u16(k, f->after);
}

static void forward_unpack(struct change *c, struct view *from, bool *bad)
{
    struct store_forward *f = &c->forward;
    uint8_t kind;

    c->number = f->number = unpack_view(from, bad);
    c->domain = f->domain = unpack_view(from, bad);
    kind = unpack_u8(from, bad);
    *bad |= kind >= FORWARD_KINDS;
    f->kind = *bad ? FORWARD_ALWAYS : (enum forward_kind)kind;
    if (c->kind == CHANGE_FORWARD_GONE)
        return;
    f->target = unpack_view(from, bad);
    f->after = unpack_u16(from, bad);
}

/* The password is not among it: it stays in the keeper. */
static void gateway_pack(struct pack *k, const struct change *c)
{
    const struct store_gateway *g = &c->gateway;

    pack_view(k, g->name);
    if (c->kind == CHANGE_GATEWAY_GONE)
        return;
    pack_view(k, g->uri);
    pack_view(k, g->username);
    pack_u16(k, g->priority);
    pack_u16(k, g->weight);
    pack_u32(k, g->max_calls);
    pack_u8(k, g->registers);
}

static void gateway_unpack(struct change *c, struct view *from, bool *bad)
{
    struct store_gateway *g = &c->gateway;

    g->name = unpack_view(from, bad);
    if (c->kind == CHANGE_GATEWAY_GONE)
        return;
    g->uri = unpack_view(from, bad);
    g->username = unpack_view(from, bad);
    g->priority = unpack_u16(from, bad);
    g->weight = unpack_u16(from, bad);
    g->max_calls = unpack_u32(from, bad);
    g->registers = unpack_u8(from, bad) != 0;
}

static void route_pack(struct pack *k, const struct change *c)
{
    const struct store_route *r = &c->route;

    pack_view(k, r->prefix);
    if (c->kind == CHANGE_ROUTE_GONE)
        return;
    pack_view(k, r->gateways);
    pack_u8(k, r->strip);
    pack_view(k, r->prepend);
}

static void route_unpack(struct change *c, struct view *from, bool *bad)
{
    struct store_route *r = &c->route;

    r->prefix = unpack_view(from, bad);
    if (c->kind == CHANGE_ROUTE_GONE)
        return;
    r->gateways = unpack_view(from, bad);
    r->strip = unpack_u8(from, bad);
    r->prepend = unpack_view(from, bad);
}

/* Changes of users, aliases and bindings as a whole. */
static void plain_pack(struct pack *k, const struct change *c)
{
    pack_view(k, c->number);
    pack_view(k, c->domain);
    if (c->kind == CHANGE_USER || c->kind == CHANGE_ALIAS)
        pack_view(k, c->text);
    if (c->kind == CHANGE_USER_LIMIT)
        pack_u32(k, c->max_calls);
    if (c->kind == CHANGE_USER_AUDIO)
        pack_u8(k, (uint8_t)c->audio);
}

static enum audio_way audio_unpack(struct view *from, bool *bad)
{
    uint8_t way = unpack_u8(from, bad);

    *bad |= way >= AUDIO_WAYS;
    return *bad ? AUDIO_DEFAULT : (enum audio_way)way;
}

static void plain_unpack(struct change *c, struct view *from, bool *bad)
{
    c->number = unpack_view(from, bad);
    c->domain = unpack_view(from, bad);
    if (c->kind == CHANGE_USER || c->kind == CHANGE_ALIAS)
        c->text = unpack_view(from, bad);
    if (c->kind == CHANGE_USER_LIMIT)
        c->max_calls = unpack_u32(from, bad);
    if (c->kind == CHANGE_USER_AUDIO)
        c->audio = audio_unpack(from, bad);
}

void change_pack(struct pack *k, const struct change *c)
{
    pack_u8(k, (uint8_t)c->kind);
    switch (c->kind) {
    case CHANGE_BINDING:
        binding_pack(k, &c->binding);
        break;
    case CHANGE_FORWARD:
    case CHANGE_FORWARD_GONE:
        forward_pack(k, c);
        break;
    case CHANGE_GATEWAY:
    case CHANGE_GATEWAY_GONE:
        gateway_pack(k, c);
        break;
    case CHANGE_ROUTE:
    case CHANGE_ROUTE_GONE:
        route_pack(k, c);
        break;
    case CHANGE_BAN:
    case CHANGE_BAN_GONE:
        ban_pack(k, &c->ban);
        break;
    default:
        plain_pack(k, c);
    }
}

bool change_unpack(struct change *c, struct view *from)
{
    bool bad = false;
    uint8_t kind = unpack_u8(from, &bad);

    memset(c, 0, sizeof(*c));
    if (bad || kind < CHANGE_USER || kind > CHANGE_LAST)
        return false;
    c->kind = (enum change_kind)kind;
    switch (c->kind) {
    case CHANGE_BINDING:
        binding_unpack(&c->binding, from, &bad);
        c->number = c->binding.number;
        c->domain = c->binding.domain;
        break;
    case CHANGE_FORWARD:
    case CHANGE_FORWARD_GONE:
        forward_unpack(c, from, &bad);
        break;
    case CHANGE_GATEWAY:
    case CHANGE_GATEWAY_GONE:
        gateway_unpack(c, from, &bad);
        break;
    case CHANGE_ROUTE:
    case CHANGE_ROUTE_GONE:
        route_unpack(c, from, &bad);
        break;
    case CHANGE_BAN:
    case CHANGE_BAN_GONE:
        ban_unpack(&c->ban, from, &bad);
        break;
    default:
        plain_unpack(c, from, &bad);
    }
    return !bad;
}
