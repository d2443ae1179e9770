/* The search of RFC 3263 section 4, done anew from its beginning each time that answers have come:
 * what was known once stays so for the question, and the same seed draws the same lots. */
#include "sip/resolver_inside.h"
#include "sip/server_order.h"

#define SERVICES_MAX 4

static const enum flow_transport transports[] = {
    [DNS_SIP_UDP] = FLOW_UDP, [DNS_SIP_TCP] = FLOW_TCP, [DNS_SIPS_TCP] = FLOW_TLS};

/* Where SRV records are looked for. */
struct service {
    char name[DNS_NAME_MAX];
    enum dns_service service;
};

struct server {
    char name[DNS_NAME_MAX];
    uint16_t port;
    enum dns_service service;
};

struct search {
    struct resolver_query *q;
    struct service services[SERVICES_MAX];
    unsigned service_count;
    struct server servers[SERVERS_MAX];
    unsigned server_count;
    bool asked;   /* something is not known yet */
    bool failed;  /* an answer that the servers could not give might have led further */
    bool refused; /* the domain says that it has no such service */
};

/* The answer to a question. False: there is none, or it is not known yet. */
static bool search_know(struct search *s, const char *name, enum dns_type type,
                        struct dns_answer *out)
{
    struct resolver_query *q = s->q;

    if (dns_lookups_know(q->r->lookups, name, type, q->begun, out)) {
        dns_lookups_counts(q->r->lookups)->cache_hits += q->rounds == 1;
        s->failed = s->failed || out->error == ERR_CLOSED;
        return out->error == OK;
    }
    if (resolver_wait(q, name, type))
        s->asked = true;
    else
        s->failed = true;
    return false;
}

/* services */

static bool service_served(const struct search *s, enum dns_service service)
{
    static const unsigned bits[] = {RESOLVER_UDP, RESOLVER_TCP, RESOLVER_TLS};
    const struct resolver_target *t = &s->q->target;

    if (!(s->q->r->options.transports & bits[service]) || (t->secure && service != DNS_SIPS_TCP))
        return false;
    if (!t->transport_given || t->secure)
        return true;
    return service == (t->transport == FLOW_UDP ? DNS_SIP_UDP : DNS_SIP_TCP);
}

static void service_add(struct search *s, const char *name, enum dns_service service)
{
    struct service *out = &s->services[s->service_count];

    if (s->service_count == SERVICES_MAX || !service_served(s, service))
        return;
    out->service = service;
    if (view_copy(view_of(name), out->name, sizeof(out->name)))
        s->service_count++;
}

/* The names that stand for the services of a domain without NAPTR records. */
static void services_usual(struct search *s)
{
    static const char *const prefixes[] = {"_sip._udp.", "_sip._tcp.", "_sips._tcp."};
    int last = s->q->target.secure ? DNS_SIPS_TCP : DNS_SIP_TCP;

    for (int i = DNS_SIP_UDP; i <= last; i++) {
        char name[DNS_NAME_MAX + 16];
        struct text t = TEXT(name);

        text_string(&t, prefixes[i]);
        text_string(&t, s->q->name);
        if (t.n >= DNS_NAME_MAX)
            continue;
        name[t.n] = 0;
        service_add(s, name, (enum dns_service)i);
    }
}

/* RFC 3263 4.1: a transport in the URI decides, and NAPTR records are not asked for. A server that
 * cannot answer for NAPTR may still do so for SRV. */
static void services_find(struct search *s)
{
    struct dns_answer answer;

    if (!s->q->target.transport_given && search_know(s, s->q->name, DNS_NAPTR, &answer)) {
        naptr_order(answer.records, answer.count);
        for (unsigned i = 0; i < answer.count; i++)
            service_add(s, answer.records[i].target, answer.records[i].service);
    }
    s->failed = false;
    if (!s->service_count && !s->asked)
        services_usual(s);
}

/* servers */

static void server_add(struct search *s, const char *name, uint16_t port, enum dns_service service)
{
    struct server *out = &s->servers[s->server_count];

    if (s->server_count == SERVERS_MAX || !view_copy(view_of(name), out->name, sizeof(out->name)))
        return;
    out->port = port;
    out->service = service;
    s->server_count++;
}

static enum dns_service service_plain(const struct search *s)
{
    const struct resolver_target *t = &s->q->target;

