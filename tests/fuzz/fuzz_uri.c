/* Fuzz target: a URI, its parts, and the number in it. */
#include <string.h>

#include "sip/sip.h"
#include "tests/fuzz/fuzz.h"

static void number_take(struct view user)
{
    char once[NUMBER_MAX], twice[NUMBER_MAX];

    if (number_canonical(user, once) != OK || !once[0])
        return;
    HOLDS(number_canonical(view_of(once), twice) == OK);
    HOLDS(strcmp(once, twice) == 0);
    HOLDS(number_is_telephone(user) == number_is_telephone(view_of(once)));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return uri_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data, size};
    char user[NUMBER_MAX];
    struct uri uri;

    number_take(text);
    if (uri_parse(&uri, text) != OK)
        return 0;
    const struct view parts[] = {uri.user, uri.host, uri.transport, uri.gr};

    for (size_t i = 0; i < 4; i++)
        HOLDS(parts[i].n == 0 ||
              (parts[i].p >= text.p && parts[i].p + parts[i].n <= text.p + text.n));
    HOLDS(uri.scheme == URI_OTHER || uri.scheme == URI_TEL || uri.host.n > 0);
    HOLDS(uri_same(text, text));
    if (uri_user_decode(&uri, user) == OK)
        number_take(view_of(user));
    return 0;
}
