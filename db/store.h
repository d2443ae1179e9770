/* The face of db/: lasting data behind one interface. A back end (db/sqlite/) fills the struct of
 * functions; nobody else knows SQL. Used by the keeper, and by `offhook` while no daemon runs. */
#ifndef OFFHOOK_DB_STORE_H
#define OFFHOOK_DB_STORE_H

#include "auth/credential.h"
#include "base/base.h"

/* Whether the audio of a user's calls passes through the server. The values are stored. */
enum audio_way {
    AUDIO_DEFAULT, /* as the configuration says */
    AUDIO_ALWAYS,
    AUDIO_NAT, /* where a NAT or a change of family makes it necessary */
    AUDIO_NEVER,
    AUDIO_WAYS
};

/* A user (RFC 3261: the owner of an address-of-record). Views live as long as the call. */
struct store_user {
    struct view number;   /* canonical user part: "5550001", "alice" */
    struct view domain;   /* lower case */
    struct view name;     /* display text, may be empty */
    uint32_t max_calls;   /* at a time; 0: no limit. Set by user_limit alone */
    enum audio_way audio; /* set by user_audio alone */
    struct credential_set credentials;
};

struct store_alias {
    struct view number, domain;
    struct view target; /* a number, or a whole SIP URI */
};

/* When a user's calls go to somebody else. The values are stored. */
enum forward_kind {
    FORWARD_ALWAYS,
    FORWARD_BUSY,
    FORWARD_NO_ANSWER,
    FORWARD_UNREACHABLE, /* no phone is registered, or none can be reached */
    FORWARD_KINDS
};

struct store_forward {
    struct view number, domain; /* the user */
    enum forward_kind kind;
    struct view target; /* a number, or a whole SIP URI */
    uint16_t after;     /* FORWARD_NO_ANSWER: seconds until then; else 0 */
};

#define STORE_KEY 32 /* bytes */

/* A gateway: another SIP server that calls may go to. */
struct store_gateway {
    struct view name, uri;
    struct view username;      /* of our answers to its challenges; may be empty */
    struct view password;      /* sealed (db/seal.h), or empty; only the keeper can open it */
    uint16_t priority, weight; /* as in RFC 2782: the lowest priority first */
    uint32_t max_calls;        /* at a time; 0: no limit */
    bool registers;            /* we register there */
};

/* Where numbers that begin with prefix go when nobody here has them. */
struct store_route {
    struct view prefix;   /* digits, with or without a leading +; empty: every number */
    struct view gateways; /* names with a comma between */
    uint8_t strip;        /* so many characters are taken off the front, */
    struct view prepend;  /* then these are put there */
};

/* A binding as registered (RFC 3261 section 10). Keyed by (aor user, domain, contact);
 * with a reg-id by (aor user, domain, instance, reg-id). */
struct store_binding {
    struct view number, domain; /* the address-of-record */
    struct view contact;        /* the Contact URI as received; "": all before it are removed */
    int64_t expires;            /* wall clock, seconds; in the past: the binding is removed */
    struct view call_id;
    uint32_t cseq;
    uint16_t q;           /* thousandths */
    struct view path;     /* RFC 3327, comma list as received */
    struct view instance; /* +sip.instance, without quotes; may be empty */
    uint32_t reg_id;      /* RFC 5626: which of the phone's flows; 0: not outbound */
    struct view user_agent;
    struct view flow;   /* packed by sip/flow.h, opaque here */
    int64_t registered; /* wall clock, seconds, of this row */
};

/* A ban (auth/ban.h). */
struct store_ban {
    struct view network; /* text of auth/network.h: the key */
    int64_t until;       /* wall clock, seconds */
    uint32_t users;      /* guessed at from there; 0: an operator's ban */
    struct view reason;
};

