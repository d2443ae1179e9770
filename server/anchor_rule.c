/* Whose audio is anchored, and what is refused before a call begins. */
#include "media/multipart.h"
#include "server/anchor_inside.h"
#include "server/anchor_place.h"
#include "server/media_link.h"

#define STRANGER_STREAMS 2 /* of a call that nobody has proven to make ... */
#define STRANGER_SHARE   4 /* ... and of all ports of an address all of these have one in so many */

bool anchor_is_offer_answer(const struct sip_message *m)
{
    struct view method = m->request ? m->method : m->cseq_method;

    return m->method_id == METHOD_INVITE || m->method_id == METHOD_ACK ||
           view_eq(method, VIEW("UPDATE")) || view_eq(method, VIEW("PRACK"));
}

/* The description in m; p NULL: there is none. */
enum error description_find(const struct sip_message *m, struct view *out)
{
    const struct header_line *type = sip_header(m, HEADER_CONTENT_TYPE);

    *out = VIEW_NONE;
    if (!m->body.n)
        return OK;
    return body_find_sdp(out, type ? type->value : VIEW(""), m->body);
}

/* The pairs of ports that each side takes; one without a description, for an offer will come. */
static unsigned pairs_needed(const struct sdp *sdp, struct view text)
{
    unsigned count = 0;

    for (unsigned i = 0; text.p && i < sdp->count; i++)
        count += sdp->streams[i].rtp.port && sdp->streams[i].transport != SDP_OTHER;
    return count ? count : 1;
}

/* Whose audio is anchored, when these are the ways of caller and callee: either end may ask for
 * more than the other one, and the configuration is asked last. */
static enum media_anchor anchor_rule(const struct worker *w, enum audio_way caller,
                                     enum audio_way callee)
{
    if (caller == AUDIO_ALWAYS || callee == AUDIO_ALWAYS)
        return ANCHOR_ALWAYS;
    if (caller == AUDIO_NAT || callee == AUDIO_NAT)
        return ANCHOR_NAT;
    if (caller == AUDIO_NEVER || callee == AUDIO_NEVER)
        return ANCHOR_NEVER;
    return w->config->media.anchor;
}

static enum audio_way caller_way(const struct request *r)
{
    return r->user ? r->user->audio : AUDIO_DEFAULT;
}

/* Who has proven nothing must not take the ports of those who have. streams: of one call; pairs:
 * that it would take now. */
bool strangers_may(const struct worker *w, unsigned streams, unsigned pairs)
{
    uint16_t first, last;

    config_media_ports(w->config, &first, &last);
    return streams <= STRANGER_STREAMS &&
           w->anchors->strangers + pairs <= (last - first + 1u) / 2 / STRANGER_SHARE;
}

static bool strangers_refuse(struct worker *w, const struct request *r, unsigned streams,
                             struct text *headers)
{
    if (r->in_dialog || !request_is_strangers(r) || strangers_may(w, streams, 2 * streams))
        return false;
    w->counters.no_ports++;
    text_string(headers, "Retry-After: 30\r\n");
    return true;
}

unsigned anchor_admit(struct worker *w, const struct request *r, const struct user *callee,
                      struct text *headers)
{
    static __thread struct sdp sdp;
    const char *problem = "multipart body without its parts";
    struct view text;
    enum media_anchor rule;
    unsigned pairs;

    if (!media_link_is_there(w) || !anchor_is_offer_answer(r->m))
        return 0;
    rule = r->in_dialog ? ANCHOR_ALWAYS
                        : anchor_rule(w, caller_way(r), callee ? callee->audio : AUDIO_DEFAULT);
    if (rule == ANCHOR_NEVER)
        return 0;
    if (r->in_dialog && media_link_is_known(w) && !anchor_find(w, r->session))
        return 0;
    if (description_find(r->m, &text) != OK || (text.p && sdp_parse(&sdp, text, &problem) != OK)) {
        if (rule != ANCHOR_ALWAYS)
            return 0;
        w->counters.bad_descriptions++;
        text_format(headers, "Warning: 399 offhook \"%s\"\r\n", problem);
        return 488;
    }
    pairs = pairs_needed(&sdp, text);
    if (strangers_refuse(w, r, pairs, headers))
        return 503;
    if (r->in_dialog ? text.p && !media_link_is_known(w)
                     : !anchor_place_free(w, &r->from, 2 * pairs)) {
        w->counters.no_ports++;
        text_string(headers, "Retry-After: 5\r\n");
        return 503;
    }
    return 0;
}

/* Is the phone at flow known by another address than the one that it names itself? */
static bool is_behind_nat(const struct sip_flow *flow, struct view host)
{
    struct sip_flow named = *flow;

    return flow_set_address(&named, host) && !flow_same_address(&named, flow);
}

/* By its Contact: the description may come later, or name nothing yet. */
static bool caller_names_another(const struct request *r)
{
    const struct header_line *line = sip_header(r->m, HEADER_CONTACT);
    struct media_address from = flow_media_address(&r->from), named;
    struct name_addr contact;
    struct uri uri;

    return line && line->value.n <= SIP_VALUE_MAX && name_addr_parse(&contact, line->value) == OK &&
           uri_parse(&uri, contact.uri) == OK && media_address_parse(&named, uri.host) &&
           media_address_is_private(&named) && !media_address_same_host(&named, &from);
}

static bool caller_is_behind_nat(const struct request *r)
{
    static __thread struct sdp sdp;
    struct media_address from = flow_media_address(&r->from);
    const char *problem;
    struct view text;

    if (caller_names_another(r))
        return true;
    if (description_find(r->m, &text) != OK || !text.p || sdp_parse(&sdp, text, &problem) != OK)
        return false;
    for (unsigned i = 0; i < sdp.count; i++)
        if (sdp.streams[i].rtp.family && !sdp.streams[i].held &&
            media_address_is_private(&sdp.streams[i].rtp) &&
            !media_address_same_host(&sdp.streams[i].rtp, &from))
            return true;
    return false;
}

bool anchor_is_wanted(const struct worker *w, const struct request *r, const struct hop *hop)
{
    enum media_anchor rule = anchor_rule(w, caller_way(r), hop->audio);
    struct uri contact;

    if (r->m->method_id != METHOD_INVITE || !media_link_is_there(w) || rule == ANCHOR_NEVER)
        return false;
    if (rule == ANCHOR_ALWAYS || r->from.family != hop->flow.family)
        return true;
    return (hop->phone && uri_parse(&contact, hop->uri) == OK &&
            is_behind_nat(&hop->flow, contact.host)) ||
           caller_is_behind_nat(r);
}
