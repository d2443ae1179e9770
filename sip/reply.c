/* Writing answers. */
#include "sip/reply.h"

static const struct {
    unsigned status;
    const char *phrase;
} phrases[] = {
    {100, "Trying"},
    {180, "Ringing"},
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"},
    {420, "Bad Extension"},
    {423, "Interval Too Brief"},
    {430, "Flow Failed"},
    {439, "First Hop Lacks Outbound Support"},
    {440, "Max-Breadth Exceeded"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
    {600, "Busy Everywhere"},
};

const char *reply_phrase(unsigned status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return status < 200 ? "Progress" : status < 300 ? "OK" : "Failure";
}

static bool differs_from_source(const struct via *via, const struct sip_flow *from)
{
    struct sip_flow sent_by = *from;

    return !flow_set_address(&sent_by, via->host) || !flow_same_address(&sent_by, from);
}

void via_stamp(struct edits *e, const struct via *via, const struct sip_flow *from,
               struct text *scratch)
{
    size_t start = scratch->n;

    if (via->rport) {
        text_string(scratch, "rport=");
        text_number(scratch, from->port);
        edits_replace(e, via->rport_at, (struct view){scratch->p + start, scratch->n - start});
        start = scratch->n;
    }
    if (via->received_at.n || via->rport || differs_from_source(via, from)) {
        const char *end = via->value.p + via->value.n;

        text_string(scratch, ";received=");
        flow_address_text(from->address, from->family, false, scratch);
        if (via->received_at.n) /* the sender has no say in it */
            edits_replace(e, via->received_at,
                          (struct view){scratch->p + start + 1, scratch->n - start - 1});
        else
            edits_insert(e, end, (struct view){scratch->p + start, scratch->n - start});
    }
}

static void vias_write(struct text *out, const struct sip_message *request,
                       const struct sip_flow *from)
{
    const struct header_line *h = NULL;
    bool top = true;

    while ((h = sip_header_after(request, HEADER_VIA, h))) {
        if (top) {
            char bytes[128];
            struct text scratch = TEXT(bytes);
            struct edits e;

            edits_begin(&e, h->value);
            via_stamp(&e, &request->via, from, &scratch);
            text_string(out, "Via: ");
            if (edits_apply(&e, out) != OK)
                out->full = true;
            text_string(out, "\r\n");
            top = false;
            continue;
        }
        text_string(out, "Via: ");
        text_view(out, h->value);
        text_string(out, "\r\n");
    }
}

static void copy_line(struct text *out, const char *name, struct view value)
{
    if (!value.n)
        return;
    text_string(out, name);
    text_view(out, value);
    text_string(out, "\r\n");
}

static void to_write(struct text *out, const struct sip_message *request, struct view tag)
{
    const struct header_line *to = sip_header(request, HEADER_TO);

    if (!to)
        return;
    text_string(out, "To: ");
    text_view(out, to->value);
    if (request->to.n && !request->to_tag.n && tag.n) {
        text_string(out, ";tag=");
        text_view(out, tag);
    }
    text_string(out, "\r\n");
}

void reply_write(struct text *out, const struct sip_message *request, const struct sip_flow *from,
                 const struct reply *reply)
{
    static const struct {
        enum header_id id;
        const char *name;
    } copied[] = {{HEADER_CALL_ID, "Call-ID: "}, {HEADER_CSEQ, "CSeq: "}};
    const struct header_line *h = sip_header(request, HEADER_FROM);

    text_string(out, "SIP/2.0 ");
    text_number(out, reply->status);
    text_string(out, " ");
    text_string(out, reply->reason ? reply->reason : reply_phrase(reply->status));
    text_string(out, "\r\n");
    vias_write(out, request, from);
    if (h)
        copy_line(out, "From: ", h->value);
    to_write(out, request, reply->to_tag);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if ((h = sip_header(request, copied[i].id)))
            copy_line(out, copied[i].name, h->value);
    if (reply->status == 100 && (h = sip_header(request, HEADER_TIMESTAMP)))
        copy_line(out, "Timestamp: ", h->value);
    text_view(out, reply->headers);
    text_string(out, "Content-Length: 0\r\n\r\n");
}

struct sip_flow reply_flow(const struct sip_message *request, const struct sip_flow *from)
{
    struct sip_flow to = *from;

    if (!flow_is_reliable(from) && !request->via.rport)
        to.port = via_port(&request->via);
    return to;
}
