/* Fuzz target: bytes as a datagram and as a stream, all their values, and the answer to them. */
#include "sip/sip.h"
#include "tests/fuzz/fuzz.h"

static void is_inside(struct view part, struct view whole)
{
    HOLDS(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void value_take(struct view value)
{
    struct name_addr parts;
    struct uri uri;
    bool found;

    is_inside(header_unquote(value), value);
    if (name_addr_parse(&parts, value) != OK)
        return;
    is_inside(parts.display, value);
    is_inside(parts.uri, value);
    is_inside(parts.params, value);
    is_inside(header_param(parts.params, VIEW("tag"), &found), value);
    if (uri_parse(&uri, parts.uri) == OK)
        is_inside(uri.host, parts.uri);
}

static void values_take(const struct sip_message *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        struct view rest = m->lines[i].value;
        struct via via;

        is_inside(m->lines[i].line, m->bytes);
        is_inside(m->lines[i].value, m->lines[i].line);
        while (rest.n) {
            size_t before = rest.n;
            struct view value = header_value_next(&rest);

            HOLDS(rest.n < before);
            is_inside(value, m->lines[i].value);
            value_take(value);
            if (via_parse(&via, value) == OK)
                is_inside(via.branch, value);
        }
    }
}

static void request_answer(const struct sip_message *m)
{
    static char buffer[2 * SIP_OUT_MAX];
    static struct sip_message back;
    struct sip_flow from = {.transport = FLOW_UDP, .family = 4, .port = 5060, .address = {192}};
    struct reply reply = {.status = m->fault ? m->fault : 404, .to_tag = VIEW("tag")};
    struct text out = TEXT(buffer);
    struct sip_flow to = reply_flow(m, &from);

    reply_write(&out, m, &from, &reply);
    HOLDS(!out.full);
    HOLDS(flow_same_address(&to, &from));
    if (m->fault)
        return;
    HOLDS(sip_message_parse(&back, text_done(&out)) == OK);
    HOLDS(back.status == 404);
    HOLDS(view_eq(back.call_id, m->call_id));
    HOLDS(back.cseq == m->cseq);
    HOLDS(view_eq(back.via.branch, m->via.branch));
}

static void message_take(struct view bytes)
{
    static struct sip_message m;

    if (sip_message_parse(&m, bytes) != OK)
        return;
    is_inside(m.body, bytes);
    HOLDS(m.head_end <= bytes.n);
    values_take(&m);
    if (m.request)
        request_answer(&m);
}

static void stream_take(struct view stream)
{
    size_t seen = 0, size = 0;

    while (stream.n) {
        enum sip_frame frame = sip_frame_next(stream, &seen, &size);

        if (frame == SIP_PARTIAL || frame == SIP_HOPELESS)
            return;
        HOLDS(size > 0 && size <= stream.n);
        if (frame == SIP_FRAMED)
            message_take((struct view){stream.p, size});
        stream = view_from(stream, size);
        seen = size = 0;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return uri_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};

    message_take(bytes);
    stream_take(bytes);
    return 0;
}
