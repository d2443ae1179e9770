/* The configuration: one table (name, type, default, limits, help), read by parser, checker, dump
 * and manual page. */
#ifndef OFFHOOK_SERVER_CONFIG_H
#define OFFHOOK_SERVER_CONFIG_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/base.h"

enum listen_transport { LISTEN_UDP, LISTEN_TCP, LISTEN_TLS };

struct config_listen {
    enum listen_transport transport;
    struct sockaddr_storage address; /* port in it, network order */
    socklen_t address_size;
    char *text; /* as written: "udp:0.0.0.0:5060" */
};

enum media_anchor { ANCHOR_ALWAYS, ANCHOR_NAT, ANCHOR_NEVER };

enum media_kernel_use { KERNEL_AUTO, KERNEL_ALWAYS, KERNEL_NEVER };

enum auth_when { AUTH_AUTO, AUTH_ALWAYS, AUTH_NEVER };

struct config {
    char **domains; /* lower case; never empty: the host's own name when none is set */
    size_t domain_count;
    struct config_listen *listens;
    size_t listen_count;
    bool
        listen_default; /* no listen key: what the host has no address family for may be left out */
    char *database, *control;
    char *user, *keeper_user;
    unsigned workers;
    bool sandbox;
    char **emergency;
    size_t emergency_count;
    enum log_level log_level;
    struct {
        char *realm;                  /* never empty: the first domain when none is set */
        bool md5, sha256, sha512_256; /* algorithms offered */
        enum auth_when qop, legacy;
        unsigned nonce_lifetime; /* s */
        bool strangers;          /* may call users */
    } auth;
    struct {
        unsigned default_expires, min_expires, max_expires; /* s */
        unsigned max_contacts;
    } registrar;
    struct {
        char **servers; /* as dns_server_set reads them; none: those of the system */
        size_t server_count;
    } dns;
    struct {
        char *certificate, *key, *ca; /* paths, or "" */
        bool verify_client;
    } tls;
    struct {
        unsigned users, ban; /* ban: s */
        char **trusted;      /* networks */
        size_t trusted_count;
    } guard;
    struct {
        enum media_anchor anchor;
        char *address, *ports; /* config_media_address, config_media_ports */
        unsigned timeout;      /* s */
        enum media_kernel_use kernel;
    } media;
    /* Keys and sections whose feature comes later, in the file's own syntax; NULL is the default.
     */
    char **later; /* one per such key, in the order of the table */
    size_t later_count;
    char **phones; /* one per phone section */
    size_t phone_count;
};

/* Told one text per problem, "file:line: what is wrong, what would be right", without newline. */
typedef void config_problem(void *arg, const char *text);

/* Parses text (size bytes, need not end in NUL) called `file` in messages. NULL after at least one
 * problem was told. The caller frees it with config_free. */
struct config *config_parse(const char *file, const char *text, size_t size,
                            config_problem *problem, void *arg);
/* Reads the file at path (NULL: the default one, which may be absent) into malloc'ed *text. */
enum error config_read(const char *path, char **text, size_t *size);
void config_free(struct config *c);
/* The path that NULL stands for. */
const char *config_default_path(void);
/* Writes every key with its value in the file's own syntax. */
void config_dump(const struct config *c, void (*line)(void *arg, const char *text), void *arg);
/* Tells each key that differs between a and b: "registrar.max-expires: 7200 -> 3600". Returns how
 * many. *restart is set when one of them needs a restart to take effect (listen, user, database,
 * control, sandbox, workers, the realm and the first domain); its line says so. */
unsigned config_diff(const struct config *a, const struct config *b, bool *restart,
                     void (*line)(void *arg, const char *text), void *arg);
/* Gives the keys of next that need a restart the values that they have in now. ERR_MEMORY. */
enum error config_keep(struct config *next, const struct config *now);
/* Tells one text for each key that is set and has no effect in this version. */
void config_warnings(const struct config *c, void (*line)(void *arg, const char *text), void *arg);
/* Our address of this family that phones are told to send audio to; its port is 0. False: none is
 * set. */
struct media_address;
bool config_media_address(const struct config *c, uint8_t family, struct media_address *out);
/* The first (even) and the last port for audio. */
void config_media_ports(const struct config *c, uint16_t *first, uint16_t *last);
/* Is there a tls: listener? */
bool config_has_tls(const struct config *c);
/* Leaves the IPv6 entries of a default listen out, on a host without IPv6. */
void config_drop_ipv6(struct config *c);
/* Writes the table as the KEYS section of offhook.conf(5), mdoc. */
void config_manual(void (*line)(void *arg, const char *text), void *arg);

#endif
