/* Prefix routes: where numbers go that nobody here has, found by the longest prefix. */
#ifndef OFFHOOK_ROUTING_PREFIX_H
#define OFFHOOK_ROUTING_PREFIX_H

#include "db/change.h"

/* A route; lives until it is changed. */
struct route {
    struct table_node node;
    struct view prefix, gateways, prepend; /* into bytes; gateways: names with commas between */
    uint8_t strip;
    char bytes[];
};

struct prefixes {
    struct table table;
    size_t longest; /* no prefix was ever longer */
};

/* ERR_MEMORY. */
enum error prefixes_init(struct prefixes *p);
void prefixes_free(struct prefixes *p);
void prefixes_clear(struct prefixes *p);
/* Takes a copy of row, in place of one with the same prefix. ERR_MEMORY, ERR_LIMIT. */
enum error prefix_put(struct prefixes *p, const struct store_route *row);
void prefix_remove(struct prefixes *p, struct view prefix);
/* The route with the longest prefix of number; NULL. */
const struct route *prefix_find(const struct prefixes *p, struct view number);

#endif
