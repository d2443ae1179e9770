/* Redirection: a phone that forwards its calls answers 302 with the Contact to try. */
#include "server/context.h"

#define REDIRECTS_MAX 5 /* of one request; what goes on further is taken for a loop */

static bool contact_follow(struct context *c, struct view value, bool outside)
{
    struct name_addr parts;
    struct uri uri;

    return value.n <= SIP_VALUE_MAX && name_addr_parse(&parts, value) == OK &&
           uri_parse(&uri, parts.uri) == OK &&
           aim_uri(c, &uri, parts.uri, header_q(parts.params), outside) == 0;
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
