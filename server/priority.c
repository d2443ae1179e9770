/* Whose requests come first when not all can be dealt with. */
#include "server/worker.h"

bool request_is_strangers(const struct request *r)
{
    return !r->user && !r->trusted && !r->in_dialog;
}

/* The Call-ID of a registration is known to the phone alone. */
bool request_is_refresh(const struct worker *w, const struct request *r)
{
    const struct user *u;
    struct uri to;

    if (r->m->method_id != METHOD_REGISTER || uri_parse(&to, r->m->to_uri) != OK)
        return false;
    u = plan_user(&w->plan, w->location, &to);
    for (const struct binding *b = u ? u->bindings : NULL; b; b = b->next)
        if (view_eq(binding_call_id(b), r->m->call_id))
            return true;
    return false;
}

bool request_is_from_phone(const struct worker *w, const struct request *r)
{
    const struct user *u;
    struct uri from;

    if (r->m->method_id != METHOD_INVITE || uri_parse(&from, r->m->from_uri) != OK)
        return false;
    u = plan_user(&w->plan, w->location, &from);
    for (const struct binding *b = u ? u->bindings : NULL; b; b = b->next) {
        struct sip_flow flow = binding_flow(b);

        if (flow_same_peer(&flow, &r->from))
            return true;
    }
    return false;
}

bool request_is_emergency(const struct worker *w, const struct request *r)
{
    return r->m->method_id == METHOD_INVITE && plan_is_emergency(&w->plan, &r->uri);
}
