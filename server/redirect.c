/* Redirection: a phone that forwards its calls answers 302 with the Contact to try. */
#include "server/context.h"

#define REDIRECTS_MAX 5 /* of one request; what goes on further is taken for a loop */

/* q of a Contact in thousandths; without one all are alike. */
static unsigned q_of(struct view params)
{
    bool found;
    struct view text = header_param(params, VIEW("q"), &found);
    unsigned q = 0, weight = 100;

    if (!found || !text.n || text.p[0] != '0')
        return AIM_FIRST;
    for (size_t i = 2; i < text.n && weight; i++, weight /= 10)
        if (text.p[i] >= '0' && text.p[i] <= '9')
            q += (unsigned)(text.p[i] - '0') * weight;
    return q;
}

static bool contact_follow(struct context *c, struct view value, bool outside)
{
    struct name_addr parts;
    struct uri uri;

    return value.n <= SIP_VALUE_MAX && name_addr_parse(&parts, value) == OK &&
           uri_parse(&uri, parts.uri) == OK &&
           aim_uri(c, &uri, parts.uri, q_of(parts.params), outside) == 0;
}

bool redirect_follow(struct context *c, const struct branch *b, const struct sip_message *m)
{
    bool may = m->status >= 300 && m->status <= 302 && c->request.m && !c->cancelled &&
               !c->answered && c->redirects < REDIRECTS_MAX;
    struct leg from = c->leg;
    bool outside = !b->tx || !flow_is_local(client_transaction_flow(b->tx));
    bool followed = false;

    for (const struct header_line *h = NULL; may && (h = sip_header_after(m, HEADER_CONTACT, h));) {
        struct view rest = h->value;

        while (rest.n)
            followed |= contact_follow(c, header_value_next(&rest), outside);
    }
    if (followed)
        divert_note(c, &from);
    c->redirects += followed;
    c->worker->counters.redirects += followed;
    return followed;
}
