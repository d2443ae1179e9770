/* Users and what is kept of their passwords. */
#include <string.h>

#include "db/sqlite/sqlite.h"

#define USER_COLUMNS "number, domain, name, auth_name, realm, hashes"
#define USER_ROW     USER_COLUMNS ", max_calls, audio"

static void bind_user(sqlite3_stmt *q, const struct store_user *user,
                      uint8_t hashes[CREDENTIAL_PACKED])
{
    credential_pack(&user->credentials, hashes);
    sqlite_bind(q, 1, user->number);
    sqlite_bind(q, 2, user->domain);
    sqlite_bind(q, 3, user->name);
    sqlite_bind(q, 4, user->credentials.auth_name);
    sqlite_bind(q, 5, user->credentials.realm);
    sqlite_bind_blob(q, 6, hashes, CREDENTIAL_PACKED);
}

/* Tells a taken number from a taken auth name. */
static enum error put_refused(struct sqlite *s, const struct store_user *user)
{
    if (sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_PRIMARYKEY)
        sqlite_text(s->store.error, "user %.*s exists already", VIEW_ARG(user->number));
    else
        sqlite_text(s->store.error, "another user has the auth name %.*s already",
                    VIEW_ARG(user->credentials.auth_name));
    return ERR_EXISTS;
}

enum error sqlite_user_put(struct store *store, const struct store_user *user, bool replace)
{
    struct sqlite *s = sqlite_of(store);
    uint8_t hashes[CREDENTIAL_PACKED];
    sqlite3_stmt *q;
    enum error e;
    int result;

    if (replace)
        q = sqlite_writer(s, SLOT_USER_REPLACE,
                          "INSERT INTO user (" USER_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)"
                          " ON CONFLICT (domain, number) DO UPDATE SET name = excluded.name,"
                          " auth_name = excluded.auth_name, realm = excluded.realm,"
                          " hashes = excluded.hashes",
                          &e);
    else
        q = sqlite_writer(s, SLOT_USER_ADD,
                          "INSERT INTO user (" USER_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)", &e);
    if (!q)
        return e;
    bind_user(q, user, hashes);
    result = sqlite3_step(q);
    if ((result & 0xff) == SQLITE_CONSTRAINT) {
        e = put_refused(s, user);
        (void)sqlite3_reset(q);
        return e;
    }
    return sqlite_end(s, q, result);
}

/* A number that nobody has written means nothing. */
static enum audio_way audio_of(int64_t stored)
{
    return stored > 0 && stored < AUDIO_WAYS ? (enum audio_way)stored : AUDIO_DEFAULT;
}

/* The user in the current row; its views live as long as the row. */
static enum error user_of_row(struct sqlite *s, sqlite3_stmt *q, struct store_user *out)
{
    struct view hashes = sqlite_column(q, 5);

    memset(out, 0, sizeof(*out));
    out->number = sqlite_column(q, 0);
    out->domain = sqlite_column(q, 1);
    out->name = sqlite_column(q, 2);
    out->max_calls = (uint32_t)sqlite3_column_int64(q, 6);
    out->audio = audio_of(sqlite3_column_int64(q, 7));
    if (hashes.n == CREDENTIAL_PACKED) {
        uint8_t packed[CREDENTIAL_PACKED];

        memcpy(packed, hashes.p, sizeof(packed));
        credential_unpack(&out->credentials, packed);
    }
    out->credentials.auth_name = sqlite_column(q, 3);
    out->credentials.realm = sqlite_column(q, 4);
    if (hashes.n == CREDENTIAL_PACKED)
        return OK;
    sqlite_text(s->store.error, "the hashes of user %.*s are damaged; remove it and add it anew",
                VIEW_ARG(out->number));
    return ERR_STORE;
}

/* Moves the views of *user from the row into memory of s. */
static enum error user_keep(struct sqlite *s, struct store_user *user)
{
    struct view *views[] = {&user->number, &user->domain, &user->name, &user->credentials.auth_name,
                            &user->credentials.realm};
    const size_t count = sizeof(views) / sizeof(*views);
    size_t offset = 0;

    pack_reset(&s->row);
    for (size_t i = 0; i < count; i++)
        pack_bytes(&s->row, views[i]->p, views[i]->n);
    if (s->row.error)
        return s->row.error;
    for (size_t i = 0; i < count; i++) {
        views[i]->p = s->row.p ? s->row.p + offset : NULL;
        offset += views[i]->n;
    }
    return OK;
}

static enum error user_find(struct sqlite *s, sqlite3_stmt *q, struct view name, struct view domain,
                            struct store_user *out)
{
    enum error e = ERR_NOT_FOUND;
    int result;