/* A call that is over (a CDR). Times are ms since 1970. */
struct store_call {
    uint64_t id;         /* random, never 0; people see 16 hex digits */
    struct view call_id; /* Call-ID of its INVITE */
    int64_t begun, ended;
    int64_t answered;     /* 0: it never was */
    struct view from, to; /* the URIs of From and of the Request-URI as they came */
    struct view caller;   /* number of the user who has proven to call; "": nobody's */
    struct view route;    /* where it went: "phone 5550002", "gateway isp", "elsewhere 192.0.2.1",
                             "" nowhere */
    uint16_t status;      /* final status of its INVITE */
    struct view ended_by; /* "caller", "callee", "operator", "silence", "lost", "server" */
    struct view audio;    /* JSON text, an array with an object a stream (docs/control.md); "" when
                             none was anchored */
};

/* Which calls are asked for. */
struct store_calls {
    struct view
        number;     /* canonical: of the user who called, or in From or Request-URI; empty: all */
    int64_t since;  /* begun then or later, ms since 1970 */
    int64_t before; /* begun earlier, or at this very ms with an id behind before_id */
    uint64_t before_id; /* 0: none of that ms */
};

struct store;

/* Hands over one object; false stops the walk. */
typedef bool store_user_each(void *arg, const struct store_user *user);
typedef bool store_alias_each(void *arg, const struct store_alias *alias);
typedef bool store_forward_each(void *arg, const struct store_forward *forward);
typedef bool store_gateway_each(void *arg, const struct store_gateway *gateway);
typedef bool store_route_each(void *arg, const struct store_route *route);
typedef bool store_binding_each(void *arg, const struct store_binding *binding);
typedef bool store_ban_each(void *arg, const struct store_ban *ban);
typedef bool store_call_each(void *arg, const struct store_call *call);

