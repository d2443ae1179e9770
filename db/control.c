/* The control socket: one JSON request a connection, answered line by line (docs/control.md). */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "db/answer.h"
#include "db/client.h"

#define REQUEST_MAX ((size_t)4 << 20)
#define OUTPUT_MAX  ((size_t)64 << 20)
#define CLIENTS_MAX 64
#define READ_STEP   ((size_t)256 << 10)
#define PATIENCE_S  60 /* for the request, and for a reader that does not read */

static const struct timeval patience = {PATIENCE_S, 0};

/* What was answered already goes out also when the daemon ends in this very turn. */
static void client_write_out(struct client *c)
{
    struct evbuffer *out = bufferevent_get_output(c->stream);

    if (evbuffer_get_length(out) && evbuffer_unfreeze(out, 1) == 0)
        (void)evbuffer_write(out, bufferevent_getfd(c->stream));
}

static void client_free(struct client *c)
{
    relay_end(c);
    client_write_out(c);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->control->count--;
    bufferevent_free(c->stream);
    json_decref(c->request);
    json_decref(c->parent_part);
    free(c);
}

bool client_line(struct client *c, struct view json)
{
    struct evbuffer *out = bufferevent_get_output(c->stream);

    if (evbuffer_get_length(out) + json.n < OUTPUT_MAX && evbuffer_add(out, json.p, json.n) == 0 &&
        evbuffer_add(out, "\n", 1) == 0)
        return true;
    log_warning("a client of the control socket was dropped: it does not read its answers");
    client_free(c);
    return false;
}

void client_close(struct client *c, json_t *closing)
{
    static const struct view no_memory =
        VIEW("{\"ok\": false, \"error\": \"no memory left; try again later\"}");
    char *text = closing ? json_dumps(closing, JSON_COMPACT) : NULL;
    bool alive = client_line(c, text ? view_of(text) : no_memory);

    free(text);
    json_decref(closing);
    if (!alive)
        return;
    relay_end(c);
    c->stage = CLIENT_CLOSING;
}

static void client_item(void *arg, json_t *item)
{
    struct client *c = arg;
    struct evbuffer *out = bufferevent_get_output(c->stream);
    char *text = json_dumps(item, JSON_COMPACT);

    /* pages are bounded, so this stays far below OUTPUT_MAX */
    c->failed |= !text || evbuffer_expand(out, strlen(text) + 16) != 0;
    if (!c->failed) {
        (void)evbuffer_add(out, "{\"item\":", 8);
        (void)evbuffer_add(out, text, strlen(text));
        (void)evbuffer_add(out, "}\n", 2);
    }
    free(text);
}

static void client_changed(void *arg, const struct change *change)
{
    struct keeper *k = ((struct client *)arg)->control->keeper;

    pack_reset(&k->scratch);
    change_pack(&k->scratch, change);
    /* what does not get through comes again with a whole snapshot */
    if (k->hello && !keeper_tell(k, KEEPER_CHANGE, 0))
        k->snapshot_due = true;
}

static bool may_change_users(const json_t *request)
{
    struct view name = view_of(json_string_value(json_object_get(request, "command")));

    return view_istarts(name, VIEW("user ")) && !view_eq(name, VIEW("user list")) &&
           !view_eq(name, VIEW("user show"));
}

static void client_run(struct client *c, const json_t *request)
{
    struct keeper *k = c->control->keeper;
    struct command_context context = {.store = k->store,
                                      .default_domain = view_of(k->default_domain),
                                      .realm = view_of(k->realm),
                                      .item = client_item,
                                      .changed = client_changed,
                                      .arg = c};
    json_t *closing;

    group_commit(k); /* a command that rolls back must not take the group with it */
    closing = command_run(&context, request);
    if (may_change_users(request))
        remembered_clear(k->remembered);
    if (k->sip)
        channel_flush(k->sip); /* sip knows before the answer is read */
    if (c->failed) {
        json_decref(closing);
        closing = NULL;
    }
    client_close(c, closing);
}

static void client_request(struct client *c, struct view line)
{
    json_error_t error;
    json_t *request = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &error);

    if (!request)
        client_close(c, answer_error("the request is not JSON: %s", error.text));
    else if (!json_is_string(json_object_get(request, "command")))
        client_close(c, answer_error("the request has no \"command\""));
    else if (command_known(request))
        client_run(c, request);
    else
        relay_request(c, request);
    json_decref(request);
}