    sqlite_bind(q, 1, domain);
    sqlite_bind(q, 2, name);
    result = sqlite3_step(q);
    if (result == SQLITE_ROW) {
        e = user_of_row(s, q, out);
        if (!e)
            e = user_keep(s, out);
        (void)sqlite3_reset(q);
        return e;
    }
    if (result != SQLITE_DONE)
        return sqlite_end(s, q, result);
    (void)sqlite3_reset(q);
    return e;
}

enum error sqlite_user_get(struct store *store, struct view name, struct view domain,
                           struct store_user *out)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q =
        sqlite_reader(s, SLOT_USER_BY_NUMBER,
                      "SELECT " USER_ROW " FROM user WHERE domain = ? AND number = ?", &e);

    if (!q)
        return e;
    e = user_find(s, q, name, domain, out);
    if (e != ERR_NOT_FOUND || name.n == 0)
        return e;
    q = sqlite_reader(
        s, SLOT_USER_BY_AUTH_NAME,
        "SELECT " USER_ROW " FROM user WHERE domain = ? AND auth_name = ? AND auth_name <> ''", &e);
    return q ? user_find(s, q, name, domain, out) : e;
}

/* Runs a statement that sets a column of one user to value. */
static enum error user_set(struct sqlite *s, sqlite3_stmt *q, int64_t value, struct view number,
                           struct view domain)
{
    enum error e;
    int changes = 0;

    (void)sqlite3_bind_int64(q, 1, value);
    sqlite_bind(q, 2, domain);
    sqlite_bind(q, 3, number);
    e = sqlite_run(s, q, &changes);
    return e || changes ? e : ERR_NOT_FOUND;
}

enum error sqlite_user_limit(struct store *store, struct view number, struct view domain,
                             uint32_t max_calls)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q = sqlite_writer(
        s, SLOT_USER_LIMIT, "UPDATE user SET max_calls = ? WHERE domain = ? AND number = ?", &e);

    return q ? user_set(s, q, max_calls, number, domain) : e;
}

enum error sqlite_user_audio(struct store *store, struct view number, struct view domain,
                             enum audio_way audio)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q = sqlite_writer(
        s, SLOT_USER_AUDIO, "UPDATE user SET audio = ? WHERE domain = ? AND number = ?", &e);

    return q ? user_set(s, q, audio, number, domain) : e;
}

static enum error remove_rows(struct sqlite *s, struct view number, struct view domain)
{
    struct store_binding all = {.number = number, .domain = domain};
    enum error e;
    int changes = 0;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_USER_REMOVE, "DELETE FROM user WHERE domain = ? AND number = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, domain);
    sqlite_bind(q, 2, number);
    e = sqlite_run(s, q, &changes);
    if (e)
        return e;
    if (!changes)
        return ERR_NOT_FOUND;
    e = sqlite_forwards_remove(s, number, domain);
    return e ? e : sqlite_binding_put(&s->store, &all);
}

enum error sqlite_user_remove(struct store *store, struct view number, struct view domain)
{
    struct sqlite *s = sqlite_of(store);
    bool own = !s->transaction;
    enum error e = sqlite_begin(store);

    if (e)
        return e;
    e = remove_rows(s, number, domain);
    if (!own)
        return e;
    if (!e)
        return sqlite_commit(store);
    sqlite_rollback(store);
    return e;
}

enum error sqlite_user_each(struct store *store, struct view after_number, struct view after_domain,
                            store_user_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct store_user user;
    enum error e;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_USER_EACH,
                                    "SELECT " USER_ROW " FROM user WHERE (domain, number) > (?, ?)"
                                    " ORDER BY domain, number",
                                    &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, after_domain);
    sqlite_bind(q, 2, after_number);
    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        (void)user_of_row(s, q, &user); /* damaged hashes are told by check, not by a list */
        if (!each(arg, &user))
            break;
    }
    return sqlite_end(s, q, result);
}

enum error sqlite_realm_misfits(struct store *store, struct view realm, uint64_t *count,
                                char example[256])
{
    struct sqlite *s = sqlite_of(store);
    struct view other;
    enum error e;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_REALM_MISFITS,
                                    "SELECT count(*), min(realm) FROM user WHERE realm <> ?", &e);

    *count = 0;
    example[0] = 0;
    if (!q)
        return e;
    sqlite_bind(q, 1, realm);
    result = sqlite3_step(q);
    if (result == SQLITE_ROW) {
        *count = (uint64_t)sqlite3_column_int64(q, 0);
        other = sqlite_column(q, 1);
        sqlite_text(example, "%.*s", VIEW_ARG(other));
    }
    return sqlite_end(s, q, result);
}
