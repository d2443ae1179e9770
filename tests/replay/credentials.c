/* Answers to challenges (RFC 7616 3.4). */
#include "auth/digest.h"
#include "tests/replay/compose.h"

/* What the line "credentials USER PASSWORD name=value..." asks for. */
struct wish {
    const struct peer *challenged;
    struct view user, password, realm, nonce, uri, nc, algorithm;
    bool qop;
};

/* The last 401 or 407 that left for the peer. */
static const struct packet *challenge_last(const struct peer *peer)
{
    const struct packet *a = stage_last(peer, VIEW("401")), *b = stage_last(peer, VIEW("407"));

    if (!a && !b)
        fail("nobody has challenged %s yet", peer->name);
    return !a || (b && b->at > a->at) ? b : a;
}

static struct view parameter(struct view challenge, struct view name)
{
    view_cut(&challenge, ' ');
    while (challenge.n) {
        struct view rest = header_value_next(&challenge), found = view_cut(&rest, '=');

        if (view_ieq(view_trim(found), name))
            return header_unquote(rest);
    }
    return VIEW("");
}

/* The first challenge of the message, or the first with the algorithm that is wanted. */
static struct view challenge_choose(struct view message, struct view algorithm)
{
    struct view name, value;

    view_cut(&message, '\n');
    while (header_next(&message, &name, &value))
        if ((header_is(name, VIEW("WWW-Authenticate")) ||
             header_is(name, VIEW("Proxy-Authenticate"))) &&
            (!algorithm.n || view_ieq(parameter(value, VIEW("algorithm")), algorithm)))
            return value;
    fail("there is no such challenge");
}

static void wish_read(struct wish *out, struct view line)
{
    view_cut(&line, ' ');
    out->user = view_cut(&line, ' ');
    out->password = view_cut(&line, ' ');
    while (line.n) {
        struct view value = view_cut(&line, ' '), name = view_cut(&value, '=');

        if (view_eq(name, VIEW("nonce")))
            out->nonce = value;
        else if (view_eq(name, VIEW("nc")))
            out->nc = value;
        else if (view_eq(name, VIEW("uri")))
            out->uri = value;
        else if (view_eq(name, VIEW("realm")))
            out->realm = value;
        else if (view_eq(name, VIEW("algorithm")))
            out->algorithm = value;
        else if (view_eq(name, VIEW("challenged")))
            out->challenged = stage_find(value);
        else if (view_eq(name, VIEW("qop")))
            out->qop = view_eq(value, VIEW("auth"));
        else
            fail("credentials know no \"%.*s\"", VIEW_ARG(name));
    }
}

static struct view hex_join(enum digest_algorithm a, const struct view *parts, size_t count,
                            char out[2 * DIGEST_SIZE_MAX])
{
    struct text t = {.p = out, .size = 2 * DIGEST_SIZE_MAX};
    uint8_t hash[DIGEST_SIZE_MAX];

    if (digest_join(a, parts, count, hash) != OK)
        fail("the digest cannot be made");
    text_hex(&t, hash, digest_size(a));
    return text_done(&t);
}

static void field(struct text *out, const char *name, struct view value)
{
    text_format(out, ", %s=\"%.*s\"", name, VIEW_ARG(value));
}

static void answer_write(struct text *out, const struct wish *w, struct view method)
{
    char one[2 * DIGEST_SIZE_MAX], two[2 * DIGEST_SIZE_MAX], three[2 * DIGEST_SIZE_MAX];
    enum digest_algorithm a;
    struct view ha1, ha2, response;

    if (!digest_parse(w->algorithm, &a))
        fail("there is no algorithm \"%.*s\"", VIEW_ARG(w->algorithm));
    ha1 = hex_join(a, (struct view[]){w->user, w->realm, w->password}, 3, one);
    ha2 = hex_join(a, (struct view[]){method, w->uri}, 2, two);
    if (w->qop)
        response = hex_join(
            a, (struct view[]){ha1, w->nonce, w->nc, VIEW("cnonce"), VIEW("auth"), ha2}, 6, three);
    else
        response = hex_join(a, (struct view[]){ha1, w->nonce, ha2}, 3, three);
    text_format(out, "Digest username=\"%.*s\"", VIEW_ARG(w->user));
    field(out, "realm", w->realm);
    field(out, "nonce", w->nonce);
    field(out, "uri", w->uri);
    field(out, "response", response);
    text_format(out, ", algorithm=%s", digest_name(a));
    if (w->qop)
        text_format(out, ", qop=auth, nc=%.*s, cnonce=\"cnonce\"", VIEW_ARG(w->nc));
    text_string(out, "\r\n");
}

void credentials_write(struct text *out, const struct peer *peer, struct view method,
                       struct view uri, struct view line)
{
    struct wish w = {.challenged = peer, .uri = uri, .nc = VIEW("00000001")};
    struct wish asked = w;
    const struct packet *packet;
    struct view challenge;
    bool proxy;

    wish_read(&asked, line);
    packet = challenge_last(asked.challenged);
    proxy = header_of(packet->bytes, VIEW("Proxy-Authenticate")).n > 0;
    challenge = challenge_choose(packet->bytes, asked.algorithm);
    w.realm = parameter(challenge, VIEW("realm"));
    w.nonce = parameter(challenge, VIEW("nonce"));
    w.algorithm = parameter(challenge, VIEW("algorithm"));
    w.qop = parameter(challenge, VIEW("qop")).n > 0;
    wish_read(&w, line);
    text_string(out, proxy ? "Proxy-Authorization: " : "Authorization: ");
    answer_write(out, &w, method);
}
