/* The messages between the sip role and the media role (base/channel.h). A call is named by its id
 * of 64 bits, the same in both; every message may be repeated. */
#ifndef OFFHOOK_MEDIA_MESSAGE_H
#define OFFHOOK_MEDIA_MESSAGE_H

enum media_message {
    /* sip -> media */
    MEDIA_HELLO = 1, /* u8 fresh: 1 asks for the calls that stand, and those that do not are ended;
                        0 announces what the sip role knows, up to MEDIA_SYNC */
    MEDIA_SYNC,      /* calls that were not named since MEDIA_HELLO are ended */
    MEDIA_WANT,      /* address, u16: so many more pairs of this host for the stock */
    MEDIA_STREAM,    /* a stream (stream.h) is to be as it says; begins the call if need be */
    MEDIA_RECORD,    /* u8 standing, bytes: what MEDIA_HELLO gives back */
    MEDIA_CLOSE,     /* the call is over; answered by MEDIA_CLOSED, also when there is none */
    MEDIA_ASK,       /* u64: a number that comes back. MEDIA_FIGURES */
    MEDIA_ASK_ROLE,  /* u64: a number that comes back. MEDIA_ROLE */
    /* media -> sip */
    MEDIA_WELCOME, /* the end of the answer to a fresh MEDIA_HELLO, which has the shape of
                      MEDIA_RECORD and MEDIA_STREAM */
    MEDIA_PAIR,    /* address: a pair for the stock */
    MEDIA_SHORT,   /* address: there are no more pairs of this host until calls end */
    MEDIA_CLOSED,  /* reports (report.h) */
    MEDIA_FIGURES, /* u64, reports; none when there is no such call */
    MEDIA_ROLE,    /* u64, the counts of the role (report.h) */
    MEDIA_SILENT,  /* nothing has come from either side for too long */
};

#endif
