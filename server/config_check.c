/* Checks of single configuration values beyond what their types know. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "auth/network.h"
#include "server/config_table.h"
#include "sip/dns_server.h"

/* Is value an IPv6 address, with or without brackets? Its canonical form goes to out. */
static bool ipv6_parse(const char *value, char out[INET6_ADDRSTRLEN])
{
    struct view v = view_of(value);
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (v.n > 2 && v.p[0] == '[' && v.p[v.n - 1] == ']')
        v = (struct view){v.p + 1, v.n - 2};
    return view_copy(v, text, sizeof text) && inet_pton(AF_INET6, text, &address) == 1 &&
           inet_ntop(AF_INET6, &address, out, INET6_ADDRSTRLEN);
}

static bool label_valid(struct view label)
{
    if (!label.n || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!isalnum((unsigned char)label.p[i]) && label.p[i] != '-')
            return false;
    return true;
}

/* RFC 3261 section 25.1, hostname; four numbers have to be an IPv4 address. */
static bool host_valid(struct view host)
{
    struct in_addr address;
    char text[254];
    if (!view_copy(host, text, sizeof text))
        return false;
    if (strspn(text, "0123456789.") == host.n)
        return inet_pton(AF_INET, text, &address) == 1;
    struct view rest = host;
    while (rest.p < host.p + host.n)
        if (!label_valid(view_cut(&rest, '.')))
            return false;
    return host.n && host.p[host.n - 1] != '.';
}

bool config_check_domain(const char *value, char problem[CONFIG_PROBLEM])
{
    char address[INET6_ADDRSTRLEN];
    if (host_valid(view_of(value)) || ipv6_parse(value, address))
        return true;
    snprintf(problem, CONFIG_PROBLEM,
             "\"%.100s\" is neither a host name nor an address; write it as companyb.com, "
             "192.0.2.1 or [2001:db8::1]",
             value);
    return false;
}

char *config_domain_canonical(const char *value)
{
    char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 2];
    if (ipv6_parse(value, address)) {
        snprintf(text, sizeof text, "[%s]", address);
        return strdup(text);
    }
    char *copy = strdup(value);
    for (char *p = copy; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

bool config_check_path(const char *value, char problem[CONFIG_PROBLEM])
{
    size_t n = strlen(value);
    if (value[0] == '/' && value[n - 1] != '/')
        return true;
    snprintf(problem, CONFIG_PROBLEM, "\"%.100s\" is not the full path of a file, from / on",
             value);
    return false;
}

bool config_check_file(const char *value, char problem[CONFIG_PROBLEM])
{
    return !value[0] || config_check_path(value, problem);
}

bool config_check_database(const char *value, char problem[CONFIG_PROBLEM])
{
    struct view v = view_of(value);
    if (view_istarts(v, VIEW("postgresql:")) || view_istarts(v, VIEW("postgres:"))) {
        snprintf(problem, CONFIG_PROBLEM,
                 "PostgreSQL comes in a later version; write the full path of an SQLite file");
        return false;
    }
    return config_check_path(value, problem);
}

bool config_check_socket(const char *value, char problem[CONFIG_PROBLEM])
{
    struct sockaddr_un un;
    if (strlen(value) < sizeof un.sun_path)
        return config_check_path(value, problem);
    snprintf(problem, CONFIG_PROBLEM, "is too long for a socket, %zu bytes at most",
             sizeof un.sun_path - 1);
    return false;
}

bool config_check_account(const char *value, char problem[CONFIG_PROBLEM])
{
    bool right = isalpha((unsigned char)value[0]) || value[0] == '_';
    for (const char *p = value; *p; p++)
        right = right && (isalnum((unsigned char)*p) || strchr("_-.$", *p));
    if (!right)
        snprintf(problem, CONFIG_PROBLEM, "\"%.60s\" is not the name of an account", value);
    return right;
}

bool config_check_number(const char *value, char problem[CONFIG_PROBLEM])
{
    size_t n = strlen(value);
    if (n && n <= 32 && strspn(value, "0123456789*#+") == n)
        return true;
    snprintf(problem, CONFIG_PROBLEM,
             "\"%.60s\" is not a telephone number of at most 32 digits, *, # and +", value);
    return false;
}

bool config_check_realm(const char *value, char problem[CONFIG_PROBLEM])
{
    if (!strpbrk(value, "\"\\"))
        return true;
    snprintf(problem, CONFIG_PROBLEM, "\"%.60s\": a realm has neither quotes nor backslashes",
             value);
    return false;
}

bool config_check_name_server(const char *value, char problem[CONFIG_PROBLEM])
{
    struct sip_flow server;
    if (dns_server_set(&server, view_of(value)) == OK)
        return true;
    snprintf(problem, CONFIG_PROBLEM,
             "\"%.60s\" is not the address of a name server; write it as 192.0.2.53, "
             "192.0.2.53:5353 or [2001:db8::53]:5353",
             value);
    return false;
}

bool config_check_network(const char *value, char problem[CONFIG_PROBLEM])
{
    struct network n;
    if (network_parse(&n, view_of(value)))
        return true;
    snprintf(problem, CONFIG_PROBLEM,
             "\"%.60s\" is not a network; write it as 192.0.2.0/24 or 2001:db8::/32, with nothing "
             "but zeros behind the prefix, or an address alone",
             value);
    return false;
}
