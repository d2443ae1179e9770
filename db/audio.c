/* The names of the ways of audio. */
#include "db/audio.h"

static const char *const names[AUDIO_WAYS] = {
    [AUDIO_DEFAULT] = "default",
    [AUDIO_ALWAYS] = "always",
    [AUDIO_NAT] = "nat",
    [AUDIO_NEVER] = "never",
};

const char *audio_way_name(enum audio_way way)
{
    return names[way];
}

bool audio_way_parse(enum audio_way *out, struct view name)
{
    for (int i = 0; i < AUDIO_WAYS; i++) {
        if (view_eq(name, view_of(names[i]))) {
            *out = (enum audio_way)i;
            return true;
        }
    }
    return false;
}
