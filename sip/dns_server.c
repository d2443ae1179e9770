/* Name servers as text. */
#include "sip/dns_server.h"

#define PORT 53

/* Bytes of text that are the address: an IPv6 address without brackets has no port behind it. */
static size_t address_size(struct view text)
{
    size_t colon = view_find(text, ':');

    if (text.n && text.p[0] == '[')
        return view_find(text, ']') + 1;
    return view_find(view_from(text, colon + 1), ':') + colon + 1 < text.n ? text.n : colon;
}

enum error dns_server_set(struct sip_flow *out, struct view text)
{
    size_t size = address_size(text);
    struct view rest = view_from(text, size);
    uint64_t port = PORT;

    *out = (struct sip_flow){.transport = FLOW_UDP};
    if (rest.n && (rest.p[0] != ':' || !view_number(view_from(rest, 1), 65535, &port) || !port))
        return ERR_SYNTAX;
    if (size > text.n || !flow_set_address(out, (struct view){text.p, size}))
        return ERR_SYNTAX;
    out->port = (uint16_t)port;
    return OK;
}
