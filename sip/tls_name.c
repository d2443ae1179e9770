/* Whom a certificate speaks for (RFC 5922 section 7). */
#include <openssl/x509v3.h>

#include "sip/flow.h"
#include "sip/tls_stream.h"
#include "sip/uri.h"

static struct view string_view(const ASN1_STRING *s)
{
    return (struct view){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

/* The SIP domain that a URI stands for: none when it names a user or is of another scheme. */
static struct view uri_domain(struct view text)
{
    struct uri uri;

    if (uri_parse(&uri, text) != OK || uri.scheme != URI_SIP || uri.has_user)
        return VIEW_NONE;
    return uri.host;
}

/* The domain that an entry of the SAN stands for. */
static struct view entry_domain(const GENERAL_NAME *name)
{
    if (name->type == GEN_URI)
        return uri_domain(string_view(name->d.uniformResourceIdentifier));
    return name->type == GEN_DNS ? string_view(name->d.dNSName) : VIEW_NONE;
}

static bool common_name_is(X509 *certificate, struct view host)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(subject, at);

    return entry && view_ieq(string_view(X509_NAME_ENTRY_get_data(entry)), host);
}

/* 7.2: letter case does not count, and there are no wildcards. */
static bool domain_fits(X509 *certificate, struct view host)
{
    int found_how;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &found_how, NULL);
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        struct view domain = entry_domain(sk_GENERAL_NAME_value(names, i));

        found = domain.n && view_ieq(domain, host);
    }
    GENERAL_NAMES_free(names);
    return found || (found_how == -1 && common_name_is(certificate, host)); /* no SAN at all */
}

bool tls_name_fits(X509 *certificate, const char *host)
{
    struct sip_flow address = {0};
    struct view name = view_of(host);

    if (flow_set_address(&address, name))
        return X509_check_ip(certificate, address.address, address.family == 6 ? 16 : 4, 0) == 1;
    if (name.n && name.p[name.n - 1] == '.') /* the root may be named */
        name.n--;
    return name.n && domain_fits(certificate, name);
}
