/* Splicing. */
#include "sip/edit.h"

void edits_begin(struct edits *e, struct view original)
{
    e->original = original;
    e->count = 0;
    e->full = false;
}

void edits_replace(struct edits *e, struct view range, struct view text)
{
    unsigned i;

    if (e->count == EDITS_MAX) {
        e->full = true;
        return;
    }
    for (i = e->count; i > 0 && e->items[i - 1].range.p > range.p; i--)
        e->items[i] = e->items[i - 1];
    e->items[i].range = range;
    e->items[i].text = text;
    e->count++;
}

void edits_insert(struct edits *e, const char *at, struct view text)
{
    edits_replace(e, (struct view){at, 0}, text);
}

enum error edits_apply(struct edits *e, struct text *out)
{
    const char *at = e->original.p, *end = e->original.p + e->original.n;

    if (e->full)
        return ERR_LIMIT;
    for (unsigned i = 0; i < e->count; i++) {
        struct view range = e->items[i].range;

        if (range.p < at || range.p + range.n > end)
            return ERR_LIMIT;
        text_view(out, (struct view){at, (size_t)(range.p - at)});
        text_view(out, e->items[i].text);
        at = range.p + range.n;
    }
    text_view(out, (struct view){at, (size_t)(end - at)});
    return out->full ? ERR_LIMIT : OK;
}
