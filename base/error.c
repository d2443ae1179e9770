/* The texts of the errors. */
#include "base/error.h"

const char *error_text(enum error e)
{
    switch (e) {
    case OK:
        return "no error";
    case ERR_MEMORY:
        return "out of memory";
    case ERR_SYSTEM:
        return "a system call failed";
    case ERR_SYNTAX:
        return "not well-formed";
    case ERR_LIMIT:
        return "over a limit";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists already";
    case ERR_DENIED:
        return "not allowed";
    case ERR_CLOSED:
        return "the other side is gone";
    case ERR_BUSY:
        return "busy";
    case ERR_VERSION:
        return "written by another version";
    case ERR_STORE:
        return "the database failed";
    }
    return "unknown error";
}
