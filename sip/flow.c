/* Flows as addresses, as text and as packed bytes. */
#include "sip/flow.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static size_t address_size(uint8_t family)
{
    return family == 6 ? 16 : 4;
}

void flow_set_peer(struct sip_flow *f, const struct sockaddr *from)
{
    memset(f->address, 0, sizeof(f->address));
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;

        f->family = 6;
        f->port = ntohs(in6->sin6_port);
        memcpy(f->address, &in6->sin6_addr, 16);
    } else {
        const struct sockaddr_in *in = (const void *)from;

        f->family = 4;
        f->port = ntohs(in->sin_port);
        memcpy(f->address, &in->sin_addr, 4);
    }
}

socklen_t flow_peer(const struct sip_flow *f, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (f->family == 6) {
        struct sockaddr_in6 *in6 = (void *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(f->port);
        memcpy(&in6->sin6_addr, f->address, 16);
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (void *)out;

    in->sin_family = AF_INET;
    in->sin_port = htons(f->port);
    memcpy(&in->sin_addr, f->address, 4);
    return sizeof(*in);
}

bool flow_same_address(const struct sip_flow *a, const struct sip_flow *b)
{
    return a->family == b->family && memcmp(a->address, b->address, 16) == 0;
}

static const uint8_t mapped[12] = {[10] = 255, [11] = 255}; /* IPv4 in IPv6 */

bool flow_is_local(const struct sip_flow *f)
{
    static const uint8_t none[16], one[16] = {[15] = 1};
    const uint8_t *a = f->address;

    if (f->family == 6 && memcmp(a, mapped, sizeof(mapped)) != 0)
        return memcmp(a, none, sizeof(none)) == 0 || memcmp(a, one, sizeof(one)) == 0;
    a += f->family == 6 ? sizeof(mapped) : 0;
    return a[0] == 127 || memcmp(a, none, 4) == 0;
}

bool flow_is_group(const struct sip_flow *f)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    const uint8_t *a = f->address;

    if (f->family == 6 && memcmp(a, mapped, sizeof(mapped)) != 0)
        return a[0] == 255;
    a += f->family == 6 ? sizeof(mapped) : 0;
    return (a[0] & 0xf0) == 0xe0 || memcmp(a, all, sizeof(all)) == 0;
}

bool flow_same_peer(const struct sip_flow *a, const struct sip_flow *b)
{
    return a->transport == b->transport && a->port == b->port && flow_same_address(a, b);
}

bool flow_set_address(struct sip_flow *f, struct view host)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[16] = {0};
    uint8_t family;

    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct view){host.p + 1, host.n - 2};
    if (!view_copy(host, text, sizeof(text)))
        return false;
    if (inet_pton(AF_INET, text, address) == 1)
        family = 4;
    else if (inet_pton(AF_INET6, text, address) == 1)
        family = 6;
    else
        return false;
    f->family = family;
    memcpy(f->address, address, sizeof(address));
    return true;
}

void flow_address_text(const uint8_t address[16], uint8_t family, bool bracketed, struct text *out)
{
    char text[INET6_ADDRSTRLEN];

    if (family != 6) { /* inet_ntop prints with sprintf, twice a message */
        for (int i = 0; i < 4; i++) {
            text_string(out, i ? "." : "");
            text_number(out, address[i]);
        }
        return;
    }
    inet_ntop(AF_INET6, address, text, sizeof(text));
    text_string(out, bracketed ? "[" : "");
    text_string(out, text);
    text_string(out, bracketed ? "]" : "");
}

const char *flow_transport_name(const struct sip_flow *f)
{
    static const char *const names[] = {[FLOW_UDP] = "UDP", [FLOW_TCP] = "TCP", [FLOW_TLS] = "TLS"};

    return names[f->transport];
}

const char *flow_text(const struct sip_flow *f, char out[FLOW_TEXT_MAX])
{
    static const char *const names[] = {
        [FLOW_UDP] = "udp:", [FLOW_TCP] = "tcp:", [FLOW_TLS] = "tls:"};
    struct text t = {.p = out, .size = FLOW_TEXT_MAX - 1};

    text_string(&t, names[f->transport]);
    flow_address_text(f->address, f->family, true, &t);
    text_string(&t, ":");
    text_number(&t, f->port);
    out[t.n] = 0;
    return out;
}

size_t flow_pack(const struct sip_flow *f, uint8_t out[FLOW_PACKED_MAX])
{
    size_t size = address_size(f->family);

    out[0] = (uint8_t)(f->transport << 4 | f->family);
    out[1] = f->listener;
    memcpy(out + 2, &f->port, 2);
    memcpy(out + 4, f->address, size);
    memcpy(out + 4 + size, f->local, size);
    return 4 + 2 * size;
}

bool flow_unpack(struct sip_flow *f, struct view in)
{
    size_t size;

    memset(f, 0, sizeof(*f));
    if (in.n < 4)
        return false;
    f->transport = (uint8_t)in.p[0] >> 4;
    f->family = in.p[0] & 15;
    f->listener = (uint8_t)in.p[1];
    size = address_size(f->family);
    if ((f->family != 4 && f->family != 6) || f->transport > FLOW_TLS || in.n != 4 + 2 * size) {
        f->family = 0;
        return false;
    }
    memcpy(&f->port, in.p + 2, 2);
    memcpy(f->address, in.p + 4, size);
    memcpy(f->local, in.p + 4 + size, size);
    return true;
}
