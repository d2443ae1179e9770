/* Addresses as c= and a=rtcp give them. */
#include "media/sdp_line.h"

/* Letters, digits, "-", "_" and dots, and not digits and dots alone. */
static bool is_host_name(struct view host)
{
    bool letter = false;

    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            letter = true;
        else if ((c < '0' || c > '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return letter;
}

static enum error host_read(struct sdp_connection *out, struct view host, const char **problem)
{
    bool colon = view_find(host, ':') < host.n;

    if (view_find(host, '/') < host.n)
        return sdp_refuse(problem, ERR_LIMIT, "multicast");
    if (!media_address_parse(&out->host, host))
        return is_host_name(host) ? OK : sdp_refuse(problem, ERR_SYNTAX, "no address in c=");
    if (colon != (out->family == 6))
        return sdp_refuse(problem, ERR_SYNTAX, "an address of another family than its type");
    return media_address_is_group(&out->host) ? sdp_refuse(problem, ERR_LIMIT, "multicast") : OK;
}

/* "IN IP4 192.0.2.1", as it stands in c= and a=rtcp. */
enum error sdp_connection_read(struct sdp_connection *out, struct view value, const char **problem)
{
    struct view rest = value, net = sdp_word_take(&rest), type = sdp_word_take(&rest);
    struct view host = sdp_word_take(&rest);

    *out = (struct sdp_connection){.value = value};
    if (view_ieq(type, VIEW("IP6")))
        out->family = 6;
    else if (view_ieq(type, VIEW("IP4")))
        out->family = 4;
    if (!view_ieq(net, VIEW("IN")) || !out->family || !host.n || rest.n)
        return sdp_refuse(problem, ERR_SYNTAX, "a malformed c= line");
    return host_read(out, host, problem);
}

enum error sdp_connection_take(struct sdp_connection *out, struct view value, const char **problem)
{
    if (out->value.p)
        return sdp_refuse(problem, ERR_SYNTAX, "two c= lines in one place");
    return sdp_connection_read(out, value, problem);
}
