/* Fuzz target: the answer of a name server, the orders of its records. The first byte chooses the
 * type that was asked for. */
#include <string.h>

#include "sip/server_order.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void target_check(const char *target)
{
    char name[DNS_NAME_MAX];

    HOLDS(memchr(target, 0, DNS_NAME_MAX));
    HOLDS(!target[0] || (dns_name_set(name, view_of(target)) && strcmp(name, target) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR};
    static struct dns_answer a;
    enum dns_type type;

    if (!size)
        return 0;
    type = types[data[0] % 4];
    dns_answer_read(&a, (struct view){(const char *)data + 1, size - 1}, "x.test", type);
    HOLDS(a.count <= DNS_RECORDS_MAX);
    HOLDS((a.error == OK) == (a.count > 0));
    HOLDS(a.ttl >= 1 && a.ttl <= 3600);
    naptr_order(a.records, a.count);
    srv_order(a.records, a.count, size);
    for (unsigned i = 0; i < a.count; i++) {
        target_check(a.records[i].target);
        HOLDS(i == 0 || a.records[i - 1].priority <= a.records[i].priority);
        HOLDS(type != DNS_SRV || a.records[i].port || !a.records[i].target[0]);
    }
    return 0;
}
