/* Making and reading Record-Route tokens: version, tag hash, two flows, MAC; base64url. */
#include "sip/token.h"

#include <string.h>

#define TOKEN_VERSION 2
#define HEAD_BYTES    7 /* version, hash of the caller's tag, number */
#define MAC_BYTES     8
#define TOKEN_BYTES   (HEAD_BYTES + 2 * (1 + FLOW_PACKED_MAX) + MAC_BYTES)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const uint8_t tag_key[16] = "from-tag";

uint32_t token_tag_hash(struct view tag)
{
    return (uint32_t)hash_keyed64(tag_key, tag);
}

static void encode(struct text *out, const uint8_t *bytes, size_t n)
{
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            text_view(out, (struct view){&alphabet[bits >> (have - 6) & 63], 1});
    }
    if (have)
        text_view(out, (struct view){&alphabet[bits << (6 - have) & 63], 1});
}

/* Only what encode makes of some bytes: 0 for other spellings of the same (RFC 4648 3.5). */
static size_t decode(struct view text, uint8_t *out, size_t size)
{
    struct view letters = {alphabet, sizeof(alphabet) - 1};
    uint32_t bits = 0;
    int have = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        size_t value = view_find(letters, text.p[i]);

        if (value == letters.n)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            if (n == size)
                return 0;
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return have >= 6 || bits & ((1u << have) - 1) ? 0 : n;
}

static void mac_make(uint8_t out[MAC_BYTES], const uint8_t key[16], struct view call_id,
                     const uint8_t *bytes, size_t n)
{
    struct hash128 call = hash_keyed(key, call_id);
    uint8_t buffer[TOKEN_BYTES + sizeof(call)];
    struct hash128 mac;

    memcpy(buffer, &call, sizeof(call));
    memcpy(buffer + sizeof(call), bytes, n);
    mac = hash_keyed(key, (struct view){(char *)buffer, sizeof(call) + n});
    memcpy(out, &mac.a, MAC_BYTES);
}

static size_t put_flow(uint8_t *to, const struct sip_flow *flow)
{
    to[0] = (uint8_t)flow_pack(flow, to + 1);
    return 1u + to[0];
}

static bool take_flow(struct sip_flow *out, struct view *rest)
{
    size_t n;

    if (!rest->n || (n = (uint8_t)rest->p[0]) > rest->n - 1)
        return false;
    if (!flow_unpack(out, (struct view){rest->p + 1, n}))
        return false;
    *rest = view_from(*rest, 1 + n);
    return true;
}

static uint64_t id_of(const uint8_t mac[MAC_BYTES])
{
    uint64_t id;

    memcpy(&id, mac, sizeof(id));
    return id ? id : 1;
}

void token_write(struct text *out, const uint8_t key[16], struct view call_id,
                 struct route_token *token)
{
    uint8_t bytes[TOKEN_BYTES] = {TOKEN_VERSION};
    size_t n = HEAD_BYTES;

    memcpy(bytes + 1, &token->caller_tag, 4);
    memcpy(bytes + 5, &token->number, 2);
    n += put_flow(bytes + n, &token->caller);
    n += put_flow(bytes + n, &token->callee);
    mac_make(bytes + n, key, call_id, bytes, n);
    token->id = id_of(bytes + n);
    encode(out, bytes, n + MAC_BYTES);
}

bool token_read(struct route_token *out, const uint8_t key[16], struct view call_id,
                struct view text)
{
    uint8_t bytes[TOKEN_BYTES], mac[MAC_BYTES];
    size_t n = decode(text, bytes, sizeof(bytes));
    struct view rest;

    if (n < HEAD_BYTES + MAC_BYTES || bytes[0] != TOKEN_VERSION)
        return false;
    n -= MAC_BYTES;
    mac_make(mac, key, call_id, bytes, n);
    if (!same_bytes(mac, bytes + n, MAC_BYTES))
        return false;
    memcpy(&out->caller_tag, bytes + 1, 4);
    memcpy(&out->number, bytes + 5, 2);
    out->id = id_of(mac);
    rest = (struct view){(char *)bytes + HEAD_BYTES, n - HEAD_BYTES};
    return take_flow(&out->caller, &rest) && take_flow(&out->callee, &rest) && rest.n == 0;
}