/* The length of the first line, or SIZE_MAX while it is not complete. */
static size_t line_length(struct client *c, struct evbuffer *in)
{
    struct evbuffer_ptr from, found;

    if (evbuffer_ptr_set(in, &from, c->scanned, EVBUFFER_PTR_SET) < 0)
        return SIZE_MAX;
    found = evbuffer_search(in, "\n", 1, &from);
    c->scanned = evbuffer_get_length(in);
    return found.pos < 0 ? SIZE_MAX : (size_t)found.pos;
}

static void on_read(struct bufferevent *stream, void *arg)
{
    struct client *c = arg;
    struct evbuffer *in = bufferevent_get_input(stream);
    size_t n;
    const char *line;

    if (c->stage != CLIENT_READING) {
        (void)evbuffer_drain(in, evbuffer_get_length(in));
        return;
    }
    n = line_length(c, in);
    if (n == SIZE_MAX && evbuffer_get_length(in) < REQUEST_MAX)
        return;
    (void)bufferevent_set_timeouts(stream, NULL, &patience);
    bufferevent_setwatermark(stream, EV_READ, 0, 0);
    if (n >= REQUEST_MAX) {
        client_close(c, answer_error("the request is longer than 4 MB; send it in parts"));
        return;
    }
    line = (const char *)evbuffer_pullup(in, (ev_ssize_t)n);
    if (line || n == 0)
        client_request(c, (struct view){n ? line : "", n});
    else
        client_close(c, NULL);
}

static void on_written(struct bufferevent *stream, void *arg)
{
    struct client *c = arg;

    if (c->stage == CLIENT_CLOSING && evbuffer_get_length(bufferevent_get_output(stream)) == 0)
        client_free(c);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct client *c = arg;
    bool half_closed = (what & BEV_EVENT_EOF) && (what & BEV_EVENT_READING);

    (void)stream;
    /* who has said all that he wants to say may still listen, unless the answer never ends */
    if (half_closed && (c->stage == CLIENT_CLOSING || c->stage == CLIENT_ASKING_PARENT))
        return;
    client_free(c);
}

static bool peer_allowed(const struct keeper *k, evutil_socket_t fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid() || peer.uid == k->owner;
}

static void refuse(evutil_socket_t fd, const char *line)
{
    (void)send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)close(fd);
}

static bool client_new(struct control *control, evutil_socket_t fd)
{
    struct client *c = calloc(1, sizeof(*c));

    if (!c)
        return false;
    c->stream = bufferevent_socket_new(control->keeper->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c->stream) {
        free(c);
        return false;
    }
    c->control = control;
    c->next = control->clients;
    c->link = &control->clients;
    if (c->next)
        c->next->link = &c->next;
    control->clients = c;
    control->count++;
    bufferevent_setcb(c->stream, on_read, on_written, on_event, c);
    (void)bufferevent_set_max_single_read(c->stream, READ_STEP);
    bufferevent_setwatermark(c->stream, EV_READ, 0, REQUEST_MAX);
    (void)bufferevent_set_timeouts(c->stream, &patience, &patience);
    (void)bufferevent_enable(c->stream, EV_READ | EV_WRITE);
    return true;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int size, void *arg)
{
    struct control *c = arg;

    (void)listener;
    (void)from;
    (void)size;
    if (!peer_allowed(c->keeper, fd))
        refuse(fd, "{\"ok\":false,\"error\":\"only root and the account that started the daemon "
                   "may do this; try sudo\"}\n");
    else if (c->count >= CLIENTS_MAX || !client_new(c, fd))
        refuse(fd, "{\"ok\":false,\"error\":\"too many commands at once; try again later\"}\n");
}

static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    log_errno("the control socket takes no commands for a second");
    (void)evconnlistener_disable(listener);
}

enum error control_new(struct control **out, struct keeper *k, int fd)
{
    struct control *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (!c)
        return ERR_MEMORY;
    (void)evutil_make_socket_nonblocking(fd);
    c->keeper = k;
    c->listener = evconnlistener_new(k->base, on_accept, c,
                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!c->listener) {
        free(c);
        return ERR_MEMORY;
    }
    evconnlistener_set_error_cb(c->listener, on_accept_failed);
    random_bytes(&c->last_id, sizeof(c->last_id)); /* a restarted keeper uses no id again */
    *out = c;
    return OK;
}

void control_tick(struct control *c)
{
    (void)evconnlistener_enable(c->listener);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    while (c->clients)
        client_free(c->clients);
    evconnlistener_free(c->listener);
    free(c);
}
