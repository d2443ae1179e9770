/* The media role: media/media.h on the parent's messages. */
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media/media.h"
#include "server/role.h"

#define SLICE_NS 100000 /* the shortest that Linux gives */

/* Audio is late at once, all else may wait: a packet comes before longer work that is running. It
 * takes no more of the processor than before; kernels before 6.12 take no notice. */
static bool media_early(struct role_context *c, char error[256])
{
    struct sched_attr attr = {.size = sizeof(attr), .sched_policy = SCHED_NORMAL};

    (void)c;
    (void)error;
    if (!syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0)) {
        attr.sched_runtime = SLICE_NS;
        (void)syscall(SYS_sched_setattr, 0, &attr, 0);
    }
    return true;
}

static void want_ports(void *arg, const struct media_address *host, unsigned count)
{
    const struct role_context *c = arg;
    struct pack body = {0};

    media_address_pack(&body, host);
    pack_u16(&body, (uint16_t)count);
    if (body.error || channel_send(c->parent, ROLE_WANT_PORTS, 0, pack_bytes_view(&body), -1) != OK)
        log_error("ports for audio cannot be asked for");
    pack_free(&body);
}

static void ledger_take(struct role_context *c, int fd)
{
    struct media_options options = {.ledger = fd,
                                    .kernel = c->kernel,
                                    .timeout = c->config->media.timeout,
                                    .want = want_ports,
                                    .arg = c};
    struct media *m;

    config_media_ports(c->config, &options.first, &options.last);
    c->kernel = -1;
    if (media_new(&m, c->base, &options) != OK)
        return;
    if (media_watch(m, ROLE_PARENT_FD) == OK)
        c->state = m;
    else
        media_free(m);
}

static void port_take(struct role_context *c, const struct channel_message *m)
{
    struct view rest = m->body;
    bool bad = false;
    struct media_address local = media_address_unpack(&rest, &bad);
    bool rtcp = unpack_u8(&rest, &bad);

    if (!bad && c->state && m->fd >= 0)
        media_add_port(c->state, &local, rtcp, m->fd);
    else if (m->fd >= 0)
        close(m->fd);
}

static void media_hand_over(struct role_context *c, const struct channel_message *m)
{
    if (m->type == ROLE_PORT)
        port_take(c, m);
    else if (m->type == ROLE_KERNEL && c->kernel < 0 && !c->state)
        c->kernel = m->fd;
    else if (m->type == ROLE_LEDGER && !c->state && c->config)
        ledger_take(c, m->fd);
    else if (m->fd >= 0)
        close(m->fd);
}

static bool media_start(struct role_context *c, char error[256])
{
    if (!c->state) {
        snprintf(error, 256, "there is not enough memory for the calls' audio");
        return false;
    }
    clock_update();
    media_adopt(c->state);
    return true;
}

static void media_peer(struct role_context *c, enum role other, int fd)
{
    if (other == ROLE_SIP)
        media_connect(c->state, fd);
    else
        close(fd);
}

static void media_commit(struct role_context *c)
{
    media_set_timeout(c->state, c->config->media.timeout);
}

static void media_message(struct role_context *c, const struct channel_message *m)
{
    struct view rest = m->body;
    bool bad = false;
    struct media_address host;
    bool exhausted;

    if (m->type != ROLE_PORTS) {
        media_hand_over(c, m);
        return;
    }
    host = media_address_unpack(&rest, &bad);
    exhausted = unpack_u8(&rest, &bad);
    if (!bad)
        media_ports_answered(c->state, &host, exhausted);
}

static void media_stop(struct role_context *c)
{
    media_free(c->state);
    c->state = NULL;
}

const struct role_ops media_role = {.name = "media",
                                    .early = media_early,
                                    .hand_over = media_hand_over,
                                    .start = media_start,
                                    .peer = media_peer,
                                    .commit = media_commit,
                                    .message = media_message,
                                    .stop = media_stop};
