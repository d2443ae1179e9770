/* Questions for responses, until the keeper answers or 2 s have passed. */
#include "server/credential.h"

#include <stdlib.h>
#include <string.h>

#include "server/keeper_link.h"

#define LIMIT     2000 /* ms */
#define FIRST_USE VIEW("00000001")

struct credential_query {
    struct credential_query *next, **link; /* among the worker's */
    struct worker *owner;
    struct timer limit;
    uint64_t id;
    bool proxy; /* the challenge was a 407 */
    char cnonce[16];
    credential_done *done;
    void *user;
    size_t challenge_size, uri_size;
    char bytes[]; /* the challenge's value, the URI */
};

static void query_free(struct credential_query *q)
{
    *q->link = q->next;
    if (q->next)
        q->next->link = q->link;
    timer_disarm(&q->limit);
    free(q);
}

void credential_cancel(struct credential_query *q)
{
    query_free(q);
}

void credentials_free(struct worker *w)
{
    while (w->credentials)
        query_free(w->credentials);
}

static void query_end(struct credential_query *q, struct view line)
{
    credential_done *done = q->done;
    void *user = q->user;

    query_free(q);
    done(user, line);
}

static void on_limit(struct timer *timer)
{
    query_end(TIMER_OWNER(timer, struct credential_query, limit), VIEW(""));
}

/* The strongest challenge of m that can be answered. */
static const struct header_line *challenge_find(const struct sip_message *m)
{
    enum header_id id = m->status == 407 ? HEADER_PROXY_AUTHENTICATE : HEADER_WWW_AUTHENTICATE;
    const struct header_line *best = NULL;
    struct challenge c, found;

    for (const struct header_line *h = NULL; (h = sip_header_after(m, id, h));) {
        if (h->value.n > SIP_VALUE_MAX || !challenge_read(&c, h->value))
            continue;
        if (!best || c.algorithm > found.algorithm) {
            best = h;
            found = c;
        }
    }
    return best;
}

static struct claim query_claim(const struct credential_query *q, struct challenge *c)
{
    struct view value = {q->bytes, q->challenge_size};
    struct view none = VIEW("");

    (void)challenge_read(c, value);
    return (struct claim){.algorithm = c->algorithm,
                          .username = none,
                          .realm = c->realm,
                          .nonce = c->nonce,
                          .uri = {q->bytes + q->challenge_size, q->uri_size},
                          .response = none,
                          .qop = c->qop ? VIEW("auth") : none,
                          .cnonce = c->qop ? (struct view){q->cnonce, sizeof(q->cnonce)} : none,
                          .nc = c->qop ? FIRST_USE : none,
                          .method = none,
                          .domain = none};
}

struct credential_query *credential_ask(struct worker *w, const struct gateway *g,
                                        const struct sip_message *m, struct view method,
                                        struct view uri, credential_done *done, void *user)
{
    const struct header_line *h = challenge_find(m);
    struct credential_query *q = h ? malloc(sizeof(*q) + h->value.n + uri.n) : NULL;
    struct challenge c;
    struct claim claim;
    struct text cnonce;
    uint8_t random[8];

    if (!q)
        return NULL;
    *q = (struct credential_query){.next = w->credentials,
                                   .link = &w->credentials,
                                   .owner = w,
                                   .proxy = m->status == 407,
                                   .done = done,
                                   .user = user,
                                   .challenge_size = h->value.n,
                                   .uri_size = uri.n};
    memcpy(q->bytes, h->value.p, h->value.n);
    memcpy(q->bytes + h->value.n, uri.p, uri.n);
    random_bytes(random, sizeof(random));
    cnonce = (struct text){.p = q->cnonce, .size = sizeof(q->cnonce)};
    text_hex(&cnonce, random, sizeof(random));
    if (q->next)
        q->next->link = &q->next;
    w->credentials = q;
    claim = query_claim(q, &c);
    claim.method = method;
    q->id = keeper_link_challenge(w, g->name, &claim);
    timer_arm(w->wheel, &q->limit, q->id ? LIMIT : 1, on_limit);
    return q;
}

void credential_receive(struct worker *w, uint64_t id, struct view body)
{
    char bytes[2 * SIP_VALUE_MAX];
    struct text line = TEXT(bytes);
    struct credential_query *q = w->credentials;
    struct view username, response;
    struct challenge c;
    struct claim claim;
    bool bad = false;

    while (q && q->id != id)
        q = q->next;
    username = unpack_view(&body, &bad);
    response = unpack_view(&body, &bad);
    if (!q)
        return;
    if (!bad && response.n) {
        claim = query_claim(q, &c);
        challenge_answer(&line, q->proxy ? "Proxy-Authorization" : "Authorization", &c, &claim,
                         username, response);
    }
    query_end(q, line.full ? VIEW("") : text_done(&line));
}
