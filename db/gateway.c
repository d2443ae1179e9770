/* Sealing and opening the passwords of gateways. */
#include "db/gateway.h"

#include <stdio.h>

enum error gateway_seal(struct store *s, struct view name, struct view password,
                        uint8_t out[GATEWAY_SEALED_MAX], size_t *n)
{
    uint8_t key[STORE_KEY];
    enum error e = password.n <= TEXT_MAX ? s->ops->key(s, true, key) : ERR_LIMIT;

    if (e)
        return e;
    e = seal_make(out, key, name, password);
    if (e)
        (void)snprintf(s->error, sizeof(s->error), "the password could not be encrypted");
    explicit_bzero(key, sizeof(key));
    *n = password.n + SEAL_EXTRA;
    return e;
}

enum error gateway_unseal(struct store *s, const struct store_gateway *gateway, char out[TEXT_MAX],
                          size_t *n)
{
    uint8_t key[STORE_KEY];
    enum error e;

    if (!gateway->password.n)
        return ERR_NOT_FOUND;
    if (gateway->password.n < SEAL_EXTRA || gateway->password.n > GATEWAY_SEALED_MAX)
        return ERR_DENIED;
    e = s->ops->key(s, false, key);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DENIED : e;
    e = seal_open(out, key, gateway->name, gateway->password);
    explicit_bzero(key, sizeof(key));
    *n = gateway->password.n - SEAL_EXTRA;
    return e;
}

enum gateway_password gateway_password_state(struct store *s, const struct store_gateway *gateway)
{
    char password[TEXT_MAX];
    size_t n;
    enum error e = gateway_unseal(s, gateway, password, &n);

    explicit_bzero(password, sizeof(password));
    if (e == ERR_NOT_FOUND)
        return GATEWAY_PASSWORD_NONE;
    return e ? GATEWAY_PASSWORD_LOST : GATEWAY_PASSWORD_SET;
}
