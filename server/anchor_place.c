/* Our own addresses, as phones see them. */
#include "server/anchor_place.h"

#include <string.h>

#include "server/anchor.h"
#include "server/media_link.h"

struct media_address flow_media_address(const struct sip_flow *flow)
{
    struct media_address a = {.family = flow->family, .port = flow->port};

    memcpy(a.bytes, flow->address, flow->family == 6 ? 16 : 4);
    return a;
}

void media_flow_set(struct sip_flow *out, const struct media_address *peer,
                    const struct media_address *local)
{
    out->family = peer->family;
    memcpy(out->address, peer->bytes, sizeof(out->address));
    if (local->family == peer->family)
        memcpy(out->local, local->bytes, sizeof(out->local));
}

/* fe80::/10: it means nothing without its interface. */
static bool is_link_local(const struct media_address *a)
{
    return a->family == 6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static struct media_address own_address(const struct transport_address *own)
{
    struct media_address a = {.family = own->family};

    memcpy(a.bytes, own->address, own->family == 6 ? 16 : 4);
    return a;
}

/* Another family than that of the signalling: any address of this host that leads as far. */
static bool other_family(const struct worker *w, const struct media_address *near, uint8_t family,
                         struct media_address *out)
{
    for (size_t i = 0; i < w->address_count; i++) {
        *out = own_address(&w->addresses[i]);
        if (out->family == family && !is_link_local(out) &&
            media_address_is_loopback(out) == media_address_is_loopback(near))
            return true;
    }
    return false;
}

bool anchor_place(const struct worker *w, const struct sip_flow *flow, uint8_t family,
                  struct media_address *out)
{
    struct media_address near = {.family = flow->family};

    if (config_media_address(w->config, family, out))
        return true;
    transport_local(w->transport, flow, near.bytes);
    *out = near;
    return family == flow->family ? !media_address_is_any(out)
                                  : other_family(w, &near, family, out);
}

static bool is_own_host(const struct worker *w, const struct media_address *a)
{
    struct sip_flow flow = {.family = a->family};
    struct media_address own;

    if (config_media_address(w->config, a->family, &own) && media_address_same_host(&own, a))
        return true;
    memcpy(flow.address, a->bytes, a->family == 6 ? 16 : 4);
    return transport_is_own(w->transport, &flow);
}

/* 0.0.0.0 and :: lead to this host. */
bool anchor_place_is_for_audio(const struct worker *w, const struct media_address *a)
{
    if (a->port < 1024 || a->port == 5060 || a->port == 5061 || media_address_is_any(a))
        return false;
    return !media_link_is_ours(w, a) &&
           !(transport_is_own_port(w->transport, a->port) && is_own_host(w, a));
}

bool anchor_place_free(struct worker *w, const struct sip_flow *flow, unsigned count)
{
    struct media_address host;

    return anchor_place(w, flow, flow->family, &host) && media_link_has(w, &host, count);
}

unsigned anchor_hosts(const struct worker *w, struct media_address *out, unsigned most)
{
    unsigned count = 0;

    for (uint8_t family = 4; family <= 6 && count < most; family += 2)
        count += config_media_address(w->config, family, &out[count]);
    for (size_t i = 0; i < w->address_count && count < most; i++) {
        struct media_address own = own_address(&w->addresses[i]), set;

        if (!is_link_local(&own) && !config_media_address(w->config, own.family, &set) &&
            transport_hears(w->transport, own.family, w->addresses[i].address))
            out[count++] = own;
    }
    return count;
}
