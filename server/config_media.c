/* The keys of media { } that are more than a word or a number. */
#include "media/address.h"
#include "server/config_table.h"

#define PORTS_EXAMPLE   "write the first and the last one as 16384-32766"
#define ADDRESS_EXAMPLE "write it as 192.0.2.1, 2001:db8::1, or both with a blank between them"

static bool ports_read(struct view value, uint64_t *first, uint64_t *last)
{
    struct view low = view_cut(&value, '-');

    return view_number(low, 65535, first) && view_number(value, 65535, last);
}

bool config_check_ports(const char *value, char problem[CONFIG_PROBLEM])
{
    uint64_t first, last;

    if (!ports_read(view_of(value), &first, &last)) {
        snprintf(problem, CONFIG_PROBLEM, "\"%.20s\" is no range of ports; " PORTS_EXAMPLE, value);
        return false;
    }
    if (first >= 1024 && first + first % 2 < last)
        return true;
    snprintf(problem, CONFIG_PROBLEM,
             "\"%.20s\" holds no even port above 1023 with its next one; " PORTS_EXAMPLE, value);
    return false;
}

void config_media_ports(const struct config *c, uint16_t *first, uint16_t *last)
{
    uint64_t low = 0, high = 0;

    (void)ports_read(view_of(c->media.ports), &low, &high);
    *first = (uint16_t)(low + low % 2);
    *last = (uint16_t)high;
}

bool config_check_media_address(const char *value, char problem[CONFIG_PROBLEM])
{
    struct view rest = view_of(value);
    uint8_t seen = 0;

    while (rest.n) {
        struct view word = view_cut(&rest, ' ');
        struct media_address a = {0};

        if (!word.n)
            continue;
        if (!media_address_parse(&a, word) || media_address_is_any(&a) ||
            media_address_is_group(&a) || a.family == seen) {
            snprintf(problem, CONFIG_PROBLEM,
                     "\"%.60s\" is not one address for each family; " ADDRESS_EXAMPLE, value);
            return false;
        }
        seen = a.family;
    }
    return true;
}

bool config_media_address(const struct config *c, uint8_t family, struct media_address *out)
{
    struct view rest = view_of(c->media.address);

    while (rest.n) {
        struct view word = view_cut(&rest, ' ');

        *out = (struct media_address){0};
        if (word.n && media_address_parse(out, word) && out->family == family)
            return true;
    }
    return false;
}
