/* The name server of the tests. */
#include "tests/unit/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define HEADER 12
#define TTL    300

static size_t name_put(uint8_t *out, const char *name)
{
    size_t n = 0;

    while (*name) {
        size_t label = strcspn(name, ".");

        out[n++] = (uint8_t)label;
        memcpy(out + n, name, label);
        n += label;
        name += label + (name[label] == '.');
    }
    out[n++] = 0;
    return n;
}

static void word_put(uint8_t *out, unsigned word)
{
    out[0] = (uint8_t)(word >> 8);
    out[1] = (uint8_t)word;
}

static struct name_record *record_new(struct name_server *s, const char *name, unsigned type)
{
    struct name_record *r = &s->records[s->record_count++];

    assert_true(s->record_count <= COUNT(s->records));
    *r = (struct name_record){.type = type, .ttl = TTL};
    strcpy(r->name, name);
    return r;
}

void name_server_address(struct name_server *s, const char *name, const char *address)
{
    bool ipv6 = strchr(address, ':');
    struct name_record *r = record_new(s, name, ipv6 ? 28 : 1);

    r->size = ipv6 ? 16 : 4;
    assert_int_equal(inet_pton(ipv6 ? AF_INET6 : AF_INET, address, r->data), 1);
}

void name_server_srv(struct name_server *s, const char *name, unsigned priority, unsigned weight,
                     unsigned port, const char *target)
{
    struct name_record *r = record_new(s, name, 33);

    word_put(r->data, priority);
    word_put(r->data + 2, weight);
    word_put(r->data + 4, port);
    r->size = 6 + name_put(r->data + 6, target);
}

static size_t string_put(uint8_t *out, const char *text)
{
    out[0] = (uint8_t)strlen(text);
    memcpy(out + 1, text, out[0]);
    return 1u + out[0];
}

void name_server_naptr(struct name_server *s, const char *name, unsigned order, unsigned preference,
                       const char *service, const char *replacement)
{
    struct name_record *r = record_new(s, name, 35);

    word_put(r->data, order);
    word_put(r->data + 2, preference);
    r->size = 4;
    r->size += string_put(r->data + r->size, "s");
    r->size += string_put(r->data + r->size, service);
    r->size += string_put(r->data + r->size, "");
    r->size += name_put(r->data + r->size, replacement);
}

void name_server_alias(struct name_server *s, const char *name, const char *target)
{
    struct name_record *r = record_new(s, name, 5);

    r->size = name_put(r->data, target);
}

static size_t record_put(uint8_t *out, const struct name_record *r)
{
    size_t n = name_put(out, r->name);

    word_put(out + n, r->type);
    word_put(out + n + 2, 1);
    word_put(out + n + 4, r->ttl >> 16);
    word_put(out + n + 6, r->ttl & 0xffff);
    word_put(out + n + 8, (unsigned)r->size);
    memcpy(out + n + 10, r->data, r->size);
    return n + 10 + r->size;
}

/* The name asked for, as text; returns the bytes of the whole question. */
static size_t question_read(const uint8_t *question, char name[256])
{
    size_t at = HEADER, n = 0;

    while (question[at]) {
        memcpy(name + n, question + at + 1, question[at]);
        n += question[at];
        name[n++] = '.';
        at += 1u + question[at];
    }
    name[n ? n - 1 : 0] = 0;
    return at + 5;
}

/* Follows aliases to their end, or for a while round a loop. */
static unsigned records_put(const struct name_server *s, uint8_t *out, size_t *n, char name[256],
                            unsigned type, unsigned copies)
{
    unsigned count = 0;

    for (unsigned hop = 0, i = 0; i < s->record_count && hop < 6; i++) {
        const struct name_record *r = &s->records[i];

        if (strcasecmp(r->name, name) != 0 || (r->type != type && r->type != 5))
            continue;
        for (unsigned k = 0; k < copies && *n < 65000; k++, count++)
            *n += record_put(out + *n, r);
        if (r->type != 5)
            continue;
        for (unsigned k = 0, to = 0; k < r->size - 1; k += 1u + r->data[k]) {
            memcpy(name + to, r->data + k + 1, r->data[k]);
            to += r->data[k];
            name[to++] = k + 1u + r->data[k] < r->size - 1 ? '.' : 0;
        }
        hop++;
        i = (unsigned)-1;
    }
    return count;
}

