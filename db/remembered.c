/* The users asked for lately, in sets of a few places; a keyed hash chooses the set. */
#include "db/remembered.h"

#include <stdlib.h>
#include <string.h>

struct place {
    struct hash128 key; /* of name and domain */
    uint8_t ha1[CREDENTIAL_PACKED];
    uint16_t number, domain, auth_name, realm; /* their sizes */
    char text[];
};

#define WAYS 4
#define SETS (REMEMBERED_MAX / WAYS)

struct remembered {
    struct place *sets[SETS][WAYS]; /* the one asked for last comes first */
};

enum error remembered_new(struct remembered **out)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return ERR_MEMORY;
    return OK;
}

void remembered_clear(struct remembered *r)
{
    for (size_t i = 0; i < REMEMBERED_MAX; i++) {
        free(r->sets[i / WAYS][i % WAYS]);
        r->sets[i / WAYS][i % WAYS] = NULL;
    }
}

void remembered_free(struct remembered *r)
{
    if (!r)
        return;
    remembered_clear(r);
    free(r);
}

static struct hash128 key_of(struct view name, struct view domain)
{
    struct hash128 a = hash_wide(name), b = hash_wide(domain);

    return (struct hash128){a.a ^ b.a * 3, a.b ^ b.b * 3};
}

static struct view text_take(const char **at, uint16_t n)
{
    struct view v = {*at, n};

    *at += n;
    return v;
}

/* Moves what stands at `way` to the front of its set. */
static struct place *to_front(struct place **set, size_t way)
{
    struct place *p = set[way];

    memmove(set + 1, set, way * sizeof(*set));
    return set[0] = p;
}

static struct place *place_find(struct remembered *r, struct hash128 key)
{
    struct place **set = r->sets[key.a % SETS];

    for (size_t way = 0; way < WAYS && set[way]; way++)
        if (set[way]->key.a == key.a && set[way]->key.b == key.b)
            return way ? to_front(set, way) : set[0];
    return NULL;
}

bool remembered_get(struct remembered *r, struct view name, struct view domain,
                    struct store_user *out)
{
    const struct place *p = place_find(r, key_of(name, domain));
    const char *at;

    if (!p)
        return false;
    at = p->text;
    out->number = text_take(&at, p->number);
    out->domain = text_take(&at, p->domain);
    out->credentials.auth_name = text_take(&at, p->auth_name);
    out->credentials.realm = text_take(&at, p->realm);
    out->name = VIEW("");
    credential_unpack(&out->credentials, p->ha1);
    return true;
}

static char *text_put(char *to, struct view v)
{
    if (v.n)
        memcpy(to, v.p, v.n);
    return to + v.n;
}

void remembered_put(struct remembered *r, struct view name, struct view domain,
                    const struct store_user *user)
{
    const struct credential_set *c = &user->credentials;
    size_t n = user->number.n + user->domain.n + c->auth_name.n + c->realm.n;
    struct place *p = n <= UINT16_MAX ? malloc(sizeof(*p) + n) : NULL;
    struct place **set;
    char *to;

    if (!p)
        return;
    p->key = key_of(name, domain);
    p->number = (uint16_t)user->number.n;
    p->domain = (uint16_t)user->domain.n;
    p->auth_name = (uint16_t)c->auth_name.n;
    p->realm = (uint16_t)c->realm.n;
    credential_pack(c, p->ha1);
    to = text_put(p->text, user->number);
    to = text_put(to, user->domain);
    to = text_put(to, c->auth_name);
    text_put(to, c->realm);
    set = r->sets[p->key.a % SETS];
    free(set[WAYS - 1]);
    set[WAYS - 1] = p;
    (void)to_front(set, WAYS - 1);
}
