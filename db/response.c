/* Responses to the challenges of gateways (RFC 7616 3.4.1): the password stays here. */
#include "db/gateway.h"
#include "db/keeper_inside.h"

struct response {
    struct store *store;
    struct claim *claim;
    char username[TEXT_MAX + 1], hex[CLAIM_RESPONSE];
    bool made;
};

static bool respond(void *arg, const struct store_gateway *gateway)
{
    struct response *r = arg;
    char password[TEXT_MAX];
    size_t n;
    enum error e = gateway_unseal(r->store, gateway, password, &n);

    if (!e && view_copy(gateway->username, r->username, sizeof(r->username))) {
        r->claim->username = view_of(r->username);
        r->made = claim_respond(r->hex, r->claim, (struct view){password, n}) == OK;
    }
    if (e == ERR_DENIED)
        log_warning("the password of gateway %.*s cannot be read: its key was lost; give it anew "
                    "with \"offhook gateway password %.*s\"",
                    VIEW_ARG(gateway->name), VIEW_ARG(gateway->name));
    explicit_bzero(password, sizeof(password));
    return false;
}

void response_send(struct keeper *k, uint64_t id, struct view body)
{
    struct claim claim;
    struct response r = {.store = k->store, .claim = &claim};
    bool bad = false;
    struct view name = unpack_view(&body, &bad);

    claim_unpack(&claim, &body, &bad);
    if (!bad && name.n)
        (void)k->store->ops->gateway_each(k->store, name, respond, &r);
    pack_reset(&k->scratch);
    pack_view(&k->scratch, r.made ? view_of(r.username) : VIEW_NONE);
    pack_view(&k->scratch, r.made ? view_of(r.hex) : VIEW_NONE);
    (void)keeper_tell(k, KEEPER_GATEWAY_RESPONSE, id);
}
