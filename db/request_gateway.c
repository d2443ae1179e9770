/* The fields of gateways and routes. */
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
        if (!isalnum((unsigned char)v.p[i]) && (!v.p[i] || !strchr("-_.", v.p[i])))
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

static bool is_digits(struct view v, const char *also)
{
    for (size_t i = v.n && v.p[0] == '+' ? 1 : 0; i < v.n; i++)
        if (!isdigit((unsigned char)v.p[i]) && (!v.p[i] || !strchr(also, v.p[i])))
            return false;
    return v.n <= PREFIX_MAX;
}

bool request_prefix(const json_t *request, char out[PREFIX_ROOM], json_t **answer)
{
    const json_t *field = json_object_get(request, "prefix");
    struct view v = {json_string_value(field), json_string_length(field)};

    if (view_eq(v, VIEW("default")))
        v = VIEW("");
    if (json_is_string(field) && is_digits(v, "") && view_copy(v, out, PREFIX_ROOM))
        return true;
    *answer = answer_error("the prefix of a route has to be at most %d digits, with or without a "
                           "leading +, or \"default\" for every number",
                           PREFIX_MAX);
    return false;
}

bool request_prepend(const json_t *request, char out[PREFIX_ROOM], json_t **answer)
{
    struct view v;

    if (!request_text(request, "prepend", PREFIX_MAX, &v, answer))
        return false;
    if (is_digits(v, "*#") && view_copy(v, out, PREFIX_ROOM))
        return true;
    *answer = answer_error("what is prepended has to be at most %d digits, * and #, with or "
                           "without a leading +",
                           PREFIX_MAX);
    return false;
}

/* Is name among the names in list? */
static bool list_has(struct view list, struct view name)
{
    while (list.n)
        if (view_eq(view_cut(&list, ','), name))
            return true;
    return false;
}

bool request_gateways(const json_t *request, char out[GATEWAYS_ROOM], json_t **answer)
{
    const json_t *names = json_object_get(request, "gateways");
    struct text list = {.p = out, .size = GATEWAYS_ROOM - 1};
    size_t i;
    json_t *item;

    json_array_foreach(names, i, item)
    {
        struct view name = {json_string_value(item), json_string_length(item)};

        if (i == GATEWAYS_MAX || !is_gateway_name(name) || list_has(text_done(&list), name))
            break;
        text_string(&list, i ? "," : "");
        text_view(&list, name);
    }
    out[list.n] = 0;
    if (list.n && i == json_array_size(names))
        return true;
    *answer = answer_error("a route needs 1 to %d different gateways; offhook gateway list shows "
                           "them",
                           GATEWAYS_MAX);
    return false;
}
