/* Networks: masks and texts. */
#include "auth/network.h"

#include <arpa/inet.h>
#include <stdio.h>

static unsigned bits_of(uint8_t family)
{
    return family == 6 ? 128 : 32;
}

struct network network_of(uint8_t family, const uint8_t address[16], unsigned prefix)
{
    unsigned bits = bits_of(family), bytes;
    struct network n = {.family = family};

    n.prefix = (uint8_t)(prefix < bits ? prefix : bits);
    bytes = n.prefix / 8;
    memcpy(n.address, address, bytes);
    if (n.prefix % 8)
        n.address[bytes] = (uint8_t)(address[bytes] & 0xff << (8 - n.prefix % 8));
    return n;
}

static bool address_parse(struct view text, uint8_t *family, uint8_t address[16])
{
    char copy[INET6_ADDRSTRLEN];

    if (!view_copy(text, copy, sizeof(copy)))
        return false;
    *family = view_find(text, ':') < text.n ? 6 : 4;
    return inet_pton(*family == 6 ? AF_INET6 : AF_INET, copy, address) == 1;
}

bool network_parse(struct network *out, struct view text)
{
    size_t slash = view_find(text, '/');
    uint8_t address[16] = {0}, family;
    struct network whole;
    uint64_t prefix = 128;

    if (!address_parse((struct view){text.p, slash}, &family, address))
        return false;
    if (slash < text.n && !view_number(view_from(text, slash + 1), bits_of(family), &prefix))
        return false;
    whole = network_of(family, address, 128);
    *out = network_of(family, address, (unsigned)prefix);
    return memcmp(whole.address, out->address, sizeof(whole.address)) == 0;
}

const char *network_text(const struct network *n, char out[NETWORK_TEXT_MAX])
{
    char address[INET6_ADDRSTRLEN] = "?";

    (void)inet_ntop(n->family == 6 ? AF_INET6 : AF_INET, n->address, address, sizeof(address));
    if (n->prefix == bits_of(n->family))
        (void)snprintf(out, NETWORK_TEXT_MAX, "%s", address);
    else
        (void)snprintf(out, NETWORK_TEXT_MAX, "%s/%u", address, n->prefix);
    return out;
}

bool network_holds(const struct network *n, const struct network *inner)
{
    struct network cut;

    if (n->family != inner->family || n->prefix > inner->prefix)
        return false;
    cut = network_of(inner->family, inner->address, n->prefix);
    return network_same(n, &cut);
}
