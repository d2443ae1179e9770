/* A role's life: what the parent hands over, the sandbox, then the event loop until the end. */
#include "server/role.h"

#include <event2/event.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "server/listener.h"
#include "server/sandbox.h"
#include "sip/tls.h"

#define HEAP_KEPT (8 << 20)
#define MMAP_FROM (128 << 10) /* bytes; larger blocks go back to the system when freed */

struct process {
    struct role_context context;
    const struct role_ops *ops;
    struct config *next; /* between PREPARE and COMMIT */
    char inside[300];    /* the database as it is called in the chroot */
    bool working, ended;
    int status;
};

static const struct role_ops *const roles[ROLES] = {
    [ROLE_KEEPER] = &keeper_role, [ROLE_MEDIA] = &media_role, [ROLE_SIP] = &sip_role};

static void process_end(struct process *p, int status)
{
    p->status = status;
    p->ended = true;
    event_base_loopbreak(p->context.base);
}

static void process_fail(struct process *p, const char *text)
{
    channel_send(p->context.parent, ROLE_FAILED, 0, view_of(text), -1);
    process_end(p, 1);
}

static void problem_keep(void *arg, const char *text)
{
    char *first = arg;
    if (!first[0])
        snprintf(first, 256, "%s", text);
}

/* The configuration of ROLE_CONFIG and ROLE_PREPARE. */
static struct config *config_unpack(struct view body, char error[256])
{
    bool bad = false;
    char file[300];
    struct view name = {NULL, unpack_u16(&body, &bad)};
    name.p = body.p;
    error[0] = '\0';
    if (bad || name.n > body.n || !view_copy(name, file, sizeof file)) {
        snprintf(error, 256, "the parent's configuration cannot be read");
        return NULL;
    }
    body = view_from(body, name.n);
    return config_parse(file, body.p, body.n, problem_keep, error);
}

static void config_take(struct process *p, struct view body)
{
    struct role_context *c = &p->context;
    char error[256];
    if (c->config)
        return;
    c->config = config_unpack(body, error);
    if (c->config)
        c->listeners = calloc(listeners_count(c->config) + 1, sizeof *c->listeners);
    if (!c->listeners) {
        process_fail(p, c->config ? "there is not enough memory for the listeners" : error);
        return;
    }
    for (size_t i = 0; i < listeners_count(c->config); i++)
        c->listeners[i] = -1;
    log_open(p->ops->name, c->config->log_level);
}

static void listener_take(struct process *p, const struct channel_message *m)
{
    struct role_context *c = &p->context;
    if (c->config && m->id < listeners_count(c->config) && c->listeners[m->id] < 0)
        c->listeners[m->id] = m->fd;
    else if (m->fd >= 0)
        close(m->fd);
}

static void tls_take(struct process *p, const struct channel_message *m)
{
    if (p->context.tls >= 0)
        close(p->context.tls);
    p->context.tls = m->fd;
}

static void control_take(struct process *p, const struct channel_message *m)
{
    struct view rest = m->body;
    bool bad = false;
    p->context.control = m->fd;
    p->context.owner = unpack_u32(&rest, &bad);
}

/* What libraries read or open at first use has to happen before the sandbox closes. */
static void libraries_ready(void)
{
    unsigned char byte, digest[EVP_MAX_MD_SIZE];
    tzset();
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    tls_library_ready();
    EVP_Digest("", 0, digest, NULL, EVP_md5(), NULL);
    RAND_bytes(&byte, 1);
    json_object_seed(0); /* opens /dev/urandom */
}

static void database_name(struct process *p, bool chroots)
{
    struct role_context *c = &p->context;
    const char *slash = strrchr(c->config->database, '/');
    snprintf(p->inside, sizeof p->inside, "%s", slash);
    c->database = chroots ? p->inside : c->config->database;
}

static void process_start(struct process *p)
{
    struct role_context *c = &p->context;
    char error[256] = "";
    if (!c->config || p->working)
        return;
    libraries_ready();
    database_name(p, sandbox_chroots(c->config));
    if ((p->ops->early && !p->ops->early(c, error)) ||
        sandbox_enter(c->role, c->config, error) != OK || !p->ops->start(c, error)) {
        process_fail(p, error);
        return;
    }
    p->working = true;
    channel_send(c->parent, ROLE_READY, 0, VIEW_NONE, -1);
}

