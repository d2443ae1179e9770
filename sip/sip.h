/* The face of sip/: messages, URIs, edits, transports and transactions. Knows nothing of users,
 * databases or media. */
#ifndef OFFHOOK_SIP_SIP_H
#define OFFHOOK_SIP_SIP_H

#include "sip/agent.h"
#include "sip/display.h"
#include "sip/edit.h"
#include "sip/flow.h"
#include "sip/header.h"
#include "sip/message.h"
#include "sip/number.h"
#include "sip/reply.h"
#include "sip/resolver.h"
#include "sip/tls.h"
#include "sip/token.h"
#include "sip/transaction.h"
#include "sip/transport.h"
#include "sip/uri.h"
#include "sip/via.h"

#endif
