/* Users, aliases and bindings in keyed tables. */
#include "routing/location.h"

#include <stdlib.h>
#include <string.h>

#include "routing/origin.h"
#include "sip/agent.h"

struct alias {
    struct table_node node;
    const char *domain;
    size_t number_size, target_size;
    char bytes[]; /* number, target */
};

struct domain {
    struct domain *next;
    char name[];
};

struct location {
    struct wheel *wheel;
    struct table users, aliases, origins;
    struct domain *domains;
    size_t bindings;
    struct location_watch watch;
};

struct key {
    struct view number, domain;
};

enum error location_new(struct location **out, struct wheel *wheel)
{
    struct location *l = calloc(1, sizeof(*l));

    *out = NULL;
    if (!l)
        return ERR_MEMORY;
    l->wheel = wheel;
    if (table_init(&l->users) != OK || table_init(&l->aliases) != OK ||
        table_init(&l->origins) != OK) {
        location_free(l);
        return ERR_MEMORY;
    }
    *out = l;
    return OK;
}

void location_watch(struct location *l, const struct location_watch *watch)
{
    l->watch = *watch;
}

/* Domains are few; each is kept once. */
static const char *domain_intern(struct location *l, struct view name)
{
    struct domain *d;

    for (d = l->domains; d; d = d->next)
        if (view_eq(view_of(d->name), name))
            return d->name;
    d = malloc(sizeof(*d) + name.n + 1);
    if (!d)
        return NULL;
    memcpy(d->name, name.p, name.n);
    d->name[name.n] = 0;
    d->next = l->domains;
    l->domains = d;
    return d->name;
}

static uint64_t key_hash(struct view number, struct view domain)
{
    return hash_view(number) ^ hash_view(domain) * 3;
}

static bool user_matches(const struct table_node *node, const void *arg)
{
    const struct user *u = (const void *)node;
    const struct key *k = arg;

    return view_eq(user_number(u), k->number) && view_eq(user_domain(u), k->domain);
}

static bool alias_matches(const struct table_node *node, const void *arg)
{
    const struct alias *a = (const void *)node;
    const struct key *k = arg;

    return view_eq((struct view){a->bytes, a->number_size}, k->number) &&
           view_eq(view_of(a->domain), k->domain);
}

static struct user *user_find(const struct location *l, struct view number, struct view domain)
{
    struct key key = {number, domain};

    return (void *)table_find(&l->users, key_hash(number, domain), user_matches, &key);
}

struct user *location_user(const struct location *l, struct view number, struct view domain)
{
    struct user *u = user_find(l, number, domain);

    return u && !u->gone ? u : NULL;
}

static struct alias *alias_find(const struct location *l, struct view number, struct view domain)
{
    struct key key = {number, domain};

    return (void *)table_find(&l->aliases, key_hash(number, domain), alias_matches, &key);
}

struct view location_alias(const struct location *l, struct view number, struct view domain)
{
    const struct alias *a = alias_find(l, number, domain);

    return a ? (struct view){a->bytes + a->number_size, a->target_size} : VIEW_NONE;
}

struct view user_number(const struct user *u)
{
    return (struct view){u->number, u->number_size};
}

struct view user_domain(const struct user *u)
{
    return view_of(u->domain);
}

struct view user_name(const struct user *u)
{
    return view_of(u->name);
}

static void binding_free(struct binding *b)
{
    struct binding **link = &b->user->bindings;
    struct sip_flow flow = binding_flow(b);

    while (*link != b)
        link = &(*link)->next;
    *link = b->next;
    timer_disarm(&b->expiry);
    if (b->owner->watch.unbound)
        b->owner->watch.unbound(b->owner->watch.arg, b);
    origin_remove(&b->owner->origins, &flow);
    b->owner->bindings--;
    free(b);
}

static void bindings_free(struct user *u)
{
    while (u->bindings)
        binding_free(u->bindings);
}

