/* Sealed secrets: nonce, ciphertext, tag. */
#include "db/seal.h"

#include <openssl/evp.h>

#define NONCE 12
#define TAG   16

_Static_assert(NONCE + TAG == SEAL_EXTRA, "what sealing adds");

static const unsigned char *bytes_of(struct view v)
{
    return (const unsigned char *)(v.n ? v.p : "");
}

static bool encrypt(EVP_CIPHER_CTX *c, uint8_t *out, const uint8_t *key, struct view name,
                    struct view secret)
{
    uint8_t *text = out + NONCE;
    int n;

    return EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
           EVP_EncryptUpdate(c, NULL, &n, bytes_of(name), (int)name.n) == 1 &&
           EVP_EncryptUpdate(c, text, &n, bytes_of(secret), (int)secret.n) == 1 &&
           EVP_EncryptFinal_ex(c, text + secret.n, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, text + secret.n) == 1;
}

enum error seal_make(uint8_t *out, const uint8_t key[STORE_KEY], struct view name,
                     struct view secret)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool sealed;

    random_bytes(out, NONCE);
    sealed = c && encrypt(c, out, key, name, secret);
    EVP_CIPHER_CTX_free(c);
    return sealed ? OK : ERR_SYSTEM;
}

static bool decrypt(EVP_CIPHER_CTX *c, char *out, const uint8_t *key, struct view name,
                    struct view sealed)
{
    const unsigned char *nonce = bytes_of(sealed);
    size_t size = sealed.n - SEAL_EXTRA;
    unsigned char tag[TAG], rest[TAG];
    int n;

    memcpy(tag, nonce + NONCE + size, TAG);
    return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
           EVP_DecryptUpdate(c, NULL, &n, bytes_of(name), (int)name.n) == 1 &&
           EVP_DecryptUpdate(c, (unsigned char *)out, &n, nonce + NONCE, (int)size) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
           EVP_DecryptFinal_ex(c, rest, &n) == 1;
}

enum error seal_open(char *out, const uint8_t key[STORE_KEY], struct view name, struct view sealed)
{
    EVP_CIPHER_CTX *c;
    bool opened;

    if (sealed.n < SEAL_EXTRA)
        return ERR_DENIED;
    c = EVP_CIPHER_CTX_new();
    if (!c)
        return ERR_MEMORY;
    opened = decrypt(c, out, key, name, sealed);
    EVP_CIPHER_CTX_free(c);
    return opened ? OK : ERR_DENIED;
}
