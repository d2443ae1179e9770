/* The fields of gateways. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "db/answer.h"
#include "db/request.h"

#define GATEWAY_NAME_MAX 32
#define GATEWAY_URI_MAX  255

static bool is_gateway_name(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!isalnum((unsigned char)v.p[i]) && !strchr("-_.", v.p[i]))
            return false;
    return v.n > 0 && v.n <= GATEWAY_NAME_MAX;
}

bool request_gateway_name(const json_t *request, struct view *out, json_t **answer)
{
    const json_t *field = json_object_get(request, "name");

    *out = (struct view){json_string_value(field), json_string_length(field)};
    if (is_gateway_name(*out))
        return true;
    *answer = answer_error("the name of a gateway has to be 1 to %d of letters, digits, -, _ and .",
                           GATEWAY_NAME_MAX);
    return false;
}

/* Cuts the host, a name or an address, off *rest. */
static bool host_cut(struct view *rest)
{
    struct view host = *rest;
    char text[INET6_ADDRSTRLEN], address[16];

    if (rest->n && rest->p[0] == '[') {
        host = view_from(*rest, 1);
        host.n = view_find(host, ']');
        *rest = view_from(*rest, host.n + 1);
        if (!rest->n || !view_copy(host, text, sizeof(text)))
            return false;
        *rest = view_from(*rest, 1);
        return inet_pton(AF_INET6, text, address) == 1;
    }
    host.n = strcspn(host.p, ":;");
    *rest = view_from(*rest, host.n);
    return is_host_name(host);
}

static bool port_cut(struct view *rest)
{
    struct view port = view_from(*rest, 1);
    uint64_t n;

    if (!rest->n || rest->p[0] != ':')
        return true;
    port.n = view_find(port, ';');
    *rest = view_from(*rest, port.n + 1);
    return view_number(port, 65535, &n) && n > 0;
}

/* sip:HOST[:PORT][;transport=udp|tcp|tls], or sips: without udp. */
static bool is_gateway_uri(struct view uri)
{
    bool secure = view_istarts(uri, VIEW("sips:"));
    struct view rest = view_from(uri, secure ? 5 : 4);

    if ((!secure && !view_istarts(uri, VIEW("sip:"))) || uri.n > GATEWAY_URI_MAX ||
        !host_cut(&rest) || !port_cut(&rest))
        return false;
    return rest.n == 0 || view_ieq(rest, VIEW(";transport=tcp")) ||
           view_ieq(rest, VIEW(";transport=tls")) ||
           (!secure && view_ieq(rest, VIEW(";transport=udp")));
}

bool request_gateway_uri(const json_t *request, struct view *out, json_t **answer)
{
    const json_t *field = json_object_get(request, "uri");

    *out = (struct view){json_string_value(field), json_string_length(field)};
    if (is_gateway_uri(*out))
        return true;
    *answer = answer_error("the URI of a gateway has to look like sip:sip.carrier.example, "
                           "sip:192.0.2.1:5080;transport=tcp or sips:HOST, without a user");
    return false;
}