static void user_drop(struct table_node *node, void *arg)
{
    struct location *l = arg;
    struct user *u = (struct user *)(void *)node;

    bindings_free(u);
    forwarding_clear(&u->forwarding);
    u->max_calls = 0;
    u->audio = AUDIO_DEFAULT;
    if (u->busy) { /* whoever is busy with it holds a pointer */
        u->gone = true;
        return;
    }
    table_take(&l->users, node);
    free(u->name);
    free(u);
}

void location_release(struct location *l, struct user *u)
{
    u->busy = NULL;
    if (u->gone)
        user_drop(&u->node, l);
}

static void user_free(struct table_node *node, void *arg)
{
    ((struct user *)(void *)node)->busy = NULL;
    user_drop(node, arg);
}

static void alias_drop(struct table_node *node, void *arg)
{
    struct location *l = arg;

    table_take(&l->aliases, node);
    free(node);
}

void location_clear(struct location *l)
{
    table_each(&l->users, user_drop, l);
    table_each(&l->aliases, alias_drop, l);
}

void location_free(struct location *l)
{
    if (!l)
        return;
    table_each(&l->users, user_free, l);
    table_each(&l->aliases, alias_drop, l);
    table_free(&l->users);
    table_free(&l->aliases);
    origins_free(&l->origins);
    while (l->domains) {
        struct domain *d = l->domains;

        l->domains = d->next;
        free(d);
    }
    free(l);
}

/* Without memory the old name stays. */
static enum error name_put(struct user *u, struct view name)
{
    char *copy = NULL;

    if (view_eq(view_of(u->name), name))
        return OK;
    if (name.n && !(copy = view_dup(name)))
        return ERR_MEMORY;
    free(u->name);
    u->name = copy;
    return OK;
}

static enum error user_put(struct location *l, const struct change *c)
{
    struct user *u = user_find(l, c->number, c->domain);
    const char *domain;

    if (u) {
        u->gone = false;
        return name_put(u, c->text);
    }
    if (c->number.n > UINT8_MAX)
        return ERR_LIMIT;
    domain = domain_intern(l, c->domain);
    u = domain ? calloc(1, sizeof(*u) + c->number.n) : NULL;
    if (!u || name_put(u, c->text) != OK) {
        free(u);
        return ERR_MEMORY;
    }
    u->domain = domain;
    u->number_size = (uint8_t)c->number.n;
    memcpy(u->number, c->number.p, c->number.n);
    table_put(&l->users, &u->node, key_hash(c->number, c->domain));
    return OK;
}

static enum error alias_put(struct location *l, const struct change *c)
{
    const char *domain = domain_intern(l, c->domain);
    struct alias *a = domain ? calloc(1, sizeof(*a) + c->number.n + c->text.n) : NULL;
    struct alias *old = alias_find(l, c->number, c->domain);

    if (!a)
        return ERR_MEMORY;
    if (old)
        alias_drop(&old->node, l);
    a->domain = domain;
    a->number_size = c->number.n;
    a->target_size = c->text.n;
    memcpy(a->bytes, c->number.p, c->number.n);
    memcpy(a->bytes + c->number.n, c->text.p, c->text.n);
    table_put(&l->aliases, &a->node, key_hash(c->number, c->domain));
    return OK;
}

static void on_expiry(struct timer *timer)
{
    struct binding *b = TIMER_OWNER(timer, struct binding, expiry);

    log_info("%.*s: %.*s has expired", VIEW_ARG(user_number(b->user)),
             VIEW_ARG(binding_contact(b)));
    binding_free(b);
}

bool binding_has_gruu(const struct binding *b, struct view gr)
{
    struct view instance = binding_instance(b);

    return gr.n && instance.n == gr.n + 2 && instance.p[0] == '<' &&
           view_ieq((struct view){instance.p + 1, gr.n}, gr);
}

bool binding_is(const struct binding *b, const struct store_binding *row)
{
    if (b->reg_id || row->reg_id)
        return b->reg_id == row->reg_id && view_eq(binding_instance(b), row->instance);
    return view_eq(binding_contact(b), row->contact);
}

