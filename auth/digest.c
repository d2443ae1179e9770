/* Digests: one context and one fetched algorithm each, for the life of the process. */
#include "auth/digest.h"

#include <openssl/evp.h>

static const struct {
    const char *name, *openssl;
    size_t size;
} algorithms[DIGEST_ALGORITHMS] = {
    [DIGEST_MD5] = {"MD5", "MD5", 16},
    [DIGEST_SHA256] = {"SHA-256", "SHA256", 32},
    [DIGEST_SHA512_256] = {"SHA-512-256", "SHA512-256", 32},
};

const char *digest_name(enum digest_algorithm a)
{
    return algorithms[a].name;
}

size_t digest_size(enum digest_algorithm a)
{
    return algorithms[a].size;
}

bool digest_parse(struct view name, enum digest_algorithm *out)
{
    if (!name.n) {
        *out = DIGEST_MD5;
        return true;
    }
    for (int i = 0; i < DIGEST_ALGORITHMS; i++) {
        if (view_ieq(name, view_of(algorithms[i].name))) {
            *out = (enum digest_algorithm)i;
            return true;
        }
    }
    return false;
}

static EVP_MD_CTX *digest_context(enum digest_algorithm a)
{
    static __thread EVP_MD_CTX *contexts[DIGEST_ALGORITHMS];
    static EVP_MD *fetched[DIGEST_ALGORITHMS];

    if (!fetched[a])
        fetched[a] = EVP_MD_fetch(NULL, algorithms[a].openssl, NULL);
    if (fetched[a] && !contexts[a]) {
        contexts[a] = EVP_MD_CTX_new();
        if (contexts[a] && EVP_DigestInit_ex2(contexts[a], fetched[a], NULL) != 1) {
            EVP_MD_CTX_free(contexts[a]);
            contexts[a] = NULL;
        }
    }
    return contexts[a];
}

enum error digest_join(enum digest_algorithm a, const struct view *parts, size_t count,
                       uint8_t out[DIGEST_SIZE_MAX])
{
    EVP_MD_CTX *context = digest_context(a);

    if (!context || EVP_DigestInit_ex2(context, NULL, NULL) != 1)
        return ERR_SYSTEM;
    for (size_t i = 0; i < count; i++) {
        if (i && EVP_DigestUpdate(context, ":", 1) != 1)
            return ERR_SYSTEM;
        if (parts[i].n && EVP_DigestUpdate(context, parts[i].p, parts[i].n) != 1)
            return ERR_SYSTEM;
    }
    return EVP_DigestFinal_ex(context, out, NULL) == 1 ? OK : ERR_SYSTEM;
}
