/* The one enumeration of errors: every function that can fail returns one. */
#ifndef OFFHOOK_BASE_ERROR_H
#define OFFHOOK_BASE_ERROR_H

enum error {
    OK = 0,
    ERR_MEMORY,    /* an allocation failed */
    ERR_SYSTEM,    /* a system call failed, errno tells */
    ERR_SYNTAX,    /* the text does not follow its grammar */
    ERR_LIMIT,     /* too long, too many, out of range */
    ERR_NOT_FOUND, /* no such thing */
    ERR_EXISTS,    /* it is there already */
    ERR_DENIED,    /* not allowed */
    ERR_CLOSED,    /* the other side is gone */
    ERR_BUSY,      /* somebody else holds it, or the queue is full */
    ERR_VERSION,   /* written by another version */
    ERR_STORE,     /* the database could not do it */
};

/* One English phrase for e, without a full stop; never NULL. */
const char *error_text(enum error e);

#endif
