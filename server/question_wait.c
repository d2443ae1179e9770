/* A few rows: whoever administers asks one thing at a time, and media answers at once. */
#include "server/question_wait.h"

bool question_wait(struct worker *w, uint64_t id, uint64_t session)
{
    for (int i = 0; i < MEDIA_WAITS; i++)
        if (!w->media_waits[i].id) {
            w->media_waits[i] = (struct media_wait){id, session};
            return true;
        }
    return false;
}

bool question_wait_end(struct worker *w, uint64_t id, uint64_t session)
{
    for (int i = 0; i < MEDIA_WAITS; i++) {
        struct media_wait *wait = &w->media_waits[i];

        if (wait->id == id && wait->session == session) {
            wait->id = 0;
            return true;
        }
    }
    return false;
}

bool question_wait_any(struct worker *w, uint64_t *id, uint64_t *session)
{
    for (int i = 0; i < MEDIA_WAITS; i++) {
        struct media_wait *wait = &w->media_waits[i];

        if (wait->id) {
            *id = wait->id;
            *session = wait->session;
            wait->id = 0;
            return true;
        }
    }
    return false;
}
