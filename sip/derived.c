/* Requests that follow from an INVITE we sent: its CANCEL, and the ACK of a refusal. */
#include "sip/transaction.h"

static void line_write(struct text *out, const char *name, struct view value)
{
    text_string(out, name);
    text_view(out, value);
    text_string(out, "\r\n");
}

static void derived_write(struct text *out, const struct sip_message *invite, const char *method,
                          struct view to)
{
    const struct header_line *route = NULL;

    text_string(out, method);
    text_string(out, " ");
    text_view(out, invite->uri);
    text_string(out, " SIP/2.0\r\n");
    line_write(out, "Via: ", invite->via.value);
    while ((route = sip_header_after(invite, HEADER_ROUTE, route)))
        line_write(out, "Route: ", route->value);
    text_string(out, "Max-Forwards: 70\r\n");
    line_write(out, "From: ", invite->from);
    line_write(out, "To: ", to);
    line_write(out, "Call-ID: ", invite->call_id);
    text_string(out, "CSeq: ");
    text_number(out, invite->cseq);
    text_string(out, " ");
    text_string(out, method);
    text_string(out, "\r\nContent-Length: 0\r\n\r\n");
}

void ack_write(struct text *out, const struct sip_message *invite, const struct sip_message *answer)
{
    derived_write(out, invite, "ACK", answer->to);
}

void cancel_write(struct text *out, const struct sip_message *invite)
{
    derived_write(out, invite, "CANCEL", invite->to);
}
