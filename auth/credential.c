/* Making and storing the hashes of a password. */
#include "auth/credential.h"

#include <stdio.h>
#include <string.h>

#include "auth/digest.h"
#include "sip/number.h"

#define URI_TEXT_MAX 512

static bool form_has(int form, int algorithm)
{
    return form < CREDENTIAL_URI || algorithm == DIGEST_MD5;
}

static enum error form_make(struct credential_set *out, int form, struct view name,
                            struct view password)
{
    struct view parts[] = {name, out->realm, password};

    for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
        if (!form_has(form, a))
            continue;
        enum error error = digest_join((enum digest_algorithm)a, parts, 3, out->ha1[form][a]);

        if (error != OK)
            return error;
    }
    return OK;
}

/* Is name the number itself, with visual separators? */
static bool is_spelling(struct view name, struct view number)
{
    char canonical[NUMBER_MAX];

    return number_canonical(name, canonical) == OK && view_eq(view_of(canonical), number);
}

enum error credential_make(struct credential_set *out, struct view number, struct view domain,
                           struct view auth_name, struct view realm, struct view password)
{
    char uri[URI_TEXT_MAX];
    struct view names[CREDENTIAL_FORMS] = {
        [CREDENTIAL_AUTH_NAME] = auth_name.n ? auth_name : number,
        [CREDENTIAL_NUMBER] = number,
    };
    struct view user = is_spelling(auth_name, number) ? auth_name : number;
    int n = snprintf(uri, sizeof(uri), "sip:%.*s@%.*s:5060", VIEW_ARG(user), VIEW_ARG(domain));

    if (n < 0 || (size_t)n >= sizeof(uri))
        return ERR_LIMIT;
    memset(out, 0, sizeof(*out));
    out->auth_name = auth_name.n ? auth_name : VIEW("");
    out->realm = realm;
    names[CREDENTIAL_URI_PORT] = (struct view){uri, (size_t)n};
    names[CREDENTIAL_URI] = (struct view){uri, (size_t)n - 5};
    for (int form = 0; form < CREDENTIAL_FORMS; form++) {
        enum error error = form_make(out, form, names[form], password);

        if (error != OK)
            return error;
    }
    return OK;
}

/* Walks through the stored bytes in their order. */
#define EACH_STORED(form, a)                                                                       \
    for (int form = 0; form < CREDENTIAL_FORMS; form++)                                            \
        for (int a = 0; a < DIGEST_ALGORITHMS; a++)                                                \
            if (form_has(form, a))

void credential_pack(const struct credential_set *set, uint8_t out[CREDENTIAL_PACKED])
{
    EACH_STORED(form, a)
    {
        size_t n = digest_size((enum digest_algorithm)a);

        memcpy(out, set->ha1[form][a], n);
        out += n;
    }
}

void credential_unpack(struct credential_set *set, const uint8_t in[CREDENTIAL_PACKED])
{
    memset(set->ha1, 0, sizeof(set->ha1));
    EACH_STORED(form, a)
    {
        size_t n = digest_size((enum digest_algorithm)a);

        memcpy(set->ha1[form][a], in, n);
        in += n;
    }
}
