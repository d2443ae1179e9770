/* Reading and checking the fields of a command. */
#include <ctype.h>
#include <string.h>

#include "db/answer.h"
#include "db/audio.h"
#include "db/request.h"

#define AUTH_NAME_MAX 64

static bool refuse(json_t **answer, json_t *refusal)
{
    *answer = refusal;
    return false;
}

/* The text of a field; absent: present is false. A field of another type is refused. */
static bool text_field(const json_t *request, const char *key, struct view *out, bool *present,
                       json_t **answer)
{
    const json_t *field = json_object_get(request, key);

    *out = VIEW("");
    *present = field && !json_is_null(field);
    if (!*present)
        return true;
    if (!json_is_string(field))
        return refuse(answer, answer_error("\"%s\" has to be a text", key));
    *out = (struct view){json_string_value(field), json_string_length(field)};
    return true;
}

static bool is_printable(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
            return false;
    return true;
}

bool is_host_name(struct view v)
{
    size_t label = 0;

    if (v.n == 0 || v.n >= DOMAIN_MAX)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        bool hyphen = v.p[i] == '-';

        if (v.p[i] == '.') {
            if (label == 0 || v.p[i - 1] == '-')
                return false;
            label = 0;
            continue;
        }
        if (!isalnum((unsigned char)v.p[i]) && !(hyphen && label))
            return false;
        if (++label > 63)
            return false;
    }
    return label && v.p[v.n - 1] != '-';
}

bool request_domain(const struct command_context *c, const json_t *request, char out[DOMAIN_MAX],
                    json_t **answer)
{
    struct view domain;
    bool present;

    if (!text_field(request, "domain", &domain, &present, answer))
        return false;
    if (!present)
        domain = c->default_domain;
    if (!is_host_name(domain) || !view_copy(domain, out, DOMAIN_MAX))
        return refuse(answer, answer_error("\"%.*s\" is not a host name; a domain looks like "
                                           "companyb.com",
                                           VIEW_ARG(domain)));
    for (char *p = out; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

bool request_number(struct view text, const char *field, char out[NUMBER_MAX], json_t **answer)
{
    if (text.n == 0)
        return refuse(answer, answer_error("\"%s\" is missing; give a number or a name", field));
    if (text.n < NUMBER_MAX && number_is_valid(text) && number_canonical(text, out) == OK)
        return true;
    return refuse(answer,
                  answer_error("\"%.*s\" is neither a telephone number nor a SIP user name (at "
                               "most %d of letters, digits and -_.!~*'()&=+$,;?/)",
                               (int)(text.n < 64 ? text.n : 64), text.p, NUMBER_MAX - 1));
}

bool request_address(const struct command_context *c, const json_t *request, struct address *out,
                     json_t **answer)
{
    struct view number;
    bool present;

    return text_field(request, "number", &number, &present, answer) &&
           request_number(number, "number", out->number, answer) &&
           request_domain(c, request, out->domain, answer);
}

bool request_name(const json_t *request, struct view *out, json_t **answer)
{
    bool present;

    if (!text_field(request, "name", out, &present, answer))
        return false;
    if (out->n <= TEXT_MAX && is_printable(*out))
        return true;
    return refuse(answer,
                  answer_error("the name has to be at most %d bytes of printable text", TEXT_MAX));
}

/* A phone sends the number as it was written into it: 555-0001 also as its digest username. */
static struct view typed_name(const json_t *request)
{
    struct view typed = view_of(json_string_value(json_object_get(request, "number")));
    char canonical[NUMBER_MAX];

    if (number_canonical(typed, canonical) == OK && !view_eq(typed, view_of(canonical)))
        return typed;
    return VIEW("");
}

bool request_auth_name(const json_t *request, struct view *out, json_t **answer)
{
    bool present;

    if (!text_field(request, "auth-name", out, &present, answer))
        return false;
    if (!present)
        *out = typed_name(request);
    if (out->n <= AUTH_NAME_MAX && is_printable(*out) && view_find(*out, '"') == out->n &&
        view_find(*out, '\\') == out->n && view_find(*out, ':') == out->n)
        return true;
    return refuse(answer, answer_error("the auth name has to be at most %d printable bytes "
                                       "without \", \\ and :",
                                       AUTH_NAME_MAX));
}

bool request_password(const json_t *request, struct view *out, json_t **answer)
{
    bool present;

    if (!text_field(request, "password", out, &present, answer))
        return false;
    if (out->n > 0 && out->n <= TEXT_MAX && is_printable(*out))
        return true;
    if (out->n == 0)
        return refuse(answer,
                      answer_error("a password is missing; give one of 1 to %d bytes", TEXT_MAX));
    return refuse(answer,
                  answer_error("the password has to be 1 to %d bytes of printable text", TEXT_MAX));
}

static bool is_target_uri(struct view v)
{
    static const char forbidden[] = " \"<>\\^`{|}";

    if (!view_istarts(v, VIEW("sip:")) && !view_istarts(v, VIEW("sips:")) &&
        !view_istarts(v, VIEW("tel:")))
        return false;
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= 0x20 || v.p[i] >= 0x7f || strchr(forbidden, v.p[i]))
            return false;
    return view_from(v, view_find(v, ':') + 1).n > 0;
}

bool request_target(const json_t *request, char out[512], json_t **answer)
{
    struct view target;
    bool present;

    if (!text_field(request, "target", &target, &present, answer))
        return false;
    if (view_find(target, ':') == target.n)
        return request_number(target, "target", out, answer);
    if (is_target_uri(target) && view_copy(target, out, 512))
        return true;
    return refuse(answer, answer_error("the target has to be a number or a URI like "
                                       "sip:5550001@companyb.com, of at most 511 bytes"));
}

bool request_text(const json_t *request, const char *key, size_t most, struct view *out,
                  json_t **answer)
{
    bool present;

    if (!text_field(request, key, out, &present, answer))
        return false;
    if (out->n <= most && is_printable(*out))
        return true;
    return refuse(answer,
                  answer_error("the %s has to be at most %zu bytes of printable text", key, most));
}

bool request_whole(const json_t *request, const char *key, json_int_t least, json_int_t most,
                   json_int_t *out, json_t **answer)
{
    const json_t *field = json_object_get(request, key);
    json_int_t n = json_integer_value(field);

    if (!field || json_is_null(field))
        return true;
    if (!json_is_integer(field) || n < least || n > most)
        return refuse(answer, answer_error("\"%s\" has to be a number from %" JSON_INTEGER_FORMAT
                                           " to %" JSON_INTEGER_FORMAT,
                                           key, least, most));
    *out = n;
    return true;
}

bool request_audio(const json_t *request, enum audio_way *out, json_t **answer)
{
    const char *name = json_string_value(json_object_get(request, "audio"));

    return (name && audio_way_parse(out, view_of(name))) ||
           refuse(answer, answer_error("\"audio\" has to be always, nat, never or default"));
}

int view_order(struct view a, struct view b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool request_page(const json_t *request, size_t *limit, const char **after, json_t **answer)
{
    json_int_t n = PAGE_DEFAULT;
    struct view text;
    bool present;

    if (!request_whole(request, "limit", 1, PAGE_MAX, &n, answer))
        return false;
    *limit = (size_t)n;
    if (!text_field(request, "after", &text, &present, answer))
        return false;
    *after = text.p;
    return true;
}
