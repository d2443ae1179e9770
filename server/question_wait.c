/* A few rows: whoever administers asks one thing at a time, and media answers at once. */
#include "server/question_wait.h"

#include <string.h>

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
    for (int i = 0; i < MEDIA_WAITS; i++)
        if (w->media_waits[i].id == id && w->media_waits[i].session == session) {
            w->media_waits[i].id = 0;
            return true;
        }
    return false;
}

void question_wait_drop(struct worker *w, uint64_t id)
{
    for (int i = 0; i < MEDIA_WAITS; i++)
        if (w->media_waits[i].id == id)
            w->media_waits[i].id = 0;
}

void question_wait_drop_all(struct worker *w)
{
    memset(w->media_waits, 0, sizeof(w->media_waits));
}
