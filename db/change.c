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

void change_pack(struct pack *k, const struct change *c)
{
    pack_u8(k, (uint8_t)c->kind);
    if (c->kind == CHANGE_BINDING) {
        binding_pack(k, &c->binding);
        return;
    }
    pack_view(k, c->number);
    pack_view(k, c->domain);
    if (c->kind == CHANGE_USER || c->kind == CHANGE_ALIAS)
        pack_view(k, c->text);
}

bool change_unpack(struct change *c, struct view *from)
{
    bool bad = false;
    uint8_t kind = unpack_u8(from, &bad);

    memset(c, 0, sizeof(*c));
    if (bad || kind < CHANGE_USER || kind > CHANGE_BINDINGS_GONE)
        return false;
    c->kind = (enum change_kind)kind;
    if (c->kind == CHANGE_BINDING) {
        binding_unpack(&c->binding, from, &bad);
        c->number = c->binding.number;
        c->domain = c->binding.domain;
        return !bad;
    }
    c->number = unpack_view(from, &bad);
    c->domain = unpack_view(from, &bad);
    if (c->kind == CHANGE_USER || c->kind == CHANGE_ALIAS)
        c->text = unpack_view(from, &bad);
    return !bad;
}
