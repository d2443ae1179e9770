/* Orders of servers; a handful of records at a time. */
#include "sip/server_order.h"

typedef bool record_before(const struct dns_record *a, const struct dns_record *b);

static bool naptr_before(const struct dns_record *a, const struct dns_record *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->weight < b->weight;
}

/* RFC 2782: the lots are drawn with the weights of 0 in front. */
static bool srv_before(const struct dns_record *a, const struct dns_record *b)
{
    return a->priority != b->priority ? a->priority < b->priority : !a->weight && b->weight;
}

/* Moves the record at `from` to the earlier place `to`; those between move up. */
static void record_move(struct dns_record *records, unsigned from, unsigned to)
{
    struct dns_record moved = records[from];

    memmove(&records[to + 1], &records[to], (from - to) * sizeof(moved));
    records[to] = moved;
}

/* A stable sort. */
static void records_sort(struct dns_record *records, unsigned count, record_before *before)
{
    for (unsigned i = 1; i < count; i++) {
        unsigned place = i;

        while (place && before(&records[i], &records[place - 1]))
            place--;
        record_move(records, i, place);
    }
}

void naptr_order(struct dns_record *records, unsigned count)
{
    records_sort(records, count, naptr_before);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The place of the record that the lot falls on, among those of one priority. */
static unsigned lot(const struct dns_record *records, unsigned count, uint64_t *state)
{
    uint64_t total = 0, sum = 0, mark;
    unsigned i = 0;

    for (unsigned k = 0; k < count; k++)
        total += records[k].weight;
    mark = draw(state) % (total + 1);
    while (i < count - 1 && (sum += records[i].weight) < mark)
        i++;
    return i;
}

void srv_order(struct dns_record *records, unsigned count, uint64_t seed)
{
    records_sort(records, count, srv_before);
    for (unsigned first = 0, end; first < count; first++) {
        for (end = first; end < count && records[end].priority == records[first].priority;)
            end++;
        record_move(records, first + lot(records + first, end - first, &seed), first);
    }
}
