/* Addresses of media as text, as bytes, and as socket addresses. */
#include "media/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static void host_set(struct media_address *out, uint8_t family, const uint8_t *bytes)
{
    static const uint8_t mapped[12] = {[10] = 255, [11] = 255}; /* IPv4 in IPv6 */

    if (family == 6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        family = 4;
        bytes += sizeof(mapped);
    }
    out->family = family;
    memset(out->bytes, 0, sizeof(out->bytes));
    memcpy(out->bytes, bytes, family == 6 ? 16 : 4);
}

bool media_address_parse(struct media_address *out, struct view host)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (!view_copy(host, text, sizeof(text)))
        return false;
    if (inet_pton(AF_INET, text, bytes) == 1)
        host_set(out, 4, bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        host_set(out, 6, bytes);
    else
        return false;
    return true;
}

void media_address_text(const struct media_address *a, struct text *out)
{
    char text[INET6_ADDRSTRLEN];

    if (a->family && inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, text, sizeof(text)))
        text_string(out, text);
}

bool media_address_same_host(const struct media_address *a, const struct media_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool media_address_same(const struct media_address *a, const struct media_address *b)
{
    return a->port == b->port && media_address_same_host(a, b);
}

bool media_address_is_any(const struct media_address *a)
{
    static const uint8_t none[16];

    return a->family && memcmp(a->bytes, none, sizeof(none)) == 0;
}

/* Do the first `length` bits of a equal those of bytes? */
static bool is_within(const struct media_address *a, const uint8_t *bytes, unsigned length)
{
    unsigned whole = length / 8, bits = length % 8;

    if (memcmp(a->bytes, bytes, whole) != 0)
        return false;
    return bits == 0 || (a->bytes[whole] ^ bytes[whole]) >> (8 - bits) == 0;
}

bool media_address_is_loopback(const struct media_address *a)
{
    static const uint8_t one[16] = {[15] = 1};

    return a->family == 4 ? a->bytes[0] == 127
                          : a->family == 6 && memcmp(a->bytes, one, sizeof(one)) == 0;
}

bool media_address_is_private(const struct media_address *a)
{
    static const struct {
        uint8_t family, length, bytes[16];
    } networks[] = {
        {4, 8, {10}},       {4, 12, {172, 16}},    {4, 16, {192, 168}},
        {4, 10, {100, 64}}, {4, 16, {169, 254}},   {4, 8, {127}},
        {6, 7, {0xfc}},     {6, 10, {0xfe, 0x80}}, {6, 128, {[15] = 1}},
    };

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
        if (a->family == networks[i].family && is_within(a, networks[i].bytes, networks[i].length))
            return true;
    return false;
}

bool media_address_is_group(const struct media_address *a)
{
    static const uint8_t all[4] = {255, 255, 255, 255};

    if (a->family == 6)
        return a->bytes[0] == 255;
    return a->family == 4 && ((a->bytes[0] & 0xf0) == 0xe0 || memcmp(a->bytes, all, 4) == 0);
}

void media_address_set(struct media_address *out, const struct sockaddr *from)
{
    *out = (struct media_address){0};
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;

        out->port = ntohs(in6->sin6_port);
        host_set(out, 6, in6->sin6_addr.s6_addr);
    } else if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;

        out->port = ntohs(in->sin_port);
        host_set(out, 4, (const void *)&in->sin_addr);
    }
}

socklen_t media_address_sockaddr(const struct media_address *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (a->family == 6) {
        struct sockaddr_in6 *in6 = (void *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(a->port);
        memcpy(&in6->sin6_addr, a->bytes, 16);
        return sizeof(*in6);
    }
    if (a->family == 4) {
        struct sockaddr_in *in = (void *)out;

        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->bytes, 4);
        return sizeof(*in);
    }
    return 0;
}
