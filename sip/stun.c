/* As little of RFC 5389 as RFC 5626 asks of a server: Binding, XOR-MAPPED-ADDRESS. */
#include "sip/stun.h"

#include <string.h>

#define HEAD               20
#define BINDING_REQUEST    0x0001
#define BINDING_SUCCESS    0x0101
#define XOR_MAPPED_ADDRESS 0x0020

static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

static unsigned read16(const char *p)
{
    return (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

static void write16(struct text *out, unsigned v)
{
    text_view(out, (struct view){(const char[]){(char)(v >> 8), (char)v}, 2});
}

bool stun_answer(struct text *out, struct view request, const struct sip_flow *from)
{
    size_t size = from->family == 6 ? 16 : 4;
    char address[16];

    if (request.n < HEAD || read16(request.p) != BINDING_REQUEST ||
        read16(request.p + 2) != request.n - HEAD || memcmp(request.p + 4, cookie, 4) != 0)
        return false;
    for (size_t i = 0; i < size; i++) /* with the cookie and the transaction's id, 15.2 */
        address[i] = (char)(from->address[i] ^ (uint8_t)request.p[4 + i]);
    write16(out, BINDING_SUCCESS);
    write16(out, (unsigned)(8 + size));
    text_view(out, (struct view){request.p + 4, HEAD - 4});
    write16(out, XOR_MAPPED_ADDRESS);
    write16(out, (unsigned)(4 + size));
    write16(out, from->family == 6 ? 2 : 1);
    write16(out, from->port ^ (unsigned)(cookie[0] << 8 | cookie[1]));
    text_view(out, (struct view){address, size});
    return true;
}
