/* The hired threads of a transport. Each has sockets, connections and timers of its own and shares
 * nothing with the others: they and the transport's thread post each other whole messages, so that
 * nothing but the mailboxes needs a lock. Private to sip/. */
#ifndef OFFHOOK_SIP_CREW_H
#define OFFHOOK_SIP_CREW_H

#include "sip/transports.h"

/* Letters between the transport and a hand. Those that say no other begin with a
 * struct sip_flow. */
enum crew_message {
    /* to the hand */
    CREW_TLS = 1, /* a struct tls *, its own from now on */
    CREW_SEND,    /* then the bytes */
    CREW_KEEP,    /* transport_keep */
    CREW_ADMIT,   /* an accepted connection */
    CREW_CLOSE,   /* one that is not admitted */
    CREW_TAKEN,   /* id: bytes of messages that were dealt with */
    /* from the hand */
    CREW_RECEIVED, /* then the bytes of one message */
    CREW_ACCEPTED, /* a connection */
    CREW_BROKEN,   /* nothing can be sent along it any more */
    CREW_REFUSED,  /* by ICMP */
    CREW_REPORT,   /* struct crew_report */
};

struct crew_report {
    struct transport_counts counts;
    uint64_t lag; /* ms */
};

/* Bytes of messages that a hand sends before it hears that some were dealt with. */
#define CREW_AHEAD (256u << 10)

/* Posts what crew_message says. ERR_BUSY: the other side is too far behind; ERR_MEMORY. */
enum error crew_tell(struct mailbox *m, enum crew_message type, const struct sip_flow *flow,
                     struct view bytes);
/* Reads the flow off the front of body. */
bool crew_flow(struct sip_flow *out, struct view *body);

/* crew.c: the transport's side */
struct hired;

enum error crew_new(struct crew **out, struct transport *owner, unsigned count);
void crew_free(struct crew *c);
unsigned crew_count(const struct crew *c);
enum error crew_begin(struct crew *c);
/* thread: 1 to count; before crew_begin */
enum error crew_listen(struct crew *c, unsigned thread, int fd, enum flow_transport transport,
                       const struct sockaddr *bound, unsigned index);
void crew_set_tls(struct crew *c, const struct tls *tls);
/* Who holds the connection of flow; NULL. */
struct hired *crew_find(const struct crew *c, const struct sip_flow *flow);
/* Who is to send a datagram to this peer; NULL: the transport's own thread, as long as it has time.
 */
struct hired *crew_share(struct crew *c, const struct sip_flow *flow);
/* The transport's thread was busy for so many percent of the time. */
void crew_judge(struct crew *c, unsigned percent);
enum error hired_send(struct hired *h, const struct sip_flow *flow, struct view bytes);
void hired_keep(struct hired *h, const struct sip_flow *flow);
struct transport_counts crew_counts(const struct crew *c, unsigned thread);
uint64_t crew_lag(const struct crew *c);

/* hand.c: the thread's side */
struct hand;

/* A hand that does not run yet, and posts to `to`. */
enum error hand_new(struct hand **out, const struct transport *owner, struct mailbox *to);
/* Where it reads what it is to do. */
struct mailbox *hand_mailbox(const struct hand *h);
/* Serves fd (stays the caller's) once it runs. */
enum error hand_listen(struct hand *h, int fd, enum flow_transport transport,
                       const struct sockaddr *bound, unsigned index);
/* What its thread runs; ends when its mailbox is closed. */
void *hand_run(void *hand);
/* Once its thread has ended. */
void hand_free(struct hand *h);

#endif
