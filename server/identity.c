/* Who is calling, as the called one is told. */
#include "server/identity.h"

/* The form that phones of the 79xx kind show. */
#define SHOWN  ";party=calling;id-type=subscriber;privacy=off;screen=yes\r\n"
#define HIDDEN ";party=calling;id-type=subscriber;privacy=full;screen=yes\r\n"

/* Does a Privacy field list this value? They stand between semicolons (RFC 3323 4.2); commas are
 * understood. */
static bool privacy_lists(const struct sip_message *m, struct view value)
{
    for (const struct header_line *h = NULL; (h = sip_header_after(m, HEADER_PRIVACY, h));) {
        struct view rest = h->value;

        while (rest.n) {
            struct view part = view_cut(&rest, ';');

            while (part.n)
                if (view_ieq(view_trim(view_cut(&part, ',')), value))
                    return true;
        }
    }
    return false;
}

static bool from_is_anonymous(const struct sip_message *m)
{
    struct uri uri;

    return uri_parse(&uri, m->from_uri) == OK && view_ieq(uri.user, VIEW("anonymous"));
}

static bool remote_party_hides(const struct sip_message *m)
{
    for (const struct header_line *h = NULL;
         (h = sip_header_after(m, HEADER_REMOTE_PARTY_ID, h));) {
        struct name_addr parts;
        struct view privacy;
        bool found;

        if (h->value.n > SIP_VALUE_MAX || name_addr_parse(&parts, h->value) != OK)
            continue;
        privacy = header_unquote(header_param(parts.params, VIEW("privacy"), &found));
        if (view_istarts(privacy, VIEW("full")) || view_istarts(privacy, VIEW("uri")))
            return true;
    }
    return false;
}

bool identity_is_hidden(const struct sip_message *m)
{
    if (privacy_lists(m, VIEW("id")) || privacy_lists(m, VIEW("user")))
        return true;
    return !privacy_lists(m, VIEW("none")) && (from_is_anonymous(m) || remote_party_hides(m));
}

/* Takes out what must not go on: P-Preferred-Identity always, the others unless they may `pass`. */
static void headers_strip(struct edits *e, const struct sip_message *m, bool pass)
{
    for (unsigned i = 0; i < m->count; i++) {
        enum header_id id = m->lines[i].id;

        if (id == HEADER_PREFERRED_IDENTITY ||
            (!pass && (id == HEADER_ASSERTED_IDENTITY || id == HEADER_REMOTE_PARTY_ID)))
            edits_replace(e, m->lines[i].line, VIEW(""));
    }
}

/* The user's number, as he prefers it to be spelled (RFC 3325 9.2), else as we know it. */
static struct view number_preferred(const struct worker *w, const struct request *r)
{
    const struct header_line *h = sip_header(r->m, HEADER_PREFERRED_IDENTITY);
    struct view rest = h ? h->value : VIEW("");
    struct name_addr parts;
    struct uri uri;

    if (rest.n && rest.n <= SIP_VALUE_MAX &&
        name_addr_parse(&parts, header_value_next(&rest)) == OK &&
        uri_parse(&uri, parts.uri) == OK && number_is_valid(uri.user) &&
        view_find(uri.user, ' ') == uri.user.n && plan_user(&w->plan, w->location, &uri) == r->user)
        return uri.user;
    return user_number(r->user);
}

/* RFC 3261 25.1: what does not belong into a user part is escaped, as the # of a service code. */
static void user_part_write(struct text *out, struct view number)
{
    static const char plain[] = "-_.!~*'()&=+$,;?/";

    for (size_t i = 0; i < number.n; i++) {
        char c = number.p[i], low = c | 0x20;

        if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (c && strchr(plain, c))) {
            text_view(out, (struct view){&number.p[i], 1});
            continue;
        }
        text_string(out, "%");
        text_hex(out, &c, 1);
    }
}

static void user_write(struct text *out, const struct worker *w, const struct request *r)
{
    if (user_name(r->user).n) {
        display_write(out, user_name(r->user));
        text_string(out, " ");
    }
    text_string(out, "<sip:");
    user_part_write(out, number_preferred(w, r));
    text_string(out, "@");
    text_view(out, user_domain(r->user));
    text_string(out, ">");
}

/* Whom a trusted source names, the first value of a field of this kind. */
static void named_write(struct text *out, const struct sip_message *m, enum header_id id)
{
    const struct header_line *h = sip_header(m, id);
    struct view rest = h ? h->value : VIEW("");
    struct name_addr parts;

    if (!rest.n || rest.n > SIP_VALUE_MAX || view_find(rest, '\n') < rest.n || /* a fold */
        name_addr_parse(&parts, header_value_next(&rest)) != OK)
        return;
    text_view(out, parts.display);
    text_string(out, parts.display.n ? " <" : "<");
    text_view(out, parts.uri);
    text_string(out, ">");
}

/* The caller as a name-addr in scratch; empty: nobody vouches for him. */
static struct view caller_write(const struct worker *w, const struct request *r,
                                struct text *scratch)
{
    size_t start = scratch->n;

    if (r->trusted) {
        named_write(scratch, r->m, HEADER_ASSERTED_IDENTITY);
        if (scratch->n == start)
            named_write(scratch, r->m, HEADER_REMOTE_PARTY_ID);
    } else if (r->user) {
        user_write(scratch, w, r);
    }
    return (struct view){scratch->p + start, scratch->n - start};
}

/* At the end of the head, where it cannot meet a line that is taken out. */
static void line_put(struct edits *e, const struct request *r, struct text *scratch,
                     const char *name, struct view caller, const char *more)
{
    size_t start = scratch->n;

    text_string(scratch, name);
    text_view(scratch, caller);
    text_string(scratch, more);
    edits_insert(e, r->m->bytes.p + r->m->head_end,
                 (struct view){scratch->p + start, scratch->n - start});
}

/* RFC 3325 7: the next one is told that the identity is for him alone. */
static void privacy_put(struct edits *e, const struct request *r)
{
    const struct header_line *h = sip_header(r->m, HEADER_PRIVACY);

    if (privacy_lists(r->m, VIEW("id")))
        return;
    if (h && h->value.n)
        edits_insert(e, h->value.p + h->value.n, VIEW(";id"));
    else
        edits_insert(e, r->m->bytes.p + r->m->head_end, VIEW("Privacy: id\r\n"));
}

static void remote_party_put(struct edits *e, const struct request *r, struct text *scratch,
                             struct view caller, bool hidden)
{
    if (hidden)
        line_put(e, r, scratch,
                 "Remote-Party-ID: ", VIEW("\"Anonymous\" <sip:anonymous@anonymous.invalid>"),
                 HIDDEN);
    else if (!r->trusted || !sip_header(r->m, HEADER_REMOTE_PARTY_ID))
        line_put(e, r, scratch, "Remote-Party-ID: ", caller, SHOWN);
}

void identity_put(const struct worker *w, struct edits *e, const struct request *r,
                  const struct hop *hop, struct text *scratch)
{
    bool hidden = (r->trusted || r->user) && identity_is_hidden(r->m);
    bool tell = hop->trusted || !hidden;
    struct view caller = caller_write(w, r, scratch);

    headers_strip(e, r->m, r->trusted && tell);
    if (!caller.n)
        return;
    if (!r->trusted && tell)
        line_put(e, r, scratch, "P-Asserted-Identity: ", caller, "\r\n");
    if (!r->trusted && hop->trusted && hidden)
        privacy_put(e, r);
    if (hop->cisco79)
        remote_party_put(e, r, scratch, caller, hidden);
}
