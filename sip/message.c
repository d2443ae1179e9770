/* Framing and indexing of messages, with the checks of RFC 4475 that no library makes for us. */
#include "sip/message.h"

#include <stdlib.h>
#include <string.h>

#define CSEQ_MAX 0x7fffffffu

enum sip_method sip_method_of(struct view name)
{
    static const struct view names[] = {
        [METHOD_INVITE] = {"INVITE", 6},     [METHOD_ACK] = {"ACK", 3},
        [METHOD_CANCEL] = {"CANCEL", 6},     [METHOD_BYE] = {"BYE", 3},
        [METHOD_REGISTER] = {"REGISTER", 8}, [METHOD_OPTIONS] = {"OPTIONS", 7},
    };

    for (int i = METHOD_INVITE; i <= METHOD_OPTIONS; i++)
        if (view_eq(name, names[i])) /* methods are case-sensitive, 7.1 */
            return (enum sip_method)i;
    return METHOD_OTHER;
}

static void message_fault(struct sip_message *m, unsigned status, const char *text)
{
    if (m->fault)
        return;
    m->fault = status;
    m->fault_text = text;
}

/* The 7960 guide prints a blank before ";user=phone" or behind its semicolon; that one form of a
 * Request-URI with blanks is taken (the blanks are still in it). */
static bool is_guide_form(struct view uri)
{
    size_t blank = view_find(uri, ' ');
    struct view tail = view_from(uri, blank);

    if (blank == 0)
        return false;
    if (uri.p[blank - 1] != ';') {
        tail = view_trim(tail);
        if (!tail.n || tail.p[0] != ';')
            return false;
        tail = view_from(tail, 1);
    }
    return view_ieq(view_trim(tail), VIEW("user=phone"));
}

static bool has_blank(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] == ' ' || v.p[i] == '\t')
            return true;
    return false;
}

static enum error request_line_parse(struct sip_message *m, struct view line)
{
    struct view rest = line, version;
    size_t last;

    m->request = true;
    m->method = view_cut(&rest, ' ');
    if (!header_is_token(m->method))
        return ERR_SYNTAX;
    m->method_id = sip_method_of(m->method);
    for (last = rest.n; last > 0 && rest.p[last - 1] != ' '; last--)
        ;
    version = view_from(rest, last);
    m->uri = (struct view){rest.p, last ? last - 1 : 0};
    if (!view_istarts(version, VIEW("SIP/"))) {
        if (view_ifind(line, VIEW(" SIP/2.0")) == line.n)
            return ERR_SYNTAX;
        message_fault(m, 400, "Malformed Request Line");
    } else if (!view_ieq(version, VIEW("SIP/2.0"))) {
        message_fault(m, 505, "Version Not Supported");
    }
    if (!m->uri.n || m->uri.p[0] == '<' || (has_blank(m->uri) && !is_guide_form(m->uri)))
        message_fault(m, 400, "Malformed Request-URI");
    return OK;
}

static enum error status_line_parse(struct sip_message *m, struct view line)
{
    struct view rest = line;
    uint64_t status;

    view_cut(&rest, ' ');
    struct view code = view_cut(&rest, ' ');

    if (code.n != 3 || !view_number(code, 699, &status) || status < 100)
        return ERR_SYNTAX;
    m->status = (unsigned)status;
    m->reason = rest;
    return OK;
}

static enum error start_line_parse(struct sip_message *m)
{
    if (view_istarts(m->start_line, VIEW("SIP/2.0 ")))
        return status_line_parse(m, m->start_line);
    return request_line_parse(m, m->start_line);
}

/* Cuts the next line with its folds off *rest; false at the end of the bytes. A CR or LF alone is
 * part of the line and left for the caller to find. */
static bool line_next(struct view *rest, struct view *line)
{
    size_t at = 0;

    for (;;) {
        const char *cr = at < rest->n ? memchr(rest->p + at, '\r', rest->n - at) : NULL;

        if (!cr || (size_t)(cr - rest->p) + 1 >= rest->n)
            return false;
        at = (size_t)(cr - rest->p) + 1;
        if (rest->p[at] != '\n')
            continue;
        at++;
        bool folded = at > 2 && at < rest->n && (rest->p[at] == ' ' || rest->p[at] == '\t');

        if (!folded)
            break;
    }
    *line = (struct view){rest->p, at};
    *rest = view_from(*rest, at);
    return true;
}