static struct binding *binding_find(const struct user *u, const struct store_binding *row)
{
    for (struct binding *b = u->bindings; b; b = b->next)
        if (binding_is(b, row))
            return b;
    return NULL;
}

static void append(char **to, struct view v)
{
    if (v.n)
        memcpy(*to, v.p, v.n);
    *to += v.n;
}

/* Does a NAT stand between? Then the flow leads elsewhere than the Contact says. */
static bool is_nat(const struct store_binding *row)
{
    struct sip_flow flow, contact = {0};
    struct uri uri;

    if (row->path.n || !flow_unpack(&flow, row->flow) || uri_parse(&uri, row->contact) != OK)
        return false;
    return !flow_set_address(&contact, uri.host) || !flow_same_address(&contact, &flow);
}

static struct binding *binding_make(const struct store_binding *row)
{
    struct view parts[] = {row->contact, row->call_id, row->path, row->instance, row->flow};
    size_t size = 0;
    struct binding *b;
    char *to;

    for (size_t i = 0; i < 5; i++) {
        if (parts[i].n > UINT16_MAX)
            return NULL;
        size += parts[i].n;
    }
    b = row->flow.n <= UINT8_MAX ? malloc(sizeof(*b) + size) : NULL;
    if (!b)
        return NULL;
    *b = (struct binding){.expires = row->expires,
                          .cseq = row->cseq,
                          .reg_id = row->reg_id,
                          .q = row->q,
                          .contact_size = (uint16_t)row->contact.n,
                          .call_id_size = (uint16_t)row->call_id.n,
                          .path_size = (uint16_t)row->path.n,
                          .instance_size = (uint16_t)row->instance.n,
                          .flow_size = (uint8_t)row->flow.n};
    to = b->bytes;
    for (size_t i = 0; i < 5; i++)
        append(&to, parts[i]);
    b->nat = is_nat(row);
    b->cisco79 = agent_names_cisco79(row->user_agent);
    return b;
}

static struct view packed_flow(const struct binding *b)
{
    size_t before = (size_t)b->contact_size + b->call_id_size + b->path_size + b->instance_size;

    return (struct view){b->bytes + before, b->flow_size};
}

/* Is row only a refresh of b, with nothing new but time and order? */
static bool is_refresh(const struct binding *b, const struct store_binding *row)
{
    return view_eq(binding_contact(b), row->contact) && view_eq(binding_call_id(b), row->call_id) &&
           view_eq(binding_path(b), row->path) && view_eq(binding_instance(b), row->instance) &&
           view_eq(packed_flow(b), row->flow);
}

/* A REGISTER has shown that it can be reached. */
static void bound_tell(struct location *l, struct binding *b)
{
    b->unreachable = false;
    if (l->watch.bound)
        l->watch.bound(l->watch.arg, b);
}

enum error location_bind(struct location *l, struct user *u, const struct store_binding *row)
{
    struct binding *old = binding_find(u, row), *b;
    struct sip_flow flow;
    int64_t left = row->expires * 1000 - clock_wall_ms();

    if (left <= 0) {
        if (old)
            binding_free(old);
        return OK;
    }
    if (old && is_refresh(old, row)) {
        old->expires = row->expires;
        old->cseq = row->cseq;
        old->q = row->q;
        old->cisco79 = agent_names_cisco79(row->user_agent);
        timer_arm(l->wheel, &old->expiry, (uint64_t)left, on_expiry);
        bound_tell(l, old);
        return OK;
    }
    b = binding_make(row);
    if (!b)
        return ERR_MEMORY;
    if (old)
        binding_free(old);
    b->owner = l;
    b->user = u;
    b->next = u->bindings;
    u->bindings = b;
    l->bindings++;
    flow = binding_flow(b);
    origin_add(&l->origins, &flow);
    timer_arm(l->wheel, &b->expiry, (uint64_t)left, on_expiry);
    bound_tell(l, b);
    return OK;
}