    if (t->secure)
        return DNS_SIPS_TCP;
    if (t->transport_given)
        return t->transport == FLOW_UDP ? DNS_SIP_UDP : DNS_SIP_TCP;
    return s->q->r->options.transports & RESOLVER_UDP ? DNS_SIP_UDP : DNS_SIP_TCP;
}

/* The host itself, without SRV records. */
static void server_plain(struct search *s)
{
    enum dns_service service = service_plain(s);
    uint16_t usual = flow_default_port(transports[service]);

    if (service_served(s, service))
        server_add(s, s->q->name, s->q->target.port ? s->q->target.port : usual, service);
}

static void service_take(struct search *s, const struct service *service, struct dns_answer *answer)
{
    srv_order(answer->records, answer->count, s->q->seed);
    for (unsigned i = 0; i < answer->count; i++) {
        const struct dns_record *r = &answer->records[i];

        if (r->target[0])
            server_add(s, r->target, r->port, service->service);
        else
            s->refused = true;
    }
}

/* RFC 3263 4.2. All services are asked for at once. */
static void servers_find(struct search *s)
{
    struct dns_answer answer;

    for (unsigned i = 0; i < s->service_count; i++)
        if (search_know(s, s->services[i].name, DNS_SRV, &answer))
            service_take(s, &s->services[i], &answer);
    if (!s->server_count && !s->asked && !s->failed && !s->refused)
        server_plain(s);
}

/* addresses */

static bool result_has(const struct resolver_result *out, const struct resolver_address *a)
{
    for (unsigned i = 0; i < out->count; i++)
        if (flow_same_peer(&out->list[i].flow, &a->flow))
            return true;
    return false;
}

static void result_add(struct resolver_result *out, const struct server *server, uint8_t family,
                       const uint8_t address[16])
{
    struct resolver_address a = {0};

    a.flow.transport = transports[server->service];
    a.flow.family = family;
    a.flow.port = server->port;
    memcpy(a.flow.address, address, sizeof(a.flow.address));
    if (out->count < RESOLVER_ADDRESSES_MAX && !result_has(out, &a))
        out->list[out->count++] = a;
}

static void server_addresses(struct search *s, const struct server *server,
                             struct resolver_result *out)
{
    const uint8_t *families = s->q->r->options.families;
    struct dns_answer answer;

    for (int i = 0; i < 2 && families[i]; i++)
        if (search_know(s, server->name, families[i] == 6 ? DNS_AAAA : DNS_A, &answer))
            for (unsigned k = 0; k < answer.count; k++)
                result_add(out, server, families[i], answer.records[k].address);
}

/* Who has failed lately comes last. */
static void result_sort(const struct resolver *r, struct resolver_result *out)
{
    struct resolver_address bad[RESOLVER_ADDRESSES_MAX];
    unsigned bad_count = 0, good_count = 0;

    for (unsigned i = 0; i < out->count; i++)
        if (failing_has(&r->failing, &out->list[i].flow))
            bad[bad_count++] = out->list[i];
        else
            out->list[good_count++] = out->list[i];
    memcpy(&out->list[good_count], bad, bad_count * sizeof(bad[0]));
}

/* A numeric host: nothing is asked, of anybody (RFC 3263 4.1). */
static void search_numeric(struct search *s, struct resolver_result *out)
{
    const uint8_t *families = s->q->r->options.families;
    const struct sip_flow *numeric = &s->q->numeric;

    server_plain(s);
    if (s->server_count && (families[0] == numeric->family || families[1] == numeric->family))
        result_add(out, &s->servers[0], numeric->family, numeric->address);
}

static void search_name(struct search *s, struct resolver_result *out)
{
    const struct resolver_query *q = s->q;

    if (q->target.port || dns_lookups_local(q->r->lookups, q->name)) {
        server_plain(s);
    } else {
        services_find(s);
        if (!s->asked)
            servers_find(s);
    }
    for (unsigned i = 0; i < s->server_count && !s->asked; i++)
        server_addresses(s, &s->servers[i], out);
}

bool resolver_search(struct resolver_query *q, struct resolver_result *out)
{
    struct search s = {.q = q};

    out->count = 0;
    out->error = ERR_SYNTAX;
    if (q->numeric.family)
        search_numeric(&s, out);
    else if (q->name[0])
        search_name(&s, out);
    if (s.asked)
        return false;
    result_sort(q->r, out);
    if (out->count)
        out->error = OK;
    else if (q->numeric.family || q->name[0])
        out->error = s.failed ? ERR_CLOSED : ERR_NOT_FOUND;
    return true;
}
