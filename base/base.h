/* The face of base/: the few tools that everything stands on. Knows nothing of SIP. */
#ifndef OFFHOOK_BASE_BASE_H
#define OFFHOOK_BASE_BASE_H

#include "base/aging.h"
#include "base/alarm.h"
#include "base/arena.h"
#include "base/channel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/pace.h"
#include "base/pack.h"
#include "base/table.h"
#include "base/text.h"
#include "base/view.h"
#include "base/wheel.h"

#endif
