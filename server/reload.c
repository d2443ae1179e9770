/* Reload in two phases: every role prepares, all agree, then all commit; or nothing changes. */
#include <config.h>
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/daemon.h"
#include "server/notify.h"
#include "server/tls_files.h"

#define PREPARE_WAIT 10           /* s */
#define RELOAD_PING  (1ull << 63) /* tells our pings from those that ask for life */

static void tls_drop(struct reload *r)
{
    if (r->tls >= 0)
        close(r->tls);
    r->tls = -1;
}

static void reload_clear(struct reload *r)
{
    config_free(r->next);
    r->next = NULL;
    tls_drop(r);
    r->waiting = 0;
    r->committed = false;
    pack_reset(&r->changes);
    if (r->timeout)
        event_del(r->timeout);
}

void reload_free(struct reload *r)
{
    config_free(r->next);
    tls_drop(r);
    pack_free(&r->text);
    pack_free(&r->changes);
    if (r->timeout)
        event_free(r->timeout);
}

/* Ends a reload that changes nothing. */
static void reload_refuse(struct daemon *d, bool asked, uint64_t asker, const char *why)
{
    log_error("reload: %s; nothing was changed", why);
    if (asked)
        daemon_answer(d, asker, true,
                      json_pack("{s:b, s:o}", "ok", 0, "error",
                                json_sprintf("%s; nothing was changed", why)));
    notify_ready("Answering SIP (the last reload was refused)");
}

static void reload_call_off(struct daemon *d, const char *why)
{
    struct reload *r = &d->reload;
    for (int i = 0; i < ROLES; i++)
        child_send(&d->children[i], ROLE_ABORT, r->id, VIEW_NONE, -1);
    bool asked = r->asked;
    reload_clear(r);
    reload_refuse(d, asked, r->asker, why);
}

struct problems {
    struct daemon *daemon;
    bool asked;
    uint64_t asker;
    unsigned count;
    char first[300];
};

static void problem_report(void *arg, const char *text)
{
    struct problems *p = arg;
    if (!p->count++)
        snprintf(p->first, sizeof p->first, "%s", text);
    log_error("%s", text);
    if (p->asked)
        daemon_answer(p->daemon, p->asker, false, json_pack("{s:{s:s}}", "item", "problem", text));
}

static void change_note(void *arg, const char *text)
{
    pack_view(arg, view_of(text));
}

static void changes_tell(struct daemon *d);

/* All roles act on it (one that died starts with it). */
static void reload_finish(struct daemon *d)
{
    changes_tell(d);
    reload_clear(&d->reload);
    notify_ready("Answering SIP");
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    (void)fd;
    (void)what;
    if (d->reload.committed)
        reload_finish(d);
    else
        reload_call_off(d, "a role did not answer in time");
}

/* Reads the file and finds the changes. False: it was refused and the answer is sent. */
static bool reload_read(struct daemon *d, bool asked, uint64_t asker)
{
    struct reload *r = &d->reload;
    struct problems problems = {.daemon = d, .asked = asked, .asker = asker};
    char why[400];
    bool restart;
    r->next = daemon_configure(d->path, problem_report, &problems);
    if (!r->next) {
        int n = snprintf(why, sizeof why, "%s", problems.first);
        if (problems.count > 1)
            snprintf(why + n, sizeof why - (size_t)n, " (and %u more)", problems.count - 1);
        reload_refuse(d, asked, asker, why);
        return false;
    }
    if (!d->ipv6)
        config_drop_ipv6(r->next);
    pack_reset(&r->changes);
    pack_reset(&r->text);
    config_diff(d->config, r->next, &restart, change_note, &r->changes);
    enum error e = config_keep(r->next, d->config);
    if (!e && config_has_tls(r->next) && tls_files_seal(&r->tls, r->next, why)) {
        reload_clear(r);
        reload_refuse(d, asked, asker, why);
        return false;
    }
    if (!e)
        e = daemon_text(d, r->next, &r->text);
    if (!e && !r->timeout) {
        r->timeout = evtimer_new(d->base, on_timeout, d);
        e = r->timeout ? OK : ERR_MEMORY;
    }
    if (!e)
        return true;
    snprintf(why, sizeof why, "%.300s cannot be taken over: %s", d->file, error_text(e));
    reload_clear(r);
    reload_refuse(d, asked, asker, why);
    return false;
}

