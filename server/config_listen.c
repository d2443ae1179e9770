/* Entries of listen: "udp:0.0.0.0:5060", "tcp:[::]:5060", "tls:[::]:5061". */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "server/config_table.h"

#define LISTEN_EXAMPLE "write it as udp:0.0.0.0:5060, tcp:[::]:5060 or tls:[::]:5061"

static bool transport_parse(struct view *rest, struct config_listen *out,
                            char problem[CONFIG_PROBLEM])
{
    static const char *const names[] = {
        [LISTEN_UDP] = "udp", [LISTEN_TCP] = "tcp", [LISTEN_TLS] = "tls"};
    struct view all = *rest, name = view_cut(rest, ':');
    for (int i = LISTEN_UDP; i <= LISTEN_TLS; i++) {
        out->transport = (enum listen_transport)i;
        if (view_ieq(name, view_of(names[i])))
            return true;
    }
    snprintf(problem, CONFIG_PROBLEM, "\"%.100s\" begins with none of udp:, tcp: and tls:; %s",
             all.p, LISTEN_EXAMPLE);
    return false;
}

/* Takes "1.2.3.4" or "[::1]" off the front of *rest. */
static bool address_parse(struct view *rest, struct config_listen *out)
{
    struct view host;
    char text[INET6_ADDRSTRLEN];
    if (rest->n && rest->p[0] == '[') {
        *rest = view_from(*rest, 1);
        host = view_cut(rest, ']');
        struct sockaddr_in6 *a = (struct sockaddr_in6 *)&out->address;
        a->sin6_family = AF_INET6;
        out->address_size = sizeof *a;
        return view_copy(host, text, sizeof text) && inet_pton(AF_INET6, text, &a->sin6_addr) == 1;
    }
    host = (struct view){rest->p, view_find(*rest, ':')};
    *rest = view_from(*rest, host.n);
    struct sockaddr_in *a = (struct sockaddr_in *)&out->address;
    a->sin_family = AF_INET;
    out->address_size = sizeof *a;
    return view_copy(host, text, sizeof text) && inet_pton(AF_INET, text, &a->sin_addr) == 1;
}

static bool port_parse(struct view rest, enum listen_transport transport, uint16_t *port)
{
    uint64_t number = transport == LISTEN_TLS ? 5061 : 5060;
    if (rest.n && (rest.p[0] != ':' || !view_number(view_from(rest, 1), 65535, &number)))
        return false;
    *port = htons((uint16_t)number);
    return number > 0;
}

bool config_listen_parse(const char *text, struct config_listen *out, char problem[CONFIG_PROBLEM])
{
    struct view rest = view_of(text);
    uint16_t port;
    memset(&out->address, 0, sizeof out->address);
    if (!transport_parse(&rest, out, problem))
        return false;
    if (!address_parse(&rest, out)) {
        snprintf(problem, CONFIG_PROBLEM, "\"%.100s\" has no numeric address; %s", text,
                 LISTEN_EXAMPLE);
        return false;
    }
    if (!port_parse(rest, out->transport, &port)) {
        snprintf(problem, CONFIG_PROBLEM, "\"%.100s\" has no port from 1 to 65535; %s", text,
                 LISTEN_EXAMPLE);
        return false;
    }
    if (out->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&out->address)->sin6_port = port;
    else
        ((struct sockaddr_in *)&out->address)->sin_port = port;
    return true;
}

bool config_listen_same(const struct config_listen *a, const struct config_listen *b)
{
    return a->transport == b->transport && a->address_size == b->address_size &&
           !memcmp(&a->address, &b->address, a->address_size);
}

bool config_has_tls(const struct config *c)
{
    for (size_t i = 0; i < c->listen_count; i++)
        if (c->listens[i].transport == LISTEN_TLS)
            return true;
    return false;
}

void config_drop_ipv6(struct config *c)
{
    size_t kept = 0;
    for (size_t i = 0; c->listen_default && i < c->listen_count; i++) {
        if (c->listens[i].address.ss_family == AF_INET6)
            free(c->listens[i].text);
        else
            c->listens[kept++] = c->listens[i];
    }
    if (c->listen_default)
        c->listen_count = kept;
}

static bool listens_check(const struct config_key *key, const char *value,
                          char problem[CONFIG_PROBLEM])
{
    (void)key;
    struct config_listen ignored;
    return config_listen_parse(value, &ignored, problem);
}

static void listens_release(const struct config_key *key, struct config *c)
{
    (void)key;
    for (size_t i = 0; i < c->listen_count; i++)
        free(c->listens[i].text);
    free(c->listens);
    c->listens = NULL;
    c->listen_count = 0;
}

static enum error listens_set(const struct config_key *key, struct config *c,
                              const struct config_values *values)
{
    char problem[CONFIG_PROBLEM];
    listens_release(key, c);
    c->listens = calloc(values->count + 1, sizeof *c->listens);
    if (!c->listens)
        return ERR_MEMORY;
    for (; c->listen_count < values->count; c->listen_count++) {
        struct config_listen *l = &c->listens[c->listen_count];
        const char *text = values->values[c->listen_count];
        l->text = config_listen_parse(text, l, problem) ? strdup(text) : NULL;
        if (!l->text)
            return ERR_MEMORY;
    }
    c->listen_default = false;
    return OK;
}

static void listens_get(const struct config_key *key, const struct config *c,
                        void (*each)(void *arg, const char *value), void *arg)
{
    (void)key;
    for (size_t i = 0; i < c->listen_count; i++)
        each(arg, c->listens[i].text);
}

const struct config_type config_listens = {.noun = "list",
                                           .list = true,
                                           .quoted = true,
                                           .check = listens_check,
                                           .set = listens_set,
                                           .get = listens_get,
                                           .release = listens_release};
