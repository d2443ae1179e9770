/* Inside of the SQLite back end: what its files share. Only db/store.c includes it from outside. */
#ifndef OFFHOOK_DB_SQLITE_SQLITE_H
#define OFFHOOK_DB_SQLITE_SQLITE_H

#include <sqlite3.h>

#include "db/store.h"

/* Statements are prepared at first use and kept for the life of the store. */
enum sqlite_slot {
    SLOT_BEGIN,
    SLOT_COMMIT,
    SLOT_ROLLBACK,
    SLOT_USER_ADD,
    SLOT_USER_REPLACE,
    SLOT_USER_BY_NUMBER,
    SLOT_USER_BY_AUTH_NAME,
    SLOT_USER_LIMIT,
    SLOT_USER_AUDIO,
    SLOT_USER_REMOVE,
    SLOT_USER_EACH,
    SLOT_REALM_MISFITS,
    SLOT_ALIAS_ADD,
    SLOT_ALIAS_REPLACE,
    SLOT_ALIAS_REMOVE,
    SLOT_ALIAS_EACH,
    SLOT_FORWARD_PUT,
    SLOT_FORWARD_REMOVE,
    SLOT_FORWARD_REMOVE_ALL,
    SLOT_FORWARD_EACH,
    SLOT_GATEWAY_ADD,
    SLOT_GATEWAY_PASSWORD,
    SLOT_GATEWAY_REMOVE,
    SLOT_GATEWAY_EACH,
    SLOT_ROUTE_ADD,
    SLOT_ROUTE_REMOVE,
    SLOT_ROUTE_EACH,
    SLOT_BINDING_PUT,
    SLOT_BINDING_ALL,
    SLOT_BINDING_OLDEST,
    SLOT_BINDING_DELETE,
    SLOT_BAN_PUT,
    SLOT_BAN_REMOVE,
    SLOT_BAN_EACH,
    SLOT_BAN_PRUNE,
    SLOT_CALL_PUT,
    SLOT_CALL_ALL,
    SLOT_CALL_OF_NUMBER,
    SLOT_CALL_PRUNE,
    SLOT_SECRET_GET,
    SLOT_SECRET_PUT,
    SLOTS
};

struct tidy;

struct sqlite {
    struct store store; /* first: the operations are handed its address */
    sqlite3 *db;
    char *path;
    int lock;         /* descriptor of the lock file; -1 when reading */
    bool transaction; /* begin was called */
    bool failed;      /* something inside the transaction went wrong: it cannot be committed */
    sqlite3_stmt *statements[SLOTS];
    struct pack row;          /* backs the views that user_get hands out */
    struct pack gathered;     /* bindings of the open transaction: a row of the journal */
    int64_t gathered_expires; /* the latest of theirs */
    unsigned wal_pages;       /* pages in the log after the last commit */
    struct tidy *tidy;        /* the thread that writes the log back; NULL until needed */
};

