/* Explaining where a call goes, by the functions that route it. */
#ifndef OFFHOOK_ROUTING_EXPLAIN_H
#define OFFHOOK_ROUTING_EXPLAIN_H

#include "routing/plan.h"

struct explain_caller {
    struct view uri; /* a number of the default domain, or a URI */
    bool strangers;  /* may somebody who proves nothing call users? */
    uint64_t random; /* for the order of gateways, see route_find */
};

/* One step of the way. */
struct explain_step {
    unsigned depth;   /* 0; deeper: what is part of, or a case of, the step above */
    const char *kind; /* one word for programs, see docs/control.md */
    const char *text; /* a sentence for people: printable ASCII; valid during the call */
};

typedef void explain_say(void *arg, const struct explain_step *step);

/* Tells the way of a call from caller to `to`, a number or a URI; a bounded number of steps.
 * ERR_SYNTAX: one of them is neither; nothing was told. */
enum error explain(const struct plan *p, const struct location *l,
                   const struct explain_caller *caller, struct view to, explain_say *say,
                   void *arg);

#endif
