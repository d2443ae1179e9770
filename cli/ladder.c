/* Messages drawn as arrows between life lines: offhook in the middle, a column for each address.
 * With more addresses than fit side by side, the one that was quiet longest gives up its column. */
#include "cli/cli.h"

#include <string.h>

#define LABEL_LEFT 14 /* the time stands before */

/* Pieces of lines, kept apart from the letters of labels until a row is printed. */
enum piece { PIECE_POST = 1, PIECE_LINE, PIECE_RIGHT, PIECE_LEFT, PIECE_CROSS };

static const char *const pieces_ascii[] = {"", "|", "-", ">", "<", "|"};
static const char *const pieces_utf8[] = {"", "\u2502", "\u2500", "\u25b6", "\u25c0", "\u253c"};

struct row {
    char cells[LADDER_WIDTH];
};

static size_t spacing(const struct ladder *l)
{
    return l->party_count > 2 ? 21 : 31;
}

/* Where the life line of a slot stands: party 0, offhook, party 1, party 2. */
static size_t post_at(const struct ladder *l, size_t slot)
{
    return (l->party_count > 2 ? 24 : 26) + slot * spacing(l);
}

static size_t slot_of(size_t party)
{
    return party ? party + 1 : 0;
}

/* Copies at most width characters of s into the row; an end that does not fit becomes "..". */
static size_t row_text(struct row *row, size_t at, const char *s, size_t width)
{
    size_t n = strlen(s), shown = n < width ? n : width;
    for (size_t i = 0; i < shown; i++)
        row->cells[at + i] = s[i] > ' ' && s[i] < 0x7f ? s[i] : s[i] == ' ' ? ' ' : '?';
    if (n > width)
        memset(row->cells + at + width - 2, '.', 2);
    return shown;
}

static void row_print(const struct ladder *l, const struct row *row)
{
    const char *const *pieces = l->utf8 ? pieces_utf8 : pieces_ascii;
    size_t n = LADDER_WIDTH;
    while (n && row->cells[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < n; i++) {
        if (row->cells[i] <= PIECE_CROSS)
            fputs(pieces[(size_t)row->cells[i]], l->to);
        else
            fputc(row->cells[i], l->to);
    }
    fputc('\n', l->to);
}

static void head_put(const struct ladder *l, struct row *row, size_t slot, const char *s)
{
    size_t width = l->party_count > 2 ? 20 : 24, n = strlen(s);
    row_text(row, post_at(l, slot) - (n < width ? n : width) / 2, s, width);
}

static void heads_draw(const struct ladder *l)
{
    struct row names, addresses;
    memset(&names, ' ', sizeof(names));
    memset(&addresses, ' ', sizeof(addresses));
    head_put(l, &names, 1, "offhook");
    for (size_t i = 0; i < l->party_count; i++) {
        head_put(l, &names, slot_of(i), l->parties[i].name);
        head_put(l, &addresses, slot_of(i), l->parties[i].address);
    }
    if (l->messages > 1)
        fputc('\n', l->to);
    row_print(l, &names);
    row_print(l, &addresses);
}

/* The column of m's other party; *fresh when it was not on screen. */
static size_t party_find(struct ladder *l, const struct ladder_message *m, bool *fresh)
{
    size_t oldest = 0;
    *fresh = false;
    for (size_t i = 0; i < l->party_count; i++) {
        if (strcmp(l->parties[i].address, m->remote) == 0)
            return i;
        if (l->parties[i].used < l->parties[oldest].used)
            oldest = i;
    }
    size_t at = l->party_count < LADDER_PARTIES ? l->party_count++ : oldest;
    *fresh = true;
    snprintf(l->parties[at].address, sizeof(l->parties[at].address), "%s", m->remote);
    snprintf(l->parties[at].name, sizeof(l->parties[at].name), "%s", m->name);
    return at;
}

static void arrow_put(const struct ladder *l, struct row *row, size_t slot, bool in,
                      const char *label)
{
    size_t party = post_at(l, slot), server = post_at(l, 1), gap = spacing(l);
    size_t low = party < server ? party : server, high = party < server ? server : party;
    for (size_t x = low + 1; x < high; x++)
        row->cells[x] = row->cells[x] == PIECE_POST ? PIECE_CROSS : PIECE_LINE;
    bool right = in == (party < server);
    row->cells[right ? high - 1 : low + 1] = right ? PIECE_RIGHT : PIECE_LEFT;
    /* The label stands next to offhook, where no other life line crosses it. */
    size_t from = party < server ? low : server, room = gap - 6, n = strlen(label);
    size_t shown = n < room ? n : room, at = from + 1 + (gap - shown - right) / 2;
    row->cells[at - 1] = ' ';
    row_text(row, at, label, room);
    row->cells[at + shown] = ' ';
}

void ladder_init(struct ladder *l, FILE *to, bool utf8)
{
    *l = (struct ladder){.to = to, .utf8 = utf8};
}

void ladder_draw(struct ladder *l, const struct ladder_message *m)
{
    bool fresh;
    size_t party = party_find(l, m, &fresh);
    l->parties[party].used = ++l->messages;
    if (fresh)
        heads_draw(l);
    struct row row;
    memset(&row, ' ', sizeof(row));
    row_text(&row, 0, m->time, LABEL_LEFT - 1);
    row.cells[post_at(l, 1)] = PIECE_POST;
    for (size_t i = 0; i < l->party_count; i++)
        row.cells[post_at(l, slot_of(i))] = PIECE_POST;
    arrow_put(l, &row, slot_of(party), m->in, m->label);
    row_print(l, &row);
}