/* A bare CR or LF (not part of a CRLF) would let two readers see two different messages. */
static bool has_bare_break(struct view line)
{
    size_t cr = view_find(line, '\r'), lf = view_find(line, '\n');

    while (cr + 1 == lf && lf + 1 < line.n) { /* a fold */
        cr = lf + 1 + view_find(view_from(line, lf + 1), '\r');
        lf = lf + 1 + view_find(view_from(line, lf + 1), '\n');
    }
    return cr + 1 != lf;
}

static bool has_break(struct view v)
{
    return view_find(v, '\r') < v.n || view_find(v, '\n') < v.n;
}

/* The value behind the colon of a line, which ends with CRLF. */
static struct view line_value(struct view line, size_t colon)
{
    struct view value = {line.p + colon + 1, line.n - colon - 3};

    if (value.n && value.p[0] == ' ')
        value = view_from(value, 1);
    return view_trim(value);
}

static void line_index(struct sip_message *m, struct view line)
{
    size_t colon = view_find(line, ':');
    struct view name = view_trim((struct view){line.p, colon});
    enum header_id id = colon < line.n ? header_id_of(name) : HEADER_OTHER;
    struct header_line *h;

    if (colon == line.n || (id == HEADER_OTHER && !header_is_token(name))) {
        message_fault(m, 400, "Malformed Header Field");
        return;
    }
    if (has_bare_break(line))
        message_fault(m, 400, "Bare CR Or LF");
    if (m->count == SIP_LINES_MAX) {
        message_fault(m, 400, "Too Many Header Fields");
        return;
    }
    h = &m->lines[m->count++];
    h->id = id;
    h->value = line_value(line, colon);
    h->line = line;
}

static enum error head_index(struct sip_message *m)
{
    struct view rest = m->bytes, line;

    if (!line_next(&rest, &line))
        return ERR_SYNTAX;
    m->start_line = (struct view){line.p, line.n - 2};
    if (has_break(m->start_line) || start_line_parse(m) != OK)
        return ERR_SYNTAX;
    for (;;) {
        if (!line_next(&rest, &line)) {
            message_fault(m, 400, "Incomplete Header");
            m->head_end = m->bytes.n;
            return OK;
        }
        if (line.n == 2)
            break;
        line_index(m, line);
    }
    m->head_end = (size_t)(line.p - m->bytes.p);
    m->body = rest;
    return OK;
}

const struct header_line *sip_header_after(const struct sip_message *m, enum header_id id,
                                           const struct header_line *line)
{
    unsigned i = line ? (unsigned)(line - m->lines) + 1 : 0;

    for (; i < m->count; i++)
        if (m->lines[i].id == id)
            return &m->lines[i];
    return NULL;
}

const struct header_line *sip_header(const struct sip_message *m, enum header_id id)
{
    return sip_header_after(m, id, NULL);
}

unsigned sip_value_count(const struct sip_message *m, enum header_id id, unsigned most)
{
    unsigned count = 0;

    for (const struct header_line *h = NULL; (h = sip_header_after(m, id, h));) {
        struct view rest = h->value;

        while (rest.n && count <= most) {
            header_value_next(&rest);
            count++;
        }
    }
    return count;
}

bool sip_lists(const struct sip_message *m, enum header_id id, struct view tag)
{
    for (const struct header_line *h = NULL; (h = sip_header_after(m, id, h));) {
        struct view rest = h->value;

        while (rest.n)
            if (view_ieq(header_value_next(&rest), tag))
                return true;
    }
    return false;
}

static void singles_check(struct sip_message *m)
{
    uint32_t seen = 0;

    for (unsigned i = 0; i < m->count; i++) {
        enum header_id id = m->lines[i].id;

        if (header_is_single(id) && seen & 1u << id)
            message_fault(m, 400, "Repeated Header Field");
        seen |= 1u << id;
    }
}

static void cseq_index(struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_CSEQ);
    struct view rest;
    uint64_t number;
    size_t digits = 0;

    if (!h) {
        message_fault(m, 400, "Missing CSeq");
        return;
    }
    rest = h->value;
    while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9')
        digits++;
    m->cseq_method = view_trim(view_from(rest, digits));
    if (!view_number((struct view){rest.p, digits}, CSEQ_MAX, &number) ||
        !header_is_token(m->cseq_method)) {
        message_fault(m, 400, "Invalid CSeq");
        return;
    }
    m->cseq = (uint32_t)number;
    if (!m->request)
        m->method_id = sip_method_of(m->cseq_method);
    else if (!view_eq(m->cseq_method, m->method))
        message_fault(m, 400, "CSeq Method Differs");
}

