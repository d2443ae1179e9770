/* Counters with dotted names, raised where the thing happens and read by `offhook status`. */
#ifndef OFFHOOK_SERVER_COUNTERS_H
#define OFFHOOK_SERVER_COUNTERS_H

#include <stdint.h>

#define COUNTERS(X)                                                                                \
    X(requests, "sip.requests")                                                                    \
    X(responses, "sip.responses")                                                                  \
    X(stray_responses, "sip.responses.stray")                                                      \
    X(malformed, "sip.malformed")                                                                  \
    X(hopeless, "sip.hopeless")                                                                    \
    X(early, "sip.early")                                                                          \
    X(refused, "sip.refused")                                                                      \
    X(too_small, "sip.refused.silently")                                                           \
    X(icmp, "sip.icmp.unreachable")                                                                \
    X(stray_acks, "sip.acks.stray")                                                                \
    X(absorbed_acks, "sip.acks.absorbed")                                                          \
    X(challenges, "auth.challenges")                                                               \
    X(stale, "auth.nonces.stale")                                                                  \
    X(foreign_nonces, "auth.nonces.foreign")                                                       \
    X(proven, "auth.proven")                                                                       \
    X(denied, "auth.denied")                                                                       \
    X(forbidden, "auth.forbidden")                                                                 \
    X(unavailable, "store.unavailable")                                                            \
    X(registers, "registrar.accepted")                                                             \
    X(too_brief, "registrar.too-brief")                                                            \
    X(queries, "registrar.queries")                                                                \
    X(out_of_order, "registrar.out-of-order")                                                      \
    X(too_many_contacts, "registrar.too-many-contacts")                                            \
    X(insecure_contacts, "registrar.insecure-contacts")                                            \
    X(forwarded, "proxy.forwarded")                                                                \
    X(in_dialog, "proxy.in-dialog")                                                                \
    X(false_tokens, "proxy.tokens.false")                                                          \
    X(calls, "proxy.calls.answered")                                                               \
    X(calls_limited, "calls.limited")                                                              \
    X(redirects, "proxy.redirects")                                                                \
    X(diverted, "proxy.diverted")                                                                  \
    X(no_answer, "proxy.no-answer")                                                                \
    X(branches_failed, "proxy.branches.failed")                                                    \
    X(gateways_full, "gateways.full")                                                              \
    X(failovers, "proxy.failovers")                                                                \
    X(loops, "proxy.loops")                                                                        \
    X(cancels, "proxy.cancels")                                                                    \
    X(keepalives, "keepalive.sent")                                                                \
    X(keepalive_answers, "keepalive.answered")                                                     \
    X(moved, "registrar.moved")                                                                    \
    X(keepalive_dead, "keepalive.dead")                                                            \
    X(timeouts, "proxy.timeouts")                                                                  \
    X(no_user, "proxy.unknown-number")                                                             \
    X(no_binding, "proxy.not-registered")                                                          \
    X(guard_failures, "guard.failures")                                                            \
    X(guard_delayed, "guard.delayed")                                                              \
    X(guard_refused, "guard.refused")                                                              \
    X(bans, "guard.bans")                                                                          \
    X(guard_dropped, "guard.dropped")                                                              \
    X(rate_limited, "guard.rate-limited")                                                          \
    X(strangers_limited, "proxy.strangers.limited")                                                \
    X(bad_descriptions, "media.descriptions.bad")                                                  \
    X(hung_up, "calls.hung-up")                                                                    \
    X(records_lost, "calls.records.lost")                                                          \
    X(no_ports, "media.ports.exhausted")                                                           \
    X(shed, "overload.shed")                                                                       \
    X(out_of_memory, "memory.failures")

struct counters {
#define COUNTER_FIELD(field, name) uint64_t field;
    COUNTERS(COUNTER_FIELD)
#undef COUNTER_FIELD
};

#endif
