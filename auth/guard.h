/* The guard against guessing and floods: what the sources of requests did in the last hour or two,
 * in tables that are bounded and age. A pure judge: who calls it acts. */
#ifndef OFFHOOK_AUTH_GUARD_H
#define OFFHOOK_AUTH_GUARD_H

#include "auth/network.h"

#define GUARD_PROBES 5 /* unknown numbers after which a stranger learns no more */

struct guard;

/* ERR_MEMORY. */
enum error guard_new(struct guard **out);
void guard_free(struct guard *g);
/* users: distinct ones that may fail from one source before it is to be banned; 0: never. */
void guard_configure(struct guard *g, unsigned users);
/* From now on these networks (copied) are not judged. ERR_MEMORY: it stays as it was. */
enum error guard_trust(struct guard *g, const struct network *networks, size_t count);
bool guard_trusts(const struct guard *g, const struct network *source);

/* --- guessing ------------------------------------------------------------------------------- */

/* A user as claimed, or a number as dialled, as a key. */
uint64_t guard_key(struct view name, struct view domain);

/* What joins a request to a binding of the user it claims. */
enum guard_bond {
    BOND_NONE,
    BOND_ADDRESS, /* from the address of one */
    BOND_FLOW,    /* from the very flow, or with the Call-ID it was registered with */
};

enum guard_word {
    GUARD_JUDGE,  /* let the keeper decide */
    GUARD_REFUSE, /* at once: it comes too early */
    GUARD_DROP,   /* without a word: they come too fast */
};

/* May this answer to a challenge be judged? bond is asked only when something speaks against it.
 * GUARD_REFUSE: *wait says after how many seconds to come again. */
enum guard_word guard_ask(struct guard *g, const struct network *source, uint64_t user,
                          enum guard_bond (*bond)(void *arg), void *arg, unsigned *wait);

struct guard_failure {
    unsigned delay; /* ms for which the refusal is to be held back */
    bool ban;       /* the source has earned a ban */
    unsigned users; /* that failed from it within the hour */
};

/* The answer was wrong. known: phones that are registered from this source: it is not banned. */
struct guard_failure guard_failed(struct guard *g, const struct network *source, uint64_t user,
                                  size_t known);
/* The answer was right. remember: the name says nothing about the user (an auth name). */
void guard_succeeded(struct guard *g, const struct network *source, uint64_t user, bool remember);

/* --- floods --------------------------------------------------------------------------------- */

/* How many phones are registered from the source of this request. */
typedef size_t guard_known(void *arg);

/* May one more request of this source be dealt with? claims: it answers a challenge; others leave a
 * quarter of the budget to those. */
bool guard_admit(struct guard *g, const struct network *source, bool claims, guard_known *known,
                 void *arg);
/* The same beyond that budget for a call that comes from where its caller's phone is registered:
 * neighbours do not use this one up. */
bool guard_admit_phone(struct guard *g, const struct network *source);

/* --- probing -------------------------------------------------------------------------------- */

/* A stranger asked for a number that is not there. */
void guard_probed(struct guard *g, const struct network *source, uint64_t number);
/* Has he asked for so many that he is told nothing any more? */
bool guard_probes(struct guard *g, const struct network *source);

#endif
