/* Clients of the control socket. Private to db/: control.c owns them, relay.c asks others for
 * them. */
#ifndef OFFHOOK_DB_CLIENT_H
#define OFFHOOK_DB_CLIENT_H

#include "db/keeper_inside.h"

enum client_stage {
    CLIENT_READING,       /* the request is not complete */
    CLIENT_ASKING_PARENT, /* the parent answers */
    CLIENT_ASKING_SIP,    /* the sip role answers */
    CLIENT_CLOSING        /* the rest of the answer is being written */
};

struct bufferevent;

struct client {
    struct client *next, **link; /* among control.clients */
    struct control *control;
    struct bufferevent *stream;
    size_t scanned; /* bytes of the request without a line end */
    enum client_stage stage;
    uint64_t id;         /* of its question */
    bool failed;         /* an item was lost for want of memory */
    json_t *request;     /* while others are asked */
    json_t *parent_part; /* status: what the parent said, until sip has spoken */
};

struct control {
    struct keeper *keeper;
    struct evconnlistener *listener;
    struct client *clients;
    unsigned count;
    uint64_t last_id;
};

/* control.c: writes one line. False: the client read too slowly and is gone. */
bool client_line(struct client *c, struct view json);
/* Writes the closing line (NULL: no memory was left) and ends once it is out. Takes closing. */
void client_close(struct client *c, json_t *closing);
/* relay.c: passes the request on to whom it is for; the client may be closed afterwards. */
void relay_request(struct client *c, const json_t *request);
/* The client is gone: tells sip to stop answering. */
void relay_end(struct client *c);

#endif
