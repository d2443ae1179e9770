/* Writing the log back into the main file, on a thread and a connection of its own: a checkpoint
 * syncs the disk and must never stand in the way of a commit. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite/sqlite.h"

#define PAGE          4096u
#define PAGES_BETWEEN 1000u                /* new pages in the log that make it worth while */
#define PAGES_MOST    ((64u << 20) / PAGE) /* from here on the log has to begin anew */
#define RESTART_MS    200                  /* how long a restart may wait for its turn */

struct tidy {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool wanted, restart, stop, busy; /* under the mutex */
    unsigned pages_done;              /* the owner's: pages in the log at the last order */
    sqlite3 *db;                      /* the thread's */
};

static void tidy_checkpoint(struct tidy *t, bool restart)
{
    int result = sqlite3_wal_checkpoint_v2(t->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    /* what is left after the passive one is little, so the writer is held up only for a moment */
    if (result == SQLITE_OK && restart)
        result = sqlite3_wal_checkpoint_v2(t->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY)
        log_debug("checkpoint: %s", sqlite3_errmsg(t->db));
}

static void *tidy_main(void *arg)
{
    struct tidy *t = arg;
    bool restart;

    (void)pthread_mutex_lock(&t->mutex);
    while (!t->stop) {
        if (!t->wanted) {
            (void)pthread_cond_wait(&t->wake, &t->mutex);
            continue;
        }
        restart = t->restart;
        t->wanted = false;
        t->busy = true;
        (void)pthread_mutex_unlock(&t->mutex);
        tidy_checkpoint(t, restart);
        (void)pthread_mutex_lock(&t->mutex);
        t->busy = false;
    }
    (void)pthread_mutex_unlock(&t->mutex);
    return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct tidy *t)
{
    sigset_t all, old;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    result = pthread_create(&t->thread, NULL, tidy_main, t);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

static struct tidy *tidy_new(const char *path)
{
    struct tidy *t = calloc(1, sizeof(*t));
    char error[256];

    if (!t)
        return NULL;
    (void)pthread_mutex_init(&t->mutex, NULL);
    (void)pthread_cond_init(&t->wake, NULL);
    if (sqlite_connect(&t->db, path, STORE_SERVE, error) == OK) {
        (void)sqlite3_busy_timeout(t->db, RESTART_MS);
        if (start_thread(t) == 0)
            return t;
    }
    (void)sqlite3_close(t->db);
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t);
    return NULL;
}

void tidy_free(struct tidy *t)
{
    if (!t)
        return;
    (void)pthread_mutex_lock(&t->mutex);
    t->stop = true;
    (void)pthread_cond_signal(&t->wake);
    (void)pthread_mutex_unlock(&t->mutex);
    (void)pthread_join(t->thread, NULL);
    (void)sqlite3_close(t->db);
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t);
}

void sqlite_tidy(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    unsigned done = s->tidy ? s->tidy->pages_done : 0;
    struct tidy *t;

    if (s->lock < 0)
        return;
    if (s->wal_pages < done)
        done = 0; /* the log began anew in the meantime */
    if (s->wal_pages - done < PAGES_BETWEEN && s->wal_pages < PAGES_MOST)
        return;
    if (!s->tidy)
        s->tidy = tidy_new(s->path);
    t = s->tidy;
    if (!t)
        return;
    (void)pthread_mutex_lock(&t->mutex);
    if (!t->busy && !t->wanted) {
        t->wanted = true;
        t->restart = s->wal_pages >= PAGES_MOST;
        t->pages_done = s->wal_pages;
        (void)pthread_cond_signal(&t->wake);
    }
    (void)pthread_mutex_unlock(&t->mutex);
}