static void party_index(struct sip_message *m, enum header_id id, const char *missing,
                        struct view *value, struct view *uri, struct view *tag)
{
    const struct header_line *h = sip_header(m, id);
    struct name_addr parts;
    bool found;

    if (!h) {
        message_fault(m, 400, missing);
        return;
    }
    *value = h->value;
    if (h->value.n > SIP_VALUE_MAX || name_addr_parse(&parts, h->value) != OK) {
        message_fault(m, 400, id == HEADER_FROM ? "Malformed From" : "Malformed To");
        return;
    }
    *uri = parts.uri;
    *tag = header_param(parts.params, VIEW("tag"), &found);
}

static void call_id_index(struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_CALL_ID);

    if (!h || !h->value.n) {
        message_fault(m, 400, "Missing Call-ID");
        return;
    }
    m->call_id = h->value;
    if (h->value.n > SIP_VALUE_MAX || has_blank(h->value))
        message_fault(m, 400, "Malformed Call-ID");
}

static void via_index(struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_VIA);
    struct view rest, first;

    if (!h) {
        message_fault(m, 400, "Missing Via");
        return;
    }
    rest = h->value;
    first = header_value_next(&rest);
    if (first.n > SIP_VALUE_MAX || via_parse(&m->via, first) != OK)
        message_fault(m, 400, "Malformed Via");
}

static void max_forwards_index(struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_MAX_FORWARDS);
    uint64_t number;

    m->max_forwards = -1;
    if (!h)
        return;
    if (view_number(h->value, 255, &number))
        m->max_forwards = (int)number;
    else
        message_fault(m, 400, "Invalid Max-Forwards");
}

static void max_breadth_index(struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_MAX_BREADTH);
    uint64_t number;

    m->max_breadth = h && view_number(h->value, INT32_MAX, &number) ? (int)number : -1;
}

static void body_index(struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_CONTENT_LENGTH);
    uint64_t length;

    if (!h)
        return;
    if (!view_number(h->value, UINT32_MAX, &length))
        message_fault(m, 400, "Invalid Content-Length");
    else if (length > m->body.n)
        message_fault(m, 400, "Body Shorter Than Content-Length");
    else
        m->body.n = (size_t)length; /* 18.3: what is behind it is not part of the message */
}

enum error sip_message_parse(struct sip_message *m, struct view bytes)
{
    memset(m, 0, offsetof(struct sip_message, lines));
    m->bytes = bytes;
    m->call_id = m->from = m->to = m->from_tag = m->to_tag = VIEW("");
    m->from_uri = m->to_uri = VIEW("");
    if (bytes.n > SIP_STREAM_MAX || head_index(m) != OK)
        return ERR_SYNTAX;
    via_index(m);
    party_index(m, HEADER_FROM, "Missing From", &m->from, &m->from_uri, &m->from_tag);
    party_index(m, HEADER_TO, "Missing To", &m->to, &m->to_uri, &m->to_tag);
    call_id_index(m);
    cseq_index(m);
    max_forwards_index(m);
    max_breadth_index(m);
    singles_check(m);
    body_index(m);
    if (!m->via.host.n || (!m->request && m->fault)) /* nowhere to answer to */
        return ERR_SYNTAX;
    return OK;
}

struct sip_message *sip_message_keep(const struct sip_message *m)
{
    size_t head = offsetof(struct sip_message, lines) + m->count * sizeof(m->lines[0]);
    struct sip_message *k = malloc(head + m->bytes.n);
    char *bytes = (char *)k + head;

    if (!k)
        return NULL;
    memcpy(k, m, head);
    memcpy(bytes, m->bytes.p, m->bytes.n);
    struct view *const views[] = {
        &k->start_line, &k->method,        &k->uri,          &k->reason,       &k->body,
        &k->via.value,  &k->via.transport, &k->via.host,     &k->call_id,      &k->from,
        &k->to,         &k->via.branch,    &k->via.rport_at, &k->via.received, &k->to_tag,
        &k->bytes,      &k->from_tag,      &k->cseq_method,  &k->from_uri,     &k->to_uri,
    };

    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        view_rebase(views[i], m->bytes, bytes);
    for (unsigned i = 0; i < k->count; i++) {
        view_rebase(&k->lines[i].value, m->bytes, bytes);
        view_rebase(&k->lines[i].line, m->bytes, bytes);
    }
    return k;
}
