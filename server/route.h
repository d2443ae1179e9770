/* Route and Record-Route: our token in them, and where a request inside a dialog goes. */
#ifndef OFFHOOK_SERVER_ROUTE_H
#define OFFHOOK_SERVER_ROUTE_H

#include "server/targets.h"
#include "server/worker.h"

/* Counts the leading Route values that name this server (r->routes_own is not set). */
unsigned route_count_own(const struct worker *w, const struct request *r);
/* Is r inside a dialog whose token we made? Then *to is the way to the other side and
 * r->routes_own is set; also set, when it is false, for a pre-loaded Route to this server. */
bool route_dialog(struct worker *w, struct request *r, struct sip_flow *to);
/* Edits the own Route values out of the message, and with `last` the last one. */
void route_strip(struct edits *e, const struct request *r, bool last);
/* Writes Record-Route lines for a dialog between the two flows of token, and its id into it: one
 * value, or two when transport or family differ (RFC 5658), the callee's side first. */
void route_record(const struct worker *w, struct text *out, const struct sip_message *m,
                  struct route_token *token);
/* The Route of a request of our own to one side of the dialog that the 2xx m answers: the proxies
 * between us and the callee, or the caller, the nearest first (12.1). */
void route_beyond(const struct worker *w, const struct sip_message *m, bool callee,
                  struct text *out);
/* The way to a URI: its flow when the host is numeric, else the host to look up (RFC 3263). False:
 * it cannot be reached from here. */
bool route_hop(const struct worker *w, const struct uri *uri, struct hop *out);
/* The flow of a sip: or sips: URI with a numeric host: its address, port and transport. False: no
 * numeric host, or nothing of ours can reach it. */
bool route_to_uri(const struct worker *w, const struct uri *uri, struct sip_flow *out);

#endif
