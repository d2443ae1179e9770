/* Keeping requests. */
#include "server/kept.h"

#include <stdlib.h>

bool request_keep(struct request *out, const struct request *r)
{
    struct sip_message *kept = sip_message_keep(r->m);

    if (!kept)
        return false;
    *out = *r;
    out->m = kept;
    view_rebase(&out->uri.user, r->m->bytes, kept->bytes.p);
    view_rebase(&out->uri.host, r->m->bytes, kept->bytes.p);
    view_rebase(&out->uri.transport, r->m->bytes, kept->bytes.p);
    view_rebase(&out->uri.gr, r->m->bytes, kept->bytes.p);
    return true;
}

void request_release(struct request *r)
{
    free((void *)r->m);
    *r = (struct request){0};
}
