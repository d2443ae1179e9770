/* Building the messages of `in` steps. */
#include "tests/replay/compose.h"

#include <string.h>

#define MESSAGE_MAX 16384

/* What an INVITE carries when the step says nothing about its body. */
#define OFFER                                                                                      \
    "v=0\r\no=Cisco-SIPUA 15610 1412 IN IP4 192.0.2.10\r\ns=SIP Call\r\nc=IN IP4 192.0.2.10\r\n"   \
    "t=0 0\r\nm=audio 16384 RTP/AVP 0 8 18 101\r\na=rtpmap:0 PCMU/8000\r\n"                        \
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n"                     \
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"

/* The message that is being made. */
struct draft {
    const struct step *step;
    struct peer *peer;
    struct view method, uri; /* of a request */
    struct text lines;       /* the step's lines, expanded, each ended by \n */
    struct text out;
};

static struct view line_name(struct view line)
{
    return view_trim(view_cut(&line, ':'));
}

/* The step's own lines for a header go out; "no Header" keeps the default away. True: the step
 * has something to say about it. */
static bool own_write(struct draft *d, struct view name)
{
    struct view rest = text_done(&d->lines);
    bool own = false;

    while (rest.n) {
        struct view line = view_cut(&rest, '\n');

        if (view_istarts(line, VIEW("no ")) && header_is(view_trim(view_from(line, 3)), name)) {
            own = true;
        } else if (header_is(line_name(line), name)) {
            own = true;
            text_view(&d->out, line);
            text_string(&d->out, "\r\n");
        }
    }
    return own;
}

static const struct view defaults[] = {
    {"Via", 3},           {"Max-Forwards", 12},  {"From", 4},          {"To", 2},
    {"Call-ID", 7},       {"CSeq", 4},           {"Record-Route", 12}, {"Contact", 7},
    {"Content-Type", 12}, {"Content-Length", 14}};

static bool is_default(struct view name)
{
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (header_is(name, defaults[i]))
            return true;
    return false;
}

/* All other lines of the step, as they are. */
static void others_write(struct draft *d)
{
    struct view rest = text_done(&d->lines);

    while (rest.n) {
        struct view line = view_cut(&rest, '\n');

        if (view_istarts(line, VIEW("no ")) || is_default(line_name(line)))
            continue;
        if (view_istarts(line, VIEW("credentials "))) {
            credentials_write(&d->out, d->peer, d->method, d->uri, line);
            continue;
        }
        text_view(&d->out, line);
        text_string(&d->out, "\r\n");
    }
}

static struct view own_value(const struct draft *d, struct view name)
{
    struct view rest = text_done(&d->lines);

    while (rest.n) {
        struct view line = view_cut(&rest, '\n');

        if (header_is(line_name(line), name)) {
            view_cut(&line, ':');
            return view_trim(line);
        }
    }
    return VIEW_NONE;
}

static void lines_expand(struct draft *d)
{
    for (unsigned i = 0; i < d->step->line_count; i++) {
        expand(&d->lines, d->step->lines[i]);
        text_string(&d->lines, "\n");
    }
}

static void header_write(struct draft *d, const char *name, struct view value)
{
    text_string(&d->out, name);
    text_string(&d->out, ": ");
    text_view(&d->out, value);
    text_string(&d->out, "\r\n");
}

/* ---- requests ------------------------------------------------------------------------------- */

/* The last final answer to an INVITE that left for the peer; what an ACK belongs to. */
static struct view last_final(const struct draft *d)
{
    const struct packet *last = NULL;

    for (const struct packet *p = stage.packets; p; p = p->next)
        if (p->taken && p->peer == d->peer && view_istarts(p->bytes, VIEW("SIP/2.0 ")) &&
            p->bytes.p[8] >= '2' &&
            view_ifind(header_of(p->bytes, VIEW("CSeq")), VIEW("INVITE")) <
                header_of(p->bytes, VIEW("CSeq")).n)
            last = p;
    return last ? last->bytes : VIEW_NONE;
}

static bool is_success(struct view message)
{
    return message.n > 8 && message.p[8] == '2';
}

/* One branch for an INVITE, its CANCEL and the ACK of a refusal; others have their own. */
static void via_default(struct draft *d)
{
    struct view cseq = own_value(d, VIEW("CSeq")), number = view_cut(&cseq, ' ');
    bool ack = view_eq(d->method, VIEW("ACK"));

    text_format(&d->out, "Via: SIP/2.0/%s ", flow_transport_name(&d->peer->flow));
    stage_address(d->peer, &d->out);
    text_format(&d->out, ";branch=z9hG4bK-%s-", d->peer->name);
    text_view(&d->out, number.n ? number : VIEW("1"));
    if (ack && is_success(last_final(d)))
        text_string(&d->out, "-ACK");
    else if (!ack && !view_eq(d->method, VIEW("INVITE")) && !view_eq(d->method, VIEW("CANCEL")))
        text_format(&d->out, "-%.*s", VIEW_ARG(d->method));
    text_string(&d->out, "\r\n");
}