/* sqlite.c: opening, statements, transactions */
enum error sqlite_open(struct store **out, const char *path, enum store_mode mode, char error[256]);
/* A connection to path with our pragmas; *db is to be closed even after an error. */
enum error sqlite_connect(sqlite3 **db, const char *path, enum store_mode mode, char error[256]);
/* error.c: SQLite's result turned into ours, its text into text. */
enum error sqlite_error(sqlite3 *db, const char *path, int result, char text[256]);
void sqlite_text(char text[256], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Notes the failure `result` of the connection in s; ends up as the result of an operation. */
enum error sqlite_failed(struct sqlite *s, int result);
/* statement.c: the statement of slot, made from sql at first use; NULL after noting *e. */
sqlite3_stmt *sqlite_reader(struct sqlite *s, enum sqlite_slot slot, const char *sql,
                            enum error *e);
/* The same for one that writes: refused while the transaction has failed. */
sqlite3_stmt *sqlite_writer(struct sqlite *s, enum sqlite_slot slot, const char *sql,
                            enum error *e);
void sqlite_bind(sqlite3_stmt *q, int index, struct view v);
void sqlite_bind_blob(sqlite3_stmt *q, int index, const void *p, size_t n);
struct view sqlite_column(sqlite3_stmt *q, int column);
/* Runs a statement without rows and resets it. *changes (may be NULL): rows it touched. */
enum error sqlite_run(struct sqlite *s, sqlite3_stmt *q, int *changes);
/* Resets a statement whose rows were read; result is that of the last step. */
enum error sqlite_end(struct sqlite *s, sqlite3_stmt *q, int result);
/* transaction.c */
enum error sqlite_begin(struct store *store);
enum error sqlite_commit(struct store *store);
void sqlite_rollback(struct store *store);
/* schema.c: the version this program writes, that of db, and the way from one to the other. */
extern const int sqlite_schema_version;
enum error sqlite_schema_found(sqlite3 *db, const char *path, int *version, char error[256]);
/* Brings db to our version, a transaction a step; ERR_VERSION when it is newer. */
enum error sqlite_schema_migrate(sqlite3 *db, const char *path, char error[256]);
/* ERR_VERSION unless db has our version. */
enum error sqlite_schema_require(sqlite3 *db, const char *path, char error[256]);
/* users.c */
enum error sqlite_user_put(struct store *store, const struct store_user *user, bool replace);
enum error sqlite_user_get(struct store *store, struct view name, struct view domain,
                           struct store_user *out);
enum error sqlite_user_limit(struct store *store, struct view number, struct view domain,
                             uint32_t max_calls);
enum error sqlite_user_audio(struct store *store, struct view number, struct view domain,
                             enum audio_way audio);
enum error sqlite_user_remove(struct store *store, struct view number, struct view domain);
enum error sqlite_user_each(struct store *store, struct view after_number, struct view after_domain,
                            store_user_each *each, void *arg);
enum error sqlite_realm_misfits(struct store *store, struct view realm, uint64_t *count,
                                char example[256]);
/* aliases.c */
enum error sqlite_alias_put(struct store *store, const struct store_alias *alias, bool replace);
enum error sqlite_alias_remove(struct store *store, struct view number, struct view domain);
enum error sqlite_alias_each(struct store *store, store_alias_each *each, void *arg);
/* forwards.c */
enum error sqlite_forward_put(struct store *store, const struct store_forward *forward);
enum error sqlite_forward_remove(struct store *store, struct view number, struct view domain,
                                 enum forward_kind kind);
enum error sqlite_forward_each(struct store *store, struct view number, struct view domain,
                               store_forward_each *each, void *arg);
/* The user is gone: so are its forwards. */
enum error sqlite_forwards_remove(struct sqlite *s, struct view number, struct view domain);
/* gateways.c */
enum error sqlite_gateway_add(struct store *store, const struct store_gateway *gateway);
enum error sqlite_gateway_password(struct store *store, struct view name, struct view password);
enum error sqlite_gateway_remove(struct store *store, struct view name);
enum error sqlite_gateway_each(struct store *store, struct view name, store_gateway_each *each,
                               void *arg);
/* routes.c */
enum error sqlite_route_add(struct store *store, const struct store_route *route);
enum error sqlite_route_remove(struct store *store, struct view prefix);
enum error sqlite_route_each(struct store *store, store_route_each *each, void *arg);
/* key.c */
enum error sqlite_key(struct store *store, bool make, uint8_t out[STORE_KEY]);
/* bindings.c, replay.c */
enum error sqlite_binding_put(struct store *store, const struct store_binding *binding);
enum error sqlite_binding_each(struct store *store, struct view number, struct view domain,
                               int64_t now, store_binding_each *each, void *arg);
enum error sqlite_binding_prune(struct store *store, int64_t now, unsigned limit, bool *more);
/* Writes what was gathered; called before a commit and before anything reads. */
enum error sqlite_bindings_write(struct sqlite *s);
void sqlite_bindings_forget(struct sqlite *s);
/* bans.c */
enum error sqlite_ban_put(struct store *store, const struct store_ban *ban);
enum error sqlite_ban_remove(struct store *store, struct view network);
enum error sqlite_ban_each(struct store *store, struct view after, int64_t now,
                           store_ban_each *each, void *arg);
enum error sqlite_ban_prune(struct store *store, int64_t now);
/* calls.c */
enum error sqlite_call_put(struct store *store, const struct store_call *call);
enum error sqlite_call_each(struct store *store, const struct store_calls *wanted,
                            store_call_each *each, void *arg);
enum error sqlite_call_prune(struct store *store, int64_t before, unsigned limit, bool *more);
/* secrets.c */
enum error sqlite_secret(struct store *store, const char *name, void *out, size_t n);
/* backup.c, check.c */
enum error sqlite_backup(struct store *store, const char *path);
enum error sqlite_check(struct store *store, void (*problem)(void *arg, const char *text),
                        void *arg);
/* tidy.c */
void sqlite_tidy(struct store *store);
void tidy_free(struct tidy *t);

static inline struct sqlite *sqlite_of(struct store *store)
{
    return (struct sqlite *)(void *)store;
}

#endif
