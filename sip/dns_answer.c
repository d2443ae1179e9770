/* Answers of name servers (RFC 1035, 2782, 3403): read in place, each count bounded. */
#include "sip/dns_answer.h"

#define HEADER     12
#define LOOKED_AT  128  /* records of an answer; what stands behind them is ignored */
#define JUMPS_MAX  32   /* compression pointers in a name */
#define ALIAS_MAX  8    /* CNAMEs followed: a loop ends here */
#define TTL_LEAST  1    /* s */
#define TTL_MOST   3600 /* s */
#define TTL_NONE   30   /* s, of a negative answer that does not say */
#define TTL_FAILED 5    /* s */

static bool letter_fits(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static char letter_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool dns_name_set(char out[DNS_NAME_MAX], struct view host)
{
    size_t label = 0;

    if (host.n && host.p[host.n - 1] == '.')
        host.n--;
    if (!host.n || host.n >= DNS_NAME_MAX)
        return false;
    for (size_t i = 0; i < host.n; i++) {
        out[i] = letter_lower(host.p[i]);
        if (out[i] == '.' ? label == 0 : !letter_fits(out[i]) || label == 63)
            return false;
        label = out[i] == '.' ? 0 : label + 1;
    }
    out[host.n] = 0;
    return label > 0;
}

static unsigned byte_at(struct view bytes, size_t at)
{
    return (unsigned char)bytes.p[at];
}

static unsigned word_at(struct view bytes, size_t at)
{
    return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

static uint32_t long_at(struct view bytes, size_t at)
{
    return (uint32_t)word_at(bytes, at) << 16 | word_at(bytes, at + 2);
}

/* Appends a label; what no name of ours can hold becomes "?", which equals nothing. */
static bool label_add(char out[DNS_NAME_MAX], size_t *n, struct view label)
{
    if (*n + label.n + 2 > DNS_NAME_MAX)
        return false;
    if (*n)
        out[(*n)++] = '.';
    for (size_t i = 0; i < label.n; i++) {
        char c = letter_lower(label.p[i]);

        out[(*n)++] = letter_fits(c) ? c : '?';
    }
    return true;
}

/* Reads the name at *at, which is moved behind it. False: it leads nowhere. */
static bool name_read(struct view bytes, size_t *at, char out[DNS_NAME_MAX])
{
    size_t from = *at, n = 0;
    unsigned jumps = 0;

    for (;;) {
        if (from >= bytes.n)
            return false;
        unsigned size = byte_at(bytes, from);

        if (size >= 0xc0) { /* the rest stands elsewhere */
            if (from + 2 > bytes.n || ++jumps > JUMPS_MAX)
                return false;
            if (jumps == 1)
                *at = from + 2;
            from = word_at(bytes, from) & 0x3fff;
            continue;
        }
        if (size > 63 || size >= bytes.n - from ||
            (size && !label_add(out, &n, (struct view){bytes.p + from + 1, size})))
            return false;
        from += 1 + size;
        if (!size)
            break;
    }
    if (!jumps)
        *at = from;
    out[n] = 0;
    return true;
}

/* The records of an answer, one after the other. */
struct scan {
    struct view bytes;
    size_t at;
    unsigned left;
};

struct found {
    char owner[DNS_NAME_MAX];
    unsigned type;
    uint32_t ttl;
    size_t data, end; /* offsets */
};

static bool scan_begin(struct scan *s, struct view bytes)
{
    char ignored[DNS_NAME_MAX];
    unsigned count;

    if (bytes.n < HEADER || word_at(bytes, 4) != 1)
        return false;
    count = word_at(bytes, 6) + word_at(bytes, 8);
    *s = (struct scan){bytes, HEADER, count < LOOKED_AT ? count : LOOKED_AT};
    if (!name_read(bytes, &s->at, ignored) || bytes.n - s->at < 4)
        return false;
    s->at += 4;
    return true;
}

static bool scan_next(struct scan *s, struct found *f)
{
    if (!s->left || !name_read(s->bytes, &s->at, f->owner) || s->bytes.n - s->at < 10)
        return false;
    s->left--;
    f->type = word_at(s->bytes, s->at);
    f->ttl = long_at(s->bytes, s->at + 4);
    if (f->ttl > INT32_MAX) /* RFC 2181 section 8 */
        f->ttl = 0;
    f->data = s->at + 10;
    f->end = f->data + word_at(s->bytes, s->at + 8);
    s->at = f->end;
    return f->end <= s->bytes.n;
}

/* A target has to be a name that can be asked for, or the root. */
static bool target_read(struct view bytes, size_t at, size_t end, char out[DNS_NAME_MAX])
{
    char copy[DNS_NAME_MAX];

    if (at >= end || !name_read(bytes, &at, copy) || at != end)
        return false;
    out[0] = 0;
    return !copy[0] || dns_name_set(out, view_of(copy));
}

static bool srv_read(struct dns_record *r, struct view bytes, const struct found *f)
{
    if (f->end - f->data < 7)
        return false;
    r->priority = (uint16_t)word_at(bytes, f->data);
    r->weight = (uint16_t)word_at(bytes, f->data + 2);
    r->port = (uint16_t)word_at(bytes, f->data + 4);
    return target_read(bytes, f->data + 6, f->end, r->target) && (r->port || !r->target[0]);
}

/* The character string at *at, which is moved behind it. */
static bool string_read(struct view bytes, size_t *at, size_t end, struct view *out)
{
    if (*at >= end || byte_at(bytes, *at) >= end - *at)
        return false;
    *out = (struct view){bytes.p + *at + 1, byte_at(bytes, *at)};
    *at += 1 + out->n;
    return true;
}

static bool service_read(struct view name, uint8_t *out)
{
    if (view_ieq(name, VIEW("SIP+D2U")))
        *out = DNS_SIP_UDP;
    else if (view_ieq(name, VIEW("SIP+D2T")))
        *out = DNS_SIP_TCP;
    else if (view_ieq(name, VIEW("SIPS+D2T")))
        *out = DNS_SIPS_TCP;
    else
        return false;
    return true;
}

/* Only those that lead to SRV records of SIP, by a replacement. */
static bool naptr_read(struct dns_record *r, struct view bytes, const struct found *f)
{
    struct view flags, services, expression;
    size_t at = f->data + 4;

    if (f->end - f->data < 4)
        return false;
    r->priority = (uint16_t)word_at(bytes, f->data);
    r->weight = (uint16_t)word_at(bytes, f->data + 2);
    return string_read(bytes, &at, f->end, &flags) && string_read(bytes, &at, f->end, &services) &&
           string_read(bytes, &at, f->end, &expression) && view_ieq(flags, VIEW("s")) &&
           !expression.n && service_read(services, &r->service) &&
           target_read(bytes, at, f->end, r->target) && r->target[0];
}

static bool record_read(struct dns_record *r, struct view bytes, const struct found *f)
{
    size_t size = f->end - f->data;

    memset(r, 0, sizeof(*r));
    if (f->type == DNS_SRV)
        return srv_read(r, bytes, f);
    if (f->type == DNS_NAPTR)
        return naptr_read(r, bytes, f);
    if (size != (f->type == DNS_A ? 4 : 16))
        return false;
    memcpy(r->address, bytes.p + f->data, size);
    return true;
}

/* One pass: takes the records of `type` at name. True when name is an alias instead, and what for
 * is then in name. */
static bool pass(struct dns_answer *out, struct view bytes, char name[DNS_NAME_MAX],
                 enum dns_type type, unsigned *seen)
{
    struct scan s;
    struct found f;
    char alias[DNS_NAME_MAX];
    bool aliased = false;

    for (bool more = scan_begin(&s, bytes); more && scan_next(&s, &f);) {
        if (strcmp(f.owner, name) != 0 || (f.type != (unsigned)type && f.type != DNS_CNAME))
            continue;
        out->ttl = f.ttl < out->ttl ? f.ttl : out->ttl;
        if (f.type == DNS_CNAME)
            aliased = target_read(bytes, f.data, f.end, alias) && alias[0];
        else if (++*seen && out->count < DNS_RECORDS_MAX &&
                 record_read(&out->records[out->count], bytes, &f))
            out->count++;
    }
    if (!aliased || *seen)
        return false;
    memcpy(name, alias, sizeof(alias));
    return true;
}

/* How long it may be remembered that there is none (RFC 2308 section 5). */
static uint32_t negative_ttl(struct view bytes)
{
    struct scan s;
    struct found f;

    for (bool more = scan_begin(&s, bytes); more && scan_next(&s, &f);)
        if (f.type == DNS_SOA && f.end - f.data >= 22) {
            uint32_t least = long_at(bytes, f.end - 4);

            return least < f.ttl ? least : f.ttl;
        }
    return TTL_NONE;
}

static uint32_t ttl_clamp(uint32_t ttl)
{
    if (ttl < TTL_LEAST)
        return TTL_LEAST;
    return ttl < TTL_MOST ? ttl : TTL_MOST;
}

void dns_answer_fail(struct dns_answer *out)
{
    out->error = ERR_CLOSED;
    out->ttl = TTL_FAILED;
    out->count = 0;
}

void dns_answer_read(struct dns_answer *out, struct view bytes, const char *name,
                     enum dns_type type)
{
    char at[DNS_NAME_MAX];
    unsigned seen = 0, code = bytes.n >= HEADER ? word_at(bytes, 2) & 15 : 2;
    struct scan s;

    dns_answer_fail(out);
    if ((code != 0 && code != 3) || !scan_begin(&s, bytes) ||
        !view_copy(view_of(name), at, sizeof(at)))
        return;
    out->ttl = UINT32_MAX;
    for (int i = 0; i < ALIAS_MAX && pass(out, bytes, at, type, &seen); i++)
        ;
    out->error = out->count ? OK : ERR_NOT_FOUND;
    out->ttl = ttl_clamp(out->count ? out->ttl : negative_ttl(bytes));
}