static enum error binding_put(struct location *l, const struct store_binding *row)
{
    struct user *u = location_user(l, row->number, row->domain);

    return u ? location_bind(l, u, row) : ERR_NOT_FOUND;
}

static enum error setting_apply(struct location *l, const struct change *c)
{
    struct user *u = location_user(l, c->number, c->domain);

    if (!u)
        return ERR_NOT_FOUND;
    if (c->kind == CHANGE_USER_LIMIT)
        u->max_calls = c->max_calls;
    else
        u->audio = (uint8_t)c->audio;
    return OK;
}

static enum error forward_apply(struct location *l, const struct change *c)
{
    struct user *u = location_user(l, c->forward.number, c->forward.domain);

    if (!u)
        return ERR_NOT_FOUND;
    if (c->kind == CHANGE_FORWARD)
        return forwarding_put(&u->forwarding, &c->forward);
    forwarding_remove(&u->forwarding, c->forward.kind);
    return OK;
}

static enum error user_gone(struct location *l, const struct change *c, bool whole)
{
    struct user *u = location_user(l, c->number, c->domain);

    if (!u)
        return OK;
    if (whole)
        user_drop(&u->node, l);
    else
        bindings_free(u);
    return OK;
}

enum error location_apply(struct location *l, const struct change *c)
{
    struct alias *alias;

    switch (c->kind) {
    case CHANGE_USER:
        return user_put(l, c);
    case CHANGE_USER_GONE:
        return user_gone(l, c, true);
    case CHANGE_ALIAS:
        return alias_put(l, c);
    case CHANGE_ALIAS_GONE:
        if ((alias = alias_find(l, c->number, c->domain)))
            alias_drop(&alias->node, l);
        return OK;
    case CHANGE_BINDING:
        return binding_put(l, &c->binding);
    case CHANGE_BINDINGS_GONE:
        return user_gone(l, c, false);
    case CHANGE_FORWARD:
    case CHANGE_FORWARD_GONE:
        return forward_apply(l, c);
    case CHANGE_USER_LIMIT:
    case CHANGE_USER_AUDIO:
        return setting_apply(l, c);
    default:
        break;
    }
    return ERR_SYNTAX;
}

const struct forward *user_forward(const struct user *u, enum forward_kind kind)
{
    return forwarding_find(&u->forwarding, kind);
}

struct location_counts location_counts(const struct location *l)
{
    return (struct location_counts){l->users.count, l->aliases.count, l->bindings};
}

size_t location_bound(const struct location *l, const struct network *source)
{
    return origin_count(&l->origins, source);
}

struct view binding_contact(const struct binding *b)
{
    return (struct view){b->bytes, b->contact_size};
}

struct view binding_call_id(const struct binding *b)
{
    return (struct view){b->bytes + b->contact_size, b->call_id_size};
}

struct view binding_path(const struct binding *b)
{
    return (struct view){b->bytes + b->contact_size + b->call_id_size, b->path_size};
}

struct view binding_instance(const struct binding *b)
{
    return (struct view){b->bytes + b->contact_size + b->call_id_size + b->path_size,
                         b->instance_size};
}

struct sip_flow binding_flow(const struct binding *b)
{
    struct sip_flow flow;

    flow_unpack(&flow, packed_flow(b));
    return flow;
}

bool binding_move(struct binding *b, const struct sip_flow *flow)
{
    struct view packed = packed_flow(b);
    struct sip_flow old;
    uint8_t moved[FLOW_PACKED_MAX];
    size_t n = flow_pack(flow, moved);

    if (n != packed.n)
        return false;
    old = binding_flow(b);
    origin_remove(&b->owner->origins, &old);
    origin_add(&b->owner->origins, flow);
    memcpy(b->bytes + (packed.p - b->bytes), moved, n);
    b->unreachable = false;
    return true;
}