struct store_ops {
    void (*close)(struct store *s);
    /* One write transaction around what follows; begin inside one is a no-op. commit returns once
     * the rows are on disk. After an error nothing of the transaction is kept. */
    enum error (*begin)(struct store *s);
    enum error (*commit)(struct store *s);
    void (*rollback)(struct store *s);
    /* ERR_EXISTS when the number is taken and replace is false. */
    enum error (*user_put)(struct store *s, const struct store_user *user, bool replace);
    /* Looks up by number, or, when no number fits, by auth name; ERR_NOT_FOUND. Views in *out live
     * until the next call on s. */
    enum error (*user_get)(struct store *s, struct view name, struct view domain,
                           struct store_user *out);
    /* At most so many calls at a time, 0: no limit; ERR_NOT_FOUND. */
    enum error (*user_limit)(struct store *s, struct view number, struct view domain,
                             uint32_t max_calls);
    /* Whose audio passes through the server; ERR_NOT_FOUND. */
    enum error (*user_audio)(struct store *s, struct view number, struct view domain,
                             enum audio_way audio);
    /* Removes the user, the aliases that lead only to it are left alone, its bindings and forwards
     * go. */
    enum error (*user_remove)(struct store *s, struct view number, struct view domain);
    /* Users in order of (domain, number), from the one behind (after_domain, after_number) on. */
    enum error (*user_each)(struct store *s, struct view after_number, struct view after_domain,
                            store_user_each *each, void *arg);
    /* How many users have credentials made for a realm other than `realm`, and for which one. */
    enum error (*realm_misfits)(struct store *s, struct view realm, uint64_t *count,
                                char example[256]);
    enum error (*alias_put)(struct store *s, const struct store_alias *alias, bool replace);
    enum error (*alias_remove)(struct store *s, struct view number, struct view domain);
    enum error (*alias_each)(struct store *s, store_alias_each *each, void *arg);
    /* Replaces a forward of the same kind. */
    enum error (*forward_put)(struct store *s, const struct store_forward *forward);
    enum error (*forward_remove)(struct store *s, struct view number, struct view domain,
                                 enum forward_kind kind);
    /* In order of (domain, number, kind). number empty: of all users. */
    enum error (*forward_each)(struct store *s, struct view number, struct view domain,
                               store_forward_each *each, void *arg);
    /* ERR_EXISTS when the name is taken. */
    enum error (*gateway_add)(struct store *s, const struct store_gateway *gateway);
    /* Replaces the sealed password; ERR_NOT_FOUND. */
    enum error (*gateway_password)(struct store *s, struct view name, struct view password);
    enum error (*gateway_remove)(struct store *s, struct view name);
    /* In order of their names. name empty: all. */
    enum error (*gateway_each)(struct store *s, struct view name, store_gateway_each *each,
                               void *arg);
    /* ERR_EXISTS when there is one for this prefix. */
    enum error (*route_add)(struct store *s, const struct store_route *route);
    enum error (*route_remove)(struct store *s, struct view prefix);
    /* In order of their prefixes. */
    enum error (*route_each)(struct store *s, store_route_each *each, void *arg);
    /* The key that lies beside the data, not in it. make: it is made when there is none, else
     * ERR_NOT_FOUND. */
    enum error (*key)(struct store *s, bool make, uint8_t out[STORE_KEY]);
    /* Appends what a REGISTER decided; idempotent. */
    enum error (*binding_put)(struct store *s, const struct store_binding *binding);
    /* The newest state of each binding that has not expired at `now`. number empty: of all. */
    enum error (*binding_each)(struct store *s, struct view number, struct view domain, int64_t now,
                               store_binding_each *each, void *arg);
    /* Deletes at most `limit` groups (what one transaction appended) of dead rows; *more says
     * whether to call again soon. */
    enum error (*binding_prune)(struct store *s, int64_t now, unsigned limit, bool *more);
    /* In place of an older one of the same network. */
    enum error (*ban_put)(struct store *s, const struct store_ban *ban);
    enum error (*ban_remove)(struct store *s, struct view network);
    /* Those that are not over at `now`, in order of network, from the one behind `after` on. */
    enum error (*ban_each)(struct store *s, struct view after, int64_t now, store_ban_each *each,
                           void *arg);
    /* Deletes those that are over. */
    enum error (*ban_prune)(struct store *s, int64_t now);
    /* Keeps a call; one that is kept already stays as it is. */
    enum error (*call_put)(struct store *s, const struct store_call *call);
    /* The newest first; those of one ms in an order of their own that does not change. */
    enum error (*call_each)(struct store *s, const struct store_calls *wanted,
                            store_call_each *each, void *arg);
    /* Deletes at most `limit` of those that began before `before`, the oldest first; *more says
     * whether to call again soon. */
    enum error (*call_prune)(struct store *s, int64_t before, unsigned limit, bool *more);
    /* The lasting random secret called name, made on first use. */
    enum error (*secret)(struct store *s, const char *name, void *out, size_t n);
    /* A consistent copy into a new file (mode 0600); ERR_EXISTS when there is one. */
    enum error (*backup)(struct store *s, const char *path);
    /* Integrity of everything; problems are told to the callback, one text each. */
    enum error (*check)(struct store *s, void (*problem)(void *arg, const char *text), void *arg);
    /* Writes the log back into the main file, off the commit path; called now and then. */
    void (*tidy)(struct store *s);
};

struct store {
    const struct store_ops *ops;
    char error[256]; /* text of the last failure, for people */
};

enum store_mode {
    STORE_SERVE, /* open or create, migrate when the schema is older, take the lock */
    STORE_READ,  /* must exist; read only, no lock, no migration */
};

/* Opens the store that url names: a path is SQLite. Writes a text for people into error on
 * failure: ERR_SYSTEM, ERR_BUSY (another process serves it), ERR_VERSION (a newer schema),
 * ERR_STORE. Closed by ops->close. */
enum error store_open(struct store **out, const char *url, enum store_mode mode, char error[256]);
/* The schema versions: of the file, and the one that this program writes. */
enum error store_versions(const char *url, int *found, int *ours, char error[256]);

#endif