static void to_default(struct draft *d)
{
    struct view final = view_eq(d->method, VIEW("ACK")) ? last_final(d) : VIEW_NONE;

    if (final.n)
        header_write(d, "To", header_of(final, VIEW("To")));
    else
        text_format(&d->out, "To: <%.*s>\r\n", VIEW_ARG(d->uri));
}

static void contact_default(struct draft *d)
{
    text_format(&d->out, "Contact: <sip:%s@", d->peer->name);
    stage_address(d->peer, &d->out);
    text_string(&d->out, ">\r\n");
}

static void request_write(struct draft *d)
{
    text_format(&d->out, "%.*s %.*s SIP/2.0\r\n", VIEW_ARG(d->method), VIEW_ARG(d->uri));
    if (!own_write(d, VIEW("Via")))
        via_default(d);
    if (!own_write(d, VIEW("Max-Forwards")))
        text_string(&d->out, "Max-Forwards: 70\r\n");
    if (!own_write(d, VIEW("From")))
        text_format(&d->out, "From: <sip:%s@elsewhere.test>;tag=%s\r\n", d->peer->name,
                    d->peer->name);
    if (!own_write(d, VIEW("To")))
        to_default(d);
    if (!own_write(d, VIEW("Call-ID")))
        text_string(&d->out, "Call-ID: call-1\r\n");
    if (!own_write(d, VIEW("CSeq")))
        text_format(&d->out, "CSeq: 1 %.*s\r\n", VIEW_ARG(d->method));
    own_write(d, VIEW("Record-Route"));
    if (!own_write(d, VIEW("Contact")) && view_eq(d->method, VIEW("INVITE")))
        contact_default(d);
}

static void request_begin(struct draft *d)
{
    bool invite = view_eq(d->method, VIEW("INVITE"));

    d->uri = d->step->words[3];
    if (!d->uri.n)
        d->uri = view_of(d->peer->uri);
    if (!d->uri.n)
        fail("which Request-URI?");
    if (invite && !view_copy(d->uri, d->peer->uri, sizeof(d->peer->uri)))
        fail("the Request-URI is too long");
}

/* ---- responses ------------------------------------------------------------------------------ */

static void copied_write(struct draft *d, struct view request, struct view name)
{
    struct view found, value;

    if (own_write(d, name))
        return;
    view_cut(&request, '\n');
    while (header_next(&request, &found, &value)) {
        if (header_is(found, name)) {
            text_format(&d->out, "%.*s: ", VIEW_ARG(name));
            text_view(&d->out, value);
            text_string(&d->out, "\r\n");
        }
    }
}

static void to_answer(struct draft *d, struct view request, unsigned status)
{
    struct view to = header_of(request, VIEW("To"));

    if (own_write(d, VIEW("To")))
        return;
    text_string(&d->out, "To: ");
    text_view(&d->out, to);
    if (status > 100 && view_ifind(to, VIEW(";tag=")) == to.n)
        text_format(&d->out, ";tag=%s", d->peer->name);
    text_string(&d->out, "\r\n");
}

static void response_write(struct draft *d, unsigned status)
{
    const struct packet *packet = stage_last(d->peer, d->step->words[3]);
    struct view request;

    if (!packet || view_istarts(packet->bytes, VIEW("SIP/")))
        fail("no %.*s left for %s that could be answered", VIEW_ARG(d->step->words[3]),
             d->peer->name);
    request = packet->bytes;
    text_format(&d->out, "SIP/2.0 %u Answer\r\n", status);
    copied_write(d, request, VIEW("Via"));
    own_write(d, VIEW("Max-Forwards"));
    copied_write(d, request, VIEW("From"));
    to_answer(d, request, status);
    copied_write(d, request, VIEW("Call-ID"));
    copied_write(d, request, VIEW("CSeq"));
    copied_write(d, request, VIEW("Record-Route"));
    if (!own_write(d, VIEW("Contact")) && view_istarts(request, VIEW("INVITE ")) && status > 100 &&
        status < 300)
        contact_default(d);
}

/* "no Content-Type" leaves the offer of an INVITE away. */
static void body_write(struct draft *d)
{
    bool offer = !own_write(d, VIEW("Content-Type")) && view_eq(d->method, VIEW("INVITE"));

    if (offer)
        text_string(&d->out, "Content-Type: application/sdp\r\n");
    if (!own_write(d, VIEW("Content-Length")))
        text_format(&d->out, "Content-Length: %zu\r\n", offer ? sizeof(OFFER) - 1 : 0);
    text_string(&d->out, "\r\n");
    if (offer)
        text_string(&d->out, OFFER);
}

void compose_in(const struct step *step)
{
    static char bytes[MESSAGE_MAX], lines[MESSAGE_MAX];
    struct draft d = {.step = step,
                      .peer = stage_find(step->words[1]),
                      .method = step->words[2],
                      .lines = TEXT(lines),
                      .out = TEXT(bytes)};
    uint64_t status;

    lines_expand(&d);
    if (view_number(d.method, 699, &status)) {
        response_write(&d, (unsigned)status);
    } else {
        request_begin(&d);
        request_write(&d);
    }
    others_write(&d);
    body_write(&d);
    if (d.out.full || d.lines.full)
        fail("the message is too long");
    stage_receive(d.peer, text_done(&d.out));
}