static void peer_take(struct process *p, const struct channel_message *m)
{
    struct view rest = m->body;
    bool bad = false;
    uint8_t other = unpack_u8(&rest, &bad);
    if (m->fd < 0)
        return;
    if (bad || other >= ROLES || !p->ops->peer)
        close(m->fd);
    else
        p->ops->peer(&p->context, (enum role)other, m->fd);
}

static void reload_abort(struct process *p)
{
    if (p->next && p->ops->abort)
        p->ops->abort(&p->context);
    config_free(p->next);
    p->next = NULL;
}

static void reload_prepare(struct process *p, const struct channel_message *m)
{
    char error[256];
    struct pack answer = {0};
    reload_abort(p);
    p->next = config_unpack(m->body, error);
    if (p->next && p->ops->prepare && !p->ops->prepare(&p->context, p->next, error)) {
        config_free(p->next);
        p->next = NULL;
    }
    pack_u8(&answer, p->next != NULL);
    if (!p->next)
        pack_bytes(&answer, error, strlen(error));
    channel_send(p->context.parent, ROLE_PREPARED, m->id, pack_bytes_view(&answer), -1);
    pack_free(&answer);
}

static void reload_commit(struct process *p)
{
    struct config *old = p->context.config;
    if (!p->next)
        return;
    p->context.config = p->next;
    p->next = NULL;
    if (p->context.database == old->database)
        p->context.database = p->context.config->database;
    log_level = p->context.config->log_level;
    if (p->ops->commit)
        p->ops->commit(&p->context);
    config_free(old);
}

/* Messages that come before and after the start; false for those that need a working role. */
static bool message_basic(struct process *p, const struct channel_message *m)
{
    switch (m->type) {
    case ROLE_CONFIG:
        config_take(p, m->body);
        return true;
    case ROLE_LISTENER:
        listener_take(p, m);
        return true;
    case ROLE_TLS:
        tls_take(p, m);
        return true;
    case ROLE_CONTROL:
        control_take(p, m);
        return true;
    case ROLE_START:
        process_start(p);
        return true;
    case ROLE_STOP:
        process_end(p, 0);
        return true;
    case ROLE_PING:
        channel_send(p->context.parent, ROLE_PONG, m->id, VIEW_NONE, -1);
        return true;
    default:
        return false;
    }
}

static void message_working(struct process *p, const struct channel_message *m)
{
    switch (m->type) {
    case ROLE_PEER:
        peer_take(p, m);
        break;
    case ROLE_PREPARE:
        reload_prepare(p, m);
        break;
    case ROLE_COMMIT:
        reload_commit(p);
        break;
    case ROLE_ABORT:
        reload_abort(p);
        break;
    default:
        if (p->ops->message)
            p->ops->message(&p->context, m);
        else if (m->fd >= 0)
            close(m->fd);
    }
}

static void message_take(void *arg, const struct channel_message *m)
{
    struct process *p = arg;
    if (!p->ended && message_basic(p, m))
        return;
    if (p->working && !p->ended)
        message_working(p, m);
    else if (!p->ended && p->ops->hand_over)
        p->ops->hand_over(&p->context, m);
    else if (m->fd >= 0)
        close(m->fd);
}

/* Without a parent nobody would restart or stop this process. */
static void parent_gone(void *arg)
{
    process_end(arg, 1);
}

static bool process_open(struct process *p)
{
    const struct channel_handler handler = {
        .message = message_take, .closed = parent_gone, .arg = p};
    p->context.base = loop_new();
    return p->context.base &&
           !channel_new(&p->context.parent, p->context.base, ROLE_PARENT_FD, &handler);
}

static void process_close(struct process *p)
{
    struct role_context *c = &p->context;
    if (c->state)
        p->ops->stop(c);
    config_free(p->next);
    channel_free(c->parent);
    config_free(c->config);
    free(c->listeners);
    if (c->base)
        event_base_free(c->base);
}

/* What a burst frees is needed by the next one: the heap's end is not handed back each time. */
static void heap_keep(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
}

int role_main(enum role role)
{
    struct process p = {.ops = roles[role],
                        .context = {.role = role, .control = -1, .tls = -1, .kernel = -1}};
    char name[16];
    const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP}; /* the parent says when to stop */
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    snprintf(name, sizeof name, "offhook-%s", p.ops->name);
    prctl(PR_SET_NAME, name, 0, 0, 0);
    log_open(p.ops->name, LOG_LEVEL_INFO);
    heap_keep();
    if (process_open(&p))
        event_base_dispatch(p.context.base);
    else
        p.status = 1;
    process_close(&p);
    return p.status;
}
