/* Fuzz target: a few messages to a worker with two users and their phones. The input is cut into
 * chunks at lines of "%%"; the first letter of a chunk tells what it is:
 *   s, a, b, t  a message from a stranger, from Anna's or Bert's phone, from a stranger over TCP
 *   r           Bert's phone answers its last request: "r486 Busy", then header lines and body
 *   q           the same, but it gives back one Via only
 *   p           a second passes; P: forty */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/office.h"

#define STRANGER   "198.51.100.7"
#define CHUNKS_MAX 24

static struct {
    struct office office;
    size_t from_stranger, to_stranger;
    bool faulty;               /* what is being worked on had a fault; its answer shows it */
    char request[SIP_OUT_MAX]; /* the last one to Bert */
    size_t request_size;
} now;

static bool is_at(const struct sip_flow *flow, const char *host)
{
    struct sip_flow there = {0};

    return flow_set_address(&there, view_of(host)) && flow_same_address(flow, &there);
}

static void on_sent(void *arg, const struct sip_flow *to, struct view bytes)
{
    static struct sip_message m;
    enum error error = sip_message_parse(&m, bytes);

    (void)arg;
    HOLDS(bytes.n <= SIP_OUT_MAX);
    HOLDS(to->family == 4 || to->family == 6);
    if (error != OK || m.fault) {
        if (!now.faulty)
            fwrite(bytes.p, 1, bytes.n, stderr);
        HOLDS(now.faulty);
        HOLDS(view_istarts(bytes, VIEW("SIP/2.0 ")));
    }
    if (to->transport == FLOW_UDP && is_at(to, STRANGER) && view_istarts(bytes, VIEW("SIP/2.0 ")))
        now.to_stranger += bytes.n;
    if (error == OK && m.request && is_at(to, "192.0.2.41")) {
        memcpy(now.request, bytes.p, bytes.n);
        now.request_size = bytes.n;
    }
}

static void receive(const char *host, enum flow_transport transport, struct view bytes)
{
    static struct sip_message m;
    struct sip_flow from = {.transport = transport, .port = 5060, .local = {192, 0, 2, 4}};

    (void)flow_set_address(&from, view_of(host));
    now.faulty = sip_message_parse(&m, bytes) != OK || m.fault;
    office_outside = false;
    worker_receive(&now.office.worker, &from, bytes);
    office_settle(&now.office);
    office_outside = true;
    now.faulty = false;
}

/* "486 Busy", header lines and body become an answer to the last request that Bert's phone got. */
static void bert_answers(struct view chunk, bool one_via)
{
    static char buffer[2 * SIP_OUT_MAX];
    static struct sip_message m;
    struct text t = TEXT(buffer);

    if (sip_message_parse(&m, (struct view){now.request, now.request_size}) != OK)
        return;
    text_string(&t, "SIP/2.0 ");
    text_view(&t, view_trim(view_cut(&chunk, '\n')));
    text_string(&t, "\r\n");
    for (unsigned i = 0; i < m.count; i++) {
        bool lower_via = m.lines[i].id == HEADER_VIA && &m.lines[i] != sip_header(&m, HEADER_VIA);

        if (m.lines[i].id >= HEADER_VIA && m.lines[i].id <= HEADER_CSEQ && !(one_via && lower_via))
            text_view(&t, m.lines[i].line);
    }
    text_view(&t, chunk.n ? chunk : VIEW("\r\n"));
    receive("192.0.2.41", FLOW_UDP, text_done(&t));
}

static void chunk_take(struct view chunk)
{
    char kind = chunk.n ? chunk.p[0] : 0;
    struct view rest = view_from(chunk, 1);

    switch (kind) {
    case 's':
        now.from_stranger += rest.n;
        receive(STRANGER, FLOW_UDP, rest);
        break;
    case 't':
        receive(STRANGER, FLOW_TCP, rest);
        break;
    case 'a':
        receive("192.0.2.40", FLOW_UDP, rest);
        break;
    case 'b':
        receive("192.0.2.41", FLOW_UDP, rest);
        break;
    case 'r':
    case 'q':
        bert_answers(rest, kind == 'q');
        break;
    case 'p':
        office_pass(&now.office, 1000);
        break;
    case 'P':
        office_pass(&now.office, 40000);
        break;
    default:
        break;
    }
}

static struct view chunk_next(struct view *rest)
{
    size_t at = view_ifind(*rest, VIEW("%%\n"));
    struct view chunk = {rest->p, at};

    *rest = view_from(*rest, at + 3);
    return chunk;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_level = LOG_LEVEL_ERROR;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = {(const char *)data, size};
    const struct counters *counters = &now.office.worker.counters;

    now.from_stranger = now.to_stranger = now.request_size = 0;
    HOLDS(office_open(&now.office, on_sent, NULL) == OK);
    HOLDS(office_bind(&now.office) == OK);
    for (int i = 0; rest.n && i < CHUNKS_MAX; i++)
        chunk_take(chunk_next(&rest));
    office_pass(&now.office, 600000); /* timer C, the CANCEL it sends, and what follows */
    HOLDS(transactions_count(now.office.worker.transactions) == 0);
    if (!now.office.proven && !counters->in_dialog)
        HOLDS(now.to_stranger <= 3 * now.from_stranger);
    office_close(&now.office);
    return 0;
}
