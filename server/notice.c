/* Lines for people. */
#include "server/notice.h"

#define SOURCES   256
#define QUIET_FOR 10000 /* ms */

/* The user part of a From or To, or the whole value when there is none. */
static struct view who(struct view value)
{
    struct name_addr parts;
    struct uri uri;

    if (name_addr_parse(&parts, value) != OK)
        return value;
    return uri_parse(&uri, parts.uri) == OK && uri.has_user ? uri.user : parts.uri;
}

void notice_binding(const struct worker *w, const struct store_binding *row,
                    const struct sip_flow *from)
{
    char text[FLOW_TEXT_MAX];
    const struct user *u;
    bool known = false;

    if (log_level < LOG_LEVEL_INFO || !(u = location_user(w->location, row->number, row->domain)))
        return;
    for (const struct binding *b = u->bindings; b && !known; b = b->next)
        known = binding_is(b, row);
    if (row->expires && !known)
        log_info("%.*s registered %.*s from %s for %lld s", VIEW_ARG(row->number),
                 VIEW_ARG(row->contact), flow_text(from, text),
                 (long long)(row->expires - row->registered));
    else if (!row->expires && known)
        log_info("%.*s unregistered %.*s", VIEW_ARG(row->number), VIEW_ARG(row->contact));
}

/* May something be said about this source? Sources that share a place share the silence. */
static bool may_tell(const struct sip_flow *from)
{
    static __thread uint64_t quiet_until[SOURCES];
    struct view address = {(const char *)from->address, sizeof(from->address)};
    uint64_t *until = &quiet_until[hash_view(address) % SOURCES];

    if (clock_ms() < *until)
        return false;
    *until = clock_ms() + QUIET_FOR;
    return true;
}

void notice_refusal(const struct request *r, const char *why)
{
    char text[FLOW_TEXT_MAX];

    if (log_level < LOG_LEVEL_INFO || !may_tell(&r->from))
        return;
    log_info("%.*s of %.*s from %s refused: %s", VIEW_ARG(r->m->method), VIEW_ARG(who(r->m->from)),
             flow_text(&r->from, text), why);
}

void notice_call(struct view response)
{
    static __thread struct sip_message m;

    if (log_level < LOG_LEVEL_INFO || sip_message_parse(&m, response) != OK)
        return;
    log_info("call %.*s -> %.*s: %u %.*s, Call-ID %.*s", VIEW_ARG(who(m.from)), VIEW_ARG(who(m.to)),
             m.status, VIEW_ARG(m.reason), VIEW_ARG(m.call_id));
}

void notice_end(const struct request *bye)
{
    log_info("call ended by %.*s, Call-ID %.*s", VIEW_ARG(who(bye->m->from)),
             VIEW_ARG(bye->m->call_id));
}
