/* The parent's share of the audio: it opens the ports and keeps a copy of every descriptor, also
 * that of the ledger, for the next media role. */
#ifndef OFFHOOK_SERVER_MEDIA_PORTS_H
#define OFFHOOK_SERVER_MEDIA_PORTS_H

#include "media/address.h"
#include "server/child.h"

#define MEDIA_HOSTS           32 /* addresses of ours */
#define MEDIA_PORTS_AT_A_TIME 64 /* pairs that may be on their way: the system counts them */

struct media_port_pair {
    struct media_address local;
    int fds[2];
};

struct media_ports {
    struct media_port_pair *pairs;
    size_t count, room;
    size_t kept; /* the first of them are those of a former life */
    struct {
        struct media_address address;
        unsigned next; /* port to be opened next */
        size_t kept;   /* of the pairs: none before this one lies further on */
    } hosts[MEDIA_HOSTS];
    unsigned host_count;
    uint16_t first, last;
    int ledger;    /* -1: not made yet */
    size_t handed; /* pairs that the starting role has got */
    uint64_t busy; /* ports that somebody else had */
};

/* Takes over what the service manager has kept of a former life, ledger and ports, or makes a new
 * ledger. ERR_SYSTEM. */
enum error media_ports_open(struct media_ports *p, const struct config *config);
void media_ports_close(struct media_ports *p);
/* Where the next pair goes, at `count`. NULL: there is no memory. */
struct media_port_pair *media_ports_room(struct media_ports *p);
/* Hands over to a role that has just been started; goes on with each ROLE_PONG, up to ROLE_START.
 */
void media_ports_brief(struct media_ports *p, struct child *c);
/* Its ROLE_PONG. */
void media_ports_ponged(struct media_ports *p, struct child *c);
/* Its ROLE_WANT_PORTS. */
void media_ports_wanted(struct media_ports *p, struct child *c, struct view body);

#endif
