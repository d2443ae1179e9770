/* A side of its own, for the tests of TCP and TLS. */
#include "tests/unit/side.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void on_message(void *arg, const struct sip_flow *from, struct view bytes)
{
    struct side *s = arg;

    assert_true(view_istarts(bytes, VIEW("OPTIONS sip:x")));
    s->messages++;
    s->last = *from;
}

static void on_broken(void *arg, const struct sip_flow *flow)
{
    (void)flow;
    ((struct side *)arg)->broken++;
}

static void on_want_stream(void *arg, uint8_t family)
{
    struct side *s = arg;

    transport_give_stream(s->transport, family,
                          socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static void on_turned(void *arg)
{
    (void)arg;
}

struct side *side_open(enum flow_transport transport)
{
    struct side *s = calloc(1, sizeof(*s));
    struct transport_handler handler = {.message = on_message,
                                        .broken = on_broken,
                                        .want_stream = on_want_stream,
                                        .turned = on_turned,
                                        .arg = s};
    socklen_t size = sizeof(s->address);

    s->base = event_base_new();
    s->address.sin_family = AF_INET;
    s->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&s->address, size), 0);
    assert_int_equal(listen(s->listener, 2000), 0);
    getsockname(s->listener, (struct sockaddr *)&s->address, &size);
    assert_int_equal(wheel_new(&s->wheel, clock_ms()), OK);
    assert_int_equal(transport_new(&s->transport, s->base, s->wheel, &handler, NULL, 0), OK);
    assert_int_equal(
        transport_listen(s->transport, s->listener, transport, (struct sockaddr *)&s->address, 0),
        OK);
    return s;
}

void side_close(struct side *s)
{
    transport_free(s->transport);
    wheel_free(s->wheel);
    event_base_free(s->base);
    close(s->listener);
    free(s);
}

void settle(struct side *s)
{
    for (int i = 0; i < 20; i++)
        event_base_loop(s->base, EVLOOP_NONBLOCK);
}

void pass(struct side *s, uint64_t ms)
{
    clock_advance(ms);
    wheel_turn(s->wheel, clock_ms());
    settle(s);
}
