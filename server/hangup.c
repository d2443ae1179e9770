/* BYE to both. */
#include "server/hangup.h"

#include "server/anchor.h"

/* Whatever they answer, the call is over. */
static void on_response(void *user, const struct sip_message *m)
{
    (void)user;
    (void)m;
}

static void on_failed(void *user, unsigned status)
{
    (void)user;
    (void)status;
}

static void on_ended(void *user)
{
    (void)user;
}

static bool bye_send(struct worker *w, struct ticket *t, unsigned side)
{
    static const struct client_ops ops = {on_response, on_failed, on_ended, true};
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct client_transaction *tx;
    uint64_t branch;

    return ticket_request(w, t, side, "BYE", &out, &branch) &&
           client_transaction_new(&tx, w->transactions, &t->flows[side], METHOD_BYE, branch,
                                  text_done(&out), &ops, NULL) == OK;
}

unsigned hangup_call(struct worker *w, struct call *call, enum ticket_end end)
{
    struct ticket *t = call_ticket(call);
    unsigned sent = 0;

    for (unsigned side = 0; t && side < 2; side++)
        sent += bye_send(w, t, side);
    w->counters.hung_up++;
    call_end(w, call, end);
    return sent;
}

void hangup_answered(struct worker *w, struct ticket *t, const struct sip_message *m,
                     const struct sip_flow *callee)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    uint64_t branch;

    if (!t)
        return;
    ticket_answer(t, w, m, callee, callee);
    t->answered = 0;
    if (!ticket_request(w, t, 1, "ACK", &out, &branch))
        return;
    (void)w->link.send(w->link.self, callee, text_done(&out));
    (void)bye_send(w, t, 1);
}

void hangup_silent(struct worker *w, uint64_t session)
{
    struct call *call = call_find_session(w, session);

    log_info("a call without audio is ended");
    if (call)
        (void)hangup_call(w, call, END_SILENCE);
    (void)anchor_close(w, session);
}