size_t name_server_answer(const struct name_server *s, const uint8_t *question, size_t size,
                          bool stream, uint8_t out[65536])
{
    char name[256];
    size_t n = question_read(question, name);
    unsigned type = (unsigned)question[n - 4] << 8 | question[n - 3], count = 0;

    assert_true(n <= size);
    memcpy(out, question, n);
    word_put(out + 2, 0x8180);
    memset(out + 6, 0, 6);
    if (s->fails)
        out[3] |= 2;
    else if (s->truncates && !stream)
        out[2] |= 2;
    else
        count = records_put(s, out, &n, name, type, stream && s->copies ? s->copies : 1);
    if (!count && !s->fails && !(out[2] & 2))
        out[3] |= 3;
    word_put(out + 6, count);
    return n;
}

static bool is_silent(const struct name_server *s, const uint8_t *question)
{
    char name[256];
    size_t n = question_read(question, name);

    return s->silent || (s->silent_aaaa && question[n - 3] == 28);
}

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
    static uint8_t question[4096], answer[65536];
    struct name_server *s = arg;
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    ssize_t n = recvfrom(fd, question, sizeof(question), 0, (void *)&from, &size);

    (void)what;
    if (n < HEADER)
        return;
    s->datagrams++;
    if (is_silent(s, question))
        return;
    size_t length = name_server_answer(s, question, (size_t)n, false, answer);

    if (s->lies) {
        answer[0] ^= 1;
        (void)sendto(fd, answer, length, 0, (void *)&from, size);
        answer[0] ^= 1;
        answer[HEADER + 1] ^= 1;
        (void)sendto(fd, answer, length, 0, (void *)&from, size);
        answer[HEADER + 1] ^= 1;
        (void)sendto(fd, "", 0, 0, (void *)&from, size);
    }
    (void)sendto(fd, answer, length, 0, (void *)&from, size);
}

/* Small questions come whole, perhaps several at once. */
static void on_stream(evutil_socket_t fd, short what, void *arg)
{
    static uint8_t questions[4096], answer[65538];
    struct name_server *s = arg;
    ssize_t n = recv(fd, questions, sizeof(questions), 0);

    (void)what;
    if (n < HEADER + 2) {
        event_free(s->stream);
        s->stream = NULL;
        close(fd);
        return;
    }
    for (size_t at = 0, size; at + 2 < (size_t)n; at += 2 + size) {
        size = (size_t)questions[at] << 8 | questions[at + 1];
        s->streams++;
        size_t length = name_server_answer(s, questions + at + 2, size, true, answer + 2);

        word_put(answer, (unsigned)length);
        (void)send(fd, answer, length + 2, MSG_NOSIGNAL);
    }
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    struct name_server *s = arg;
    int stream = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)what;
    if (s->stream) {
        close(event_get_fd(s->stream));
        event_free(s->stream);
    }
    s->stream = event_new(event_get_base(s->listener), stream, EV_READ | EV_PERSIST, on_stream, s);
    event_add(s->stream, NULL);
}

/* -1: somebody has that port. */
static int socket_bound(int type, struct sockaddr_in *address)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(*address);

    if (bind(fd, (void *)address, size) < 0) {
        close(fd);
        return -1;
    }
    getsockname(fd, (void *)address, &size);
    return fd;
}

/* The same port of both kinds, which nobody has. */
static void sockets_bound(int *stream, int *datagram, struct sockaddr_in *address)
{
    for (int tries = 0; tries < 100; tries++) {
        address->sin_port = 0;
        *stream = socket_bound(SOCK_STREAM, address);
        *datagram = socket_bound(SOCK_DGRAM, address);
        if (*datagram >= 0)
            return;
        close(*stream);
    }
    fail_msg("there is no port for a name server");
}

void name_server_open(struct name_server *s, struct event_base *base)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener, datagram;

    *s = (struct name_server){0};
    sockets_bound(&listener, &datagram, &address);
    assert_int_equal(listen(listener, 8), 0);
    s->listener = event_new(base, listener, EV_READ | EV_PERSIST, on_accept, s);
    s->datagram = event_new(base, datagram, EV_READ | EV_PERSIST, on_datagram, s);
    event_add(s->listener, NULL);
    event_add(s->datagram, NULL);
    flow_set_peer(&s->address, (void *)&address);
}

void name_server_close(struct name_server *s)
{
    struct event *events[] = {s->datagram, s->listener, s->stream};

    for (size_t i = 0; i < COUNT(events); i++)
        if (events[i]) {
            close(event_get_fd(events[i]));
            event_free(events[i]);
        }
}