void reload_begin(struct daemon *d, bool asked, uint64_t asker)
{
    struct reload *r = &d->reload;
    const struct timeval wait = {PREPARE_WAIT, 0};
    notify_reloading();
    if (r->next || r->committed) {
        reload_refuse(d, asked, asker, "a reload is under way");
        return;
    }
    for (int i = 0; i < ROLES; i++)
        if (!d->children[i].ready) {
            reload_refuse(d, asked, asker, "a role is being started; try again in a moment");
            return;
        }
    if (!reload_read(d, asked, asker))
        return;
    r->id++;
    r->asked = asked;
    r->asker = asker;
    if (r->tls >= 0)
        child_send(&d->children[ROLE_SIP], ROLE_TLS, r->id, VIEW_NONE, r->tls);
    for (int i = 0; i < ROLES; i++) {
        r->waiting |= 1u << i;
        child_send(&d->children[i], ROLE_PREPARE, r->id, pack_bytes_view(&r->text), -1);
    }
    evtimer_add(r->timeout, &wait);
}

static void changes_tell(struct daemon *d)
{
    struct reload *r = &d->reload;
    struct view rest = pack_bytes_view(&r->changes);
    bool bad = false;
    while (rest.n) {
        struct view change = unpack_view(&rest, &bad);
        if (bad)
            break;
        log_info("reload: %.*s", VIEW_ARG(change));
        if (r->asked)
            daemon_answer(d, r->asker, false,
                          json_pack("{s:{s:s%}}", "item", "changed", change.p, change.n));
    }
    if (!r->changes.n)
        log_info("reload: nothing has changed");
    if (r->asked)
        daemon_answer(d, r->asker, true, json_pack("{s:b}", "ok", 1));
}

static void warning_log(void *arg, const char *text)
{
    (void)arg;
    log_warning("%s", text);
}

/* What a sip role gets that is started from now on. */
static void tls_commit(struct daemon *d)
{
    if (d->reload.tls < 0)
        return;
    if (d->tls >= 0)
        close(d->tls);
    d->tls = d->reload.tls;
    d->reload.tls = -1;
    log_info("reload: the files of tls { } were read again");
}

static void reload_commit(struct daemon *d)
{
    struct reload *r = &d->reload;
    struct pack text = d->text;
    for (int i = 0; i < ROLES; i++) {
        r->waiting |= 1u << i;
        child_send(&d->children[i], ROLE_COMMIT, r->id, VIEW_NONE, -1);
        child_send(&d->children[i], ROLE_PING, r->id | RELOAD_PING, VIEW_NONE, -1);
    }
    r->committed = true;
    config_free(d->config);
    d->config = r->next;
    r->next = NULL;
    d->text = r->text;
    r->text = text;
    tls_commit(d);
    log_level = d->config->log_level;
    config_warnings(d->config, warning_log, NULL);
}

static void reload_acted(struct daemon *d, enum role role)
{
    struct reload *r = &d->reload;
    r->waiting &= ~(1u << role);
    if (!r->waiting)
        reload_finish(d);
}

void reload_ponged(struct daemon *d, enum role role, uint64_t id)
{
    if (d->reload.committed && id == (d->reload.id | RELOAD_PING))
        reload_acted(d, role);
}

void reload_prepared(struct daemon *d, enum role role, const struct channel_message *m)
{
    struct reload *r = &d->reload;
    struct view rest = m->body;
    bool bad = false;
    char why[400];
    if (!r->next || m->id != r->id)
        return;
    if (!unpack_u8(&rest, &bad)) {
        snprintf(why, sizeof why, "the %s role refuses: %.*s", role_name(role),
                 (int)(rest.n < 300 ? rest.n : 300), rest.p);
        reload_call_off(d, why);
        return;
    }
    r->waiting &= ~(1u << role);
    if (!r->waiting)
        reload_commit(d);
}

void reload_role_gone(struct daemon *d, enum role role)
{
    char why[100];
    if (d->reload.committed)
        reload_acted(d, role);
    if (!d->reload.next)
        return;
    snprintf(why, sizeof why, "the %s role died meanwhile", role_name(role));
    reload_call_off(d, why);
}
