/* The channel to the name servers: c-ares on sockets that somebody else makes, since a sandboxed
 * process may not. */
#ifndef OFFHOOK_SIP_DNS_CHANNEL_H
#define OFFHOOK_SIP_DNS_CHANNEL_H

#include "sip/dns_answer.h"
#include "sip/dns_server.h"

struct event_base;
struct dns_channel;

struct dns_channel_handler {
    /* A socket of this family (4, 6) is needed, non-blocking and not connected; it comes by
     * dns_channel_give, perhaps at once. False: none will come. */
    bool (*want_socket)(void *arg, uint8_t family, bool stream);
    /* dns_channel_ready may say something else now. */
    void (*ready)(void *arg);
    /* One wake-up was dealt with. */
    void (*turned)(void *arg);
    void *arg;
};

/* bytes: the answer as it came, empty when there is none; valid during the call. */
typedef void dns_channel_done(void *arg, bool timed_out, struct view bytes);

/* Reads what the system says of name servers, unless some are given: the first of DNS_SERVERS_MAX.
 * Opens files, so it is to be called before a sandbox closes. ERR_MEMORY, ERR_SYSTEM. */
enum error dns_channel_new(struct dns_channel **out, const struct sip_flow *servers,
                           unsigned count);
/* Ends the questions that are open: their done is called, without an answer. */
void dns_channel_free(struct dns_channel *c);
/* Begins to work in base and asks for the first sockets. ERR_MEMORY. */
enum error dns_channel_open(struct dns_channel *c, struct event_base *base,
                            const struct dns_channel_handler *handler);
/* Would a question find a socket? True also when there is none and none will come. */
bool dns_channel_ready(const struct dns_channel *c);
/* Asks; done is called once, perhaps from inside. Each server is asked twice, a second or two each
 * time; a truncated answer is asked for again over TCP. */
void dns_channel_ask(struct dns_channel *c, const char *name, enum dns_type type,
                     dns_channel_done *done, void *arg);
/* The socket asked for by want_socket, which is taken over; -1: there is none to be had. */
void dns_channel_give(struct dns_channel *c, uint8_t family, bool stream, int fd);

#endif
