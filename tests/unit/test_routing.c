/* Unit tests of routing/: whom a URI means, and where a user is. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "routing/routing.h"
#include "tests/unit/check.h"

#define WALL 1800000000

struct town {
    struct event_base *base;
    struct wheel *wheel;
    struct transport *transport;
    struct location *location;
    struct plan plan;
    int fd;
};

static char *domains[] = {"example.test", "other.test"};

static void on_message(void *arg, const struct sip_flow *from, struct view bytes)
{
    (void)arg;
    (void)from;
    (void)bytes;
}

/* This host is 192.0.2.4; it listens on port 5060 (as far as the plan is concerned). */
static int town_begin(void **state)
{
    static struct town t;
    struct transport_handler handler = {.message = on_message};
    struct transport_address own = {4, 24, {192, 0, 2, 4}};
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_port = htons(5060)};

    clock_make_virtual(1000003, WALL);
    *state = &t;
    t.base = event_base_new();
    t.fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (!t.base || t.fd < 0 || wheel_new(&t.wheel, clock_ms()) != OK ||
        transport_new(&t.transport, t.base, t.wheel, &handler, &own, 1) != OK ||
        transport_listen(t.transport, t.fd, FLOW_UDP, (struct sockaddr *)&bound, 0) != OK ||
        location_new(&t.location, t.wheel) != OK)
        return 1;
    t.plan =
        (struct plan){.domains = domains, .domain_count = COUNT(domains), .transport = t.transport};
    return 0;
}

static int town_end(void **state)
{
    struct town *t = *state;

    location_free(t->location);
    transport_free(t->transport);
    wheel_free(t->wheel);
    event_base_free(t->base);
    close(t->fd);
    return 0;
}

static enum error fact(struct town *t, enum change_kind kind, const char *number,
                       const char *domain, const char *text)
{
    struct change c = {
        .kind = kind, .number = view_of(number), .domain = view_of(domain), .text = view_of(text)};

    return location_apply(t->location, &c);
}

static enum error bind_contact(struct town *t, const char *number, const char *contact, int seconds)
{
    struct sip_flow flow = {.transport = FLOW_UDP, .port = 5060};
    uint8_t packed[FLOW_PACKED_MAX];
    struct change c = {.kind = CHANGE_BINDING};

    assert_true(flow_set_address(&flow, VIEW("192.0.2.40")));
    c.binding = (struct store_binding){.number = view_of(number),
                                       .domain = VIEW("example.test"),
                                       .contact = view_of(contact),
                                       .expires = clock_wall() + seconds,
                                       .call_id = VIEW("c1"),
                                       .cseq = 7,
                                       .q = 500,
                                       .path = VIEW("<sip:edge;lr>"),
                                       .instance = VIEW("<urn:uuid:1>"),
                                       .user_agent = VIEW("CSCO/7"),
                                       .registered = clock_wall()};
    c.binding.flow = (struct view){(char *)packed, flow_pack(&flow, packed)};
    return location_apply(t->location, &c);
}

static struct user *user(struct town *t, const char *number)
{
    return location_user(t->location, view_of(number), VIEW("example.test"));
}

static void pass(struct town *t, unsigned seconds)
{
    clock_advance(seconds * 1000ull);
    wheel_turn(t->wheel, clock_ms());
}

static void people_move_in(struct town *t)
{
    static const struct {
        enum change_kind kind;
        const char *number, *domain, *text;
    } facts[] = {
        {CHANGE_USER, "5550141", "example.test", "Anna"},
        {CHANGE_USER, "+15550142", "example.test", ""},
        {CHANGE_USER, "alice", "example.test", ""},
        {CHANGE_USER, "a-b", "example.test", ""},
        {CHANGE_USER, "555-0199", "example.test", ""}, /* kept with its separators */
        {CHANGE_USER, "bob", "other.test", ""},
        {CHANGE_ALIAS, "100", "example.test", "5550141"},
        {CHANGE_ALIAS, "101", "example.test", "100"},
        {CHANGE_ALIAS, "102", "example.test", "555-0141"},
        {CHANGE_ALIAS, "bobby", "example.test", "sip:bob@other.test"},
        {CHANGE_ALIAS, "desk", "example.test", "sip:x@198.51.100.1:5070"},
        {CHANGE_ALIAS, "lost", "example.test", "nobody"},
        {CHANGE_ALIAS, "bad", "example.test", "sip:"},
        {CHANGE_ALIAS, "ring1", "example.test", "ring2"},
        {CHANGE_ALIAS, "ring2", "example.test", "sip:ring1@example.test"},
        {CHANGE_ALIAS, "self", "example.test", "self"},
        {CHANGE_ALIAS, "d1", "example.test", "d2"},
        {CHANGE_ALIAS, "d2", "example.test", "d3"},
        {CHANGE_ALIAS, "d3", "example.test", "d4"},
        {CHANGE_ALIAS, "d4", "example.test", "d5"},
        {CHANGE_ALIAS, "d5", "example.test", "alice"},
        {CHANGE_ALIAS, "d0", "example.test", "d1"},
        {CHANGE_ALIAS, "alice", "example.test", "bob"}, /* a user comes before an alias */
    };

    for (size_t i = 0; i < COUNT(facts); i++)
        assert_int_equal(fact(t, facts[i].kind, facts[i].number, facts[i].domain, facts[i].text),
                         OK);
}

static void uris_mean_users(void **state)
{
    static const struct {
        const char *uri;
        enum target_kind kind;
        const char *who; /* number, or URI */
    } rows[] = {
        {"sip:5550141@example.test", TARGET_USER, "5550141"},
        {"sip:555-0141@EXAMPLE.test;user=phone", TARGET_USER, "5550141"},
        {"sip:555-0141@example.test", TARGET_USER, "5550141"},
        {"sip:(555)%200141@example.test:5062", TARGET_USER, "5550141"},
        {"sip:+1-555-0142@example.test", TARGET_USER, "+15550142"},
        {"tel:+1.555.0142", TARGET_USER, "+15550142"},
        {"tel:555-0141;phone-context=example.test", TARGET_USER, "5550141"},
        {"sip:5550141@192.0.2.4", TARGET_USER, "5550141"},
        {"sip:5550141@192.0.2.4:5060", TARGET_USER, "5550141"},
        {"sip:5550141@192.0.2.4:5070", TARGET_FOREIGN, NULL},
        {"sip:5550141@192.0.2.5", TARGET_FOREIGN, NULL},
        {"sip:5550141@127.0.0.1", TARGET_USER, "5550141"},
        {"sip:alice@example.test", TARGET_USER, "alice"},
        {"sip:%61lice@example.test", TARGET_USER, "alice"},
        {"sip:Alice@example.test", TARGET_UNKNOWN, NULL},
        {"sip:a-b@example.test", TARGET_USER, "a-b"},
        {"sip:ab@example.test", TARGET_UNKNOWN, NULL},
        {"sip:555-0199@example.test", TARGET_USER, "555-0199"},
        {"sip:555-0199@example.test;user=phone", TARGET_UNKNOWN, NULL},
        {"sip:bob@example.test", TARGET_UNKNOWN, NULL},
        {"sip:bob@other.test", TARGET_USER, "bob"},
        {"sip:alice%00@example.test", TARGET_UNKNOWN, NULL},
        {"sip:alice@elsewhere.test", TARGET_FOREIGN, NULL},
        {"sip:example.test", TARGET_SELF, NULL},
        {"sip:192.0.2.4", TARGET_SELF, NULL},
        {"sip:100@example.test", TARGET_USER, "5550141"},
        {"sip:1-0-0@example.test;user=phone", TARGET_USER, "5550141"},
        {"sip:101@example.test", TARGET_USER, "5550141"},
        {"sip:102@example.test", TARGET_USER, "5550141"},
        {"sip:bobby@example.test", TARGET_USER, "bob"},
        {"sip:desk@example.test", TARGET_URI, "sip:x@198.51.100.1:5070"},
        {"sip:lost@example.test", TARGET_UNKNOWN, NULL},
        {"sip:bad@example.test", TARGET_UNKNOWN, NULL},
        {"sip:ring1@example.test", TARGET_UNKNOWN, NULL},
        {"sip:self@example.test", TARGET_UNKNOWN, NULL},
        {"sip:d1@example.test", TARGET_USER, "alice"},
        {"sip:d0@example.test", TARGET_UNKNOWN, NULL}, /* six steps are too many */
    };
    struct town *t = *state;

    people_move_in(t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct target target;
        struct uri uri;

        assert_row(rows[i].uri, uri_parse(&uri, view_of(rows[i].uri)) == OK);
        target = plan_resolve(&t->plan, t->location, &uri);
        assert_row(rows[i].uri, target.kind == rows[i].kind);
        if (target.kind == TARGET_USER)
            assert_view(user_number(target.user), rows[i].who);
        if (target.kind == TARGET_URI)
            assert_view(target.uri, rows[i].who);
    }
}

static void proof_follows_no_alias(void **state)
{
    struct town *t = *state;
    struct uri uri;

    people_move_in(t);
    assert_int_equal(uri_parse(&uri, VIEW("sip:100@example.test")), OK);
    assert_null(plan_user(&t->plan, t->location, &uri));
    assert_int_equal(uri_parse(&uri, VIEW("sip:555-0141@192.0.2.4")), OK);
    assert_view(user_number(plan_user(&t->plan, t->location, &uri)), "5550141");
    assert_int_equal(uri_parse(&uri, VIEW("sip:5550141@elsewhere.test")), OK);
    assert_null(plan_user(&t->plan, t->location, &uri));
}

static void bindings_come_and_expire(void **state)
{
    struct town *t = *state;
    struct user *u;

    assert_int_equal(bind_contact(t, "1", "sip:1@192.0.2.40", 60), ERR_NOT_FOUND);
    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK);
    assert_int_equal(bind_contact(t, "1", "sip:1@192.0.2.40", 60), OK);
    assert_int_equal(bind_contact(t, "1", "sip:1@192.0.2.41", 120), OK);
    u = user(t, "1");
    assert_view(binding_contact(u->bindings), "sip:1@192.0.2.41"); /* newest first */
    assert_view(binding_call_id(u->bindings), "c1");
    assert_view(binding_path(u->bindings), "<sip:edge;lr>");
    assert_view(binding_instance(u->bindings), "<urn:uuid:1>");
    assert_int_equal(binding_flow(u->bindings).port, 5060);
    assert_int_equal(u->bindings->q, 500);
    assert_true(u->bindings->cisco79);
    assert_int_equal(location_counts(t->location).bindings, 2);
    pass(t, 59);
    assert_int_equal(location_counts(t->location).bindings, 2);
    pass(t, 1);
    assert_int_equal(location_counts(t->location).bindings, 1);
    assert_int_equal(bind_contact(t, "1", "sip:1@192.0.2.41", 120), OK); /* refreshed in time */
    pass(t, 119);
    assert_int_equal(location_counts(t->location).bindings, 1);
    pass(t, 1);
    assert_int_equal(location_counts(t->location).bindings, 0);
    assert_null(u->bindings);
}

static void bindings_are_taken_away(void **state)
{
    struct town *t = *state;

    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK);
    assert_int_equal(bind_contact(t, "1", "sip:a", 60), OK);
    assert_int_equal(bind_contact(t, "1", "sip:b", 60), OK);
    assert_int_equal(bind_contact(t, "1", "sip:c", 60), OK);
    assert_int_equal(bind_contact(t, "1", "sip:b", 0), OK); /* in the past: gone */
    assert_int_equal(bind_contact(t, "1", "sip:b", -5), OK);
    assert_int_equal(location_counts(t->location).bindings, 2);
    assert_int_equal(fact(t, CHANGE_BINDINGS_GONE, "1", "example.test", ""), OK);
    assert_int_equal(location_counts(t->location).bindings, 0);
    assert_int_equal(fact(t, CHANGE_BINDINGS_GONE, "2", "example.test", ""), OK);
}

static void users_go(void **state)
{
    struct town *t = *state;

    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK);
    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", "again"), OK);
    assert_int_equal(location_counts(t->location).users, 1);
    assert_int_equal(bind_contact(t, "1", "sip:a", 60), OK);
    assert_int_equal(fact(t, CHANGE_USER_GONE, "1", "other.test", ""), OK);
    assert_non_null(user(t, "1"));
    assert_int_equal(fact(t, CHANGE_USER_GONE, "1", "example.test", ""), OK);
    assert_null(user(t, "1"));
    assert_int_equal(location_counts(t->location).users, 0);
    assert_int_equal(location_counts(t->location).bindings, 0);
}

static void names_follow_the_keeper(void **state)
{
    static const char *const names[] = {"Anna", "Anna Berg", "A", ""};
    struct town *t = *state;

    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", names[i]), OK);
        assert_view(user_name(user(t, "1")), names[i]);
    }
    assert_int_equal(location_counts(t->location).users, 1);
}

/* A user who is removed while a REGISTER of his is under way stays in memory until it is done. */
static void busy_users_go_later(void **state)
{
    struct town *t = *state;
    struct user *u;

    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK);
    assert_int_equal(bind_contact(t, "1", "sip:a", 60), OK);
    u = user(t, "1");
    u->busy = t;
    assert_int_equal(fact(t, CHANGE_USER_GONE, "1", "example.test", ""), OK);
    assert_null(user(t, "1"));
    assert_null(u->bindings);
    assert_int_equal(bind_contact(t, "1", "sip:a", 60), ERR_NOT_FOUND);
    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK); /* and comes back */
    assert_ptr_equal(user(t, "1"), u);
    location_clear(t->location);
    assert_null(user(t, "1"));
    location_release(t->location, u);
    assert_int_equal(location_counts(t->location).users, 0);
}

static void aliases_come_and_go(void **state)
{
    struct town *t = *state;
    struct view number = VIEW("100"), domain = VIEW("example.test");

    assert_null(location_alias(t->location, number, domain).p);
    assert_int_equal(fact(t, CHANGE_ALIAS, "100", "example.test", "1"), OK);
    assert_int_equal(fact(t, CHANGE_ALIAS, "100", "example.test", "sip:a@b"), OK);
    assert_int_equal(location_counts(t->location).aliases, 1);
    assert_view(location_alias(t->location, number, domain), "sip:a@b");
    assert_null(location_alias(t->location, number, VIEW("other.test")).p);
    assert_int_equal(fact(t, CHANGE_ALIAS_GONE, "100", "example.test", ""), OK);
    assert_int_equal(fact(t, CHANGE_ALIAS_GONE, "100", "example.test", ""), OK);
    assert_int_equal(location_counts(t->location).aliases, 0);
}

static enum error forward_fact(struct town *t, enum change_kind kind, const char *number,
                               enum forward_kind when, const char *target, uint16_t after)
{
    struct change c = {
        .kind = kind,
        .forward = {view_of(number), VIEW("example.test"), when, view_of(target), after}};

    return location_apply(t->location, &c);
}

static enum error limit_fact(struct town *t, const char *number, uint32_t calls)
{
    struct change c = {.kind = CHANGE_USER_LIMIT,
                       .number = view_of(number),
                       .domain = VIEW("example.test"),
                       .max_calls = calls};

    return location_apply(t->location, &c);
}

static enum error audio_fact(struct town *t, const char *number, enum audio_way audio)
{
    struct change c = {.kind = CHANGE_USER_AUDIO,
                       .number = view_of(number),
                       .domain = VIEW("example.test"),
                       .audio = audio};

    return location_apply(t->location, &c);
}

static void forwards_come_and_go(void **state)
{
    struct town *t = *state;
    const struct forward *f;
    struct user *u;

    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "1", FORWARD_BUSY, "2", 0), ERR_NOT_FOUND);
    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK);
    u = user(t, "1");
    assert_null(user_forward(u, FORWARD_BUSY));
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "1", FORWARD_BUSY, "2", 0), OK);
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "1", FORWARD_NO_ANSWER, "3", 20), OK);
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "1", FORWARD_NO_ANSWER, "sip:x@y", 30), OK);
    assert_view(forward_target(user_forward(u, FORWARD_BUSY)), "2");
    f = user_forward(u, FORWARD_NO_ANSWER);
    assert_view(forward_target(f), "sip:x@y");
    assert_int_equal(f->after, 30);
    assert_null(user_forward(u, FORWARD_ALWAYS));
    assert_int_equal(forward_fact(t, CHANGE_FORWARD_GONE, "1", FORWARD_BUSY, "", 0), OK);
    assert_int_equal(forward_fact(t, CHANGE_FORWARD_GONE, "1", FORWARD_BUSY, "", 0), OK);
    assert_null(user_forward(u, FORWARD_BUSY));
    assert_non_null(user_forward(u, FORWARD_NO_ANSWER));
    assert_int_equal(limit_fact(t, "2", 5), ERR_NOT_FOUND);
    assert_int_equal(limit_fact(t, "1", 5), OK);
    assert_int_equal(u->max_calls, 5);
    assert_int_equal(audio_fact(t, "2", AUDIO_NAT), ERR_NOT_FOUND);
    assert_int_equal(audio_fact(t, "1", AUDIO_NAT), OK);
    assert_true(u->audio == AUDIO_NAT && u->max_calls == 5);
    u->busy = t; /* a user that goes takes its forwards along, also when it comes back */
    assert_int_equal(fact(t, CHANGE_USER_GONE, "1", "example.test", ""), OK);
    assert_int_equal(fact(t, CHANGE_USER, "1", "example.test", ""), OK);
    assert_null(user_forward(u, FORWARD_NO_ANSWER));
    assert_int_equal(u->max_calls, 0);
    assert_int_equal(u->audio, AUDIO_DEFAULT);
    location_release(t->location, u);
}

static enum error gateway_fact(struct gateways *g, enum change_kind kind, const char *name,
                               const char *uri, uint16_t priority, uint16_t weight)
{
    struct change c = {.kind = kind,
                       .gateway = {.name = view_of(name),
                                   .uri = view_of(uri),
                                   .username = VIEW("me"),
                                   .priority = priority,
                                   .weight = weight}};

    return gateways_apply(g, &c);
}

static enum error route_fact(struct gateways *g, enum change_kind kind, const char *prefix,
                             const char *gateways, uint8_t strip, const char *prepend)
{
    struct change c = {.kind = kind,
                       .route = {view_of(prefix), view_of(gateways), strip, view_of(prepend)}};

    return gateways_apply(g, &c);
}

static void routes_come_after_users_and_aliases(void **state)
{
    static const struct {
        const char *uri;
        enum target_kind kind;
        const char *number;
        bool aliased;
    } rows[] = {
        {"sip:5550141@example.test", TARGET_USER, NULL, false},
        {"sip:100@example.test", TARGET_USER, NULL, true},
        {"sip:lost@example.test", TARGET_UNKNOWN, NULL, true},
        {"sip:desk@example.test", TARGET_URI, NULL, true},
        {"sip:00-49.30%201@example.test", TARGET_ROUTE, "0049301", false},
        {"tel:00-49-30", TARGET_ROUTE, "004930", false},
        {"sip:out@example.test", TARGET_ROUTE, "0049555", true},
        {"sip:01@example.test", TARGET_UNKNOWN, NULL, false},
        {"sip:0049@elsewhere.test", TARGET_FOREIGN, NULL, false},
    };
    struct town *t = *state;
    struct gateways *g;

    assert_int_equal(gateways_new(&g), OK);
    t->plan.gateways = g;
    people_move_in(t);
    assert_int_equal(fact(t, CHANGE_ALIAS, "out", "example.test", "0049-555"), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "00", "a", 0, ""), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "5550141", "a", 0, ""), OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct target target;
        struct uri uri;

        assert_row(rows[i].uri, uri_parse(&uri, view_of(rows[i].uri)) == OK);
        target = plan_resolve(&t->plan, t->location, &uri);
        assert_row(rows[i].uri, target.kind == rows[i].kind);
        assert_row(rows[i].uri, target.aliased == rows[i].aliased);
        if (rows[i].number)
            assert_string_equal(target.number, rows[i].number);
    }
    gateways_free(g);
}

struct told {
    char text[8192];
    unsigned steps;
};

static void take_step(void *arg, const struct explain_step *step)
{
    struct told *told = arg;
    size_t n = strlen(told->text);

    told->steps++;
    (void)snprintf(told->text + n, sizeof(told->text) - n, "%u %s: %s\n", step->depth, step->kind,
                   step->text);
}

static struct told explained(struct town *t, const char *from, const char *to, bool strangers)
{
    struct explain_caller caller = {view_of(from), strangers, 1};
    struct told told = {.steps = 0};

    assert_int_equal(explain(&t->plan, t->location, &caller, view_of(to), take_step, &told), OK);
    return told;
}

#define assert_way(t, from, to, want)                                                              \
    do {                                                                                           \
        struct told told_ = explained((t), (from), (to), true);                                    \
        assert_string_equal(told_.text, (want));                                                   \
    } while (0)

static void the_way_of_a_call_is_told(void **state)
{
    static char *emergency[] = {"112"};
    struct town *t = *state;
    struct gateways *g;

    assert_int_equal(gateways_new(&g), OK);
    t->plan.gateways = g;
    t->plan.emergency = emergency;
    t->plan.emergency_count = 1;
    people_move_in(t);
    assert_int_equal(bind_contact(t, "5550141", "sip:5550141@192.0.2.40\xff", 60), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "a", "sip:a.test", 1, 5), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "b", "sip:b.test", 2, 5), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "00", "b,a", 2, "+"), OK);
    gateway_mark(gateway_find(g, VIEW("a")), false);

    assert_way(t, "alice", "1-01",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 alias: 1-01 is an alias of 100\n"
               "0 alias: 100 is an alias of 5550141\n"
               "0 user: 5550141@example.test is a user with 1 registered phone\n"
               "1 phone: rings at sip:5550141@192.0.2.40?\n");
    assert_way(t, "alice", "0049301",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 route: nobody here has 0049301, the route 00 fits: +49301 is dialled there\n"
               "1 gateway: 1. b, sip:b.test (priority 2, weight 5)\n"
               "1 gateway: 2. a, sip:a.test (priority 1, weight 5, does not answer)\n"
               "1 gateway: among equal priorities the order is drawn by weight for each call\n");
    assert_way(t, "sip:x@elsewhere.test", "0049301",
               "0 from: the caller is a stranger, who may call users and nobody else\n"
               "0 route: nobody here has 0049301, the route 00 fits: +49301 is dialled there\n"
               "0 end: a stranger may not use it: the call ends with 403\n");
    assert_way(t, "5559999", "alice",
               "0 end: no user has 5559999, and nobody can prove to be it: the call is refused\n");
    assert_way(t, "alice", "ring1",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 alias: ring1 is an alias of ring2\n"
               "0 alias: ring2 is an alias of sip:ring1@example.test\n"
               "0 alias: ring1 is an alias of ring2\n"
               "0 alias: ring2 is an alias of sip:ring1@example.test\n"
               "0 alias: ring1 is an alias of ring2\n"
               "0 alias: ring2 is an alias of sip:ring1@example.test\n"
               "0 end: more than 5 aliases lead to each other: the call ends with 404\n");
    assert_way(t, "alice", "112",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 emergency: this is an emergency number: never shed, limited or forwarded by "
               "its user\n"
               "0 end: nobody here has 112, and no route fits: the call ends with 404\n");
    gateways_free(g);
}

static void a_gruu_is_told(void **state)
{
    struct town *t = *state;

    people_move_in(t);
    assert_int_equal(bind_contact(t, "5550141", "sip:5550141@192.0.2.40", 60), OK);
    assert_way(t, "alice", "sip:5550141@example.test;gr=urn:uuid:1",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 user: this is the GRUU of one phone of 5550141@example.test; no forward applies\n"
               "1 phone: rings at sip:5550141@192.0.2.40\n");
    assert_way(t, "alice", "sip:5550141@example.test;gr=urn:uuid:2",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 user: this is the GRUU of one phone of 5550141@example.test; no forward applies\n"
               "0 end: that phone is not registered: the call ends with 480\n");
}

static void forwards_are_told(void **state)
{
    static char *emergency[] = {"1-1-2"};
    struct town *t = *state;
    struct told told;

    t->plan.emergency = emergency;
    t->plan.emergency_count = 1;
    people_move_in(t);
    assert_int_equal(bind_contact(t, "5550141", "sip:5550141@192.0.2.40", 60), OK);
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "5550141", FORWARD_BUSY, "alice", 0), OK);
    assert_int_equal(
        forward_fact(t, CHANGE_FORWARD, "5550141", FORWARD_NO_ANSWER, "sip:x@y.test", 15), OK);
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "alice", FORWARD_UNREACHABLE, "a-b", 0), OK);
    assert_way(t, "sip:x@elsewhere.test", "5550141",
               "0 from: the caller is a stranger, who may call users and nobody else\n"
               "0 user: 5550141@example.test is a user with 1 registered phone\n"
               "1 phone: rings at sip:5550141@192.0.2.40\n"
               "0 forward: if it is busy, it is forwarded to alice\n"
               "1 user: alice@example.test is a user with 0 registered phones\n"
               "1 forward: as no phone is registered, it is forwarded to a-b\n"
               "1 user: a-b@example.test is a user with 0 registered phones\n"
               "1 end: no phone is registered: the call ends with 480\n"
               "0 forward: if nobody answers within 15 s, it is forwarded to sip:x@y.test\n"
               "1 elsewhere: y.test is not served here: the call goes there\n");
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "a-b", FORWARD_ALWAYS, "alice", 0), OK);
    told = explained(t, "a-b", "a-b", true);
    assert_non_null(strstr(told.text, "these were 5 forwards: the call ends with 482\n"));
    assert_int_equal(fact(t, CHANGE_USER, "112", "example.test", ""), OK);
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "112", FORWARD_ALWAYS, "alice", 0), OK);
    told = explained(t, "alice", "112", true);
    assert_null(strstr(told.text, "is forwarded to"));
    assert_int_equal(forward_fact(t, CHANGE_FORWARD, "5550141", FORWARD_ALWAYS, "112", 0), OK);
    assert_way(t, "alice", "5550141",
               "0 from: alice@example.test is a user, and has to prove it\n"
               "0 user: 5550141@example.test is a user with 1 registered phone\n"
               "0 forward: every call to it is forwarded to 112\n"
               "0 emergency: this is an emergency number: never shed, limited or forwarded by "
               "its user\n"
               "0 user: 112@example.test is a user with 0 registered phones\n"
               "0 end: no phone is registered: the call ends with 480\n");
}

static void explanations_are_bounded(void **state)
{
    struct town *t = *state;
    struct explain_caller nobody = {VIEW(""), true, 1}, odd = {VIEW("sip:"), true, 1};
    struct told told = {.steps = 0};

    people_move_in(t);
    assert_int_equal(bind_contact(t, "alice", "sip:alice@192.0.2.40", 60), OK);
    assert_int_equal(bind_contact(t, "a-b", "sip:a-b@192.0.2.40", 60), OK);
    for (int kind = FORWARD_BUSY; kind < FORWARD_KINDS; kind++) {
        forward_fact(t, CHANGE_FORWARD, "alice", (enum forward_kind)kind, "a-b", 1);
        forward_fact(t, CHANGE_FORWARD, "a-b", (enum forward_kind)kind, "alice", 1);
    }
    assert_int_equal(explained(t, "alice", "a-b", true).steps, 101);
    assert_int_equal(explain(&t->plan, t->location, &nobody, VIEW("1"), take_step, &told),
                     ERR_SYNTAX);
    assert_int_equal(explain(&t->plan, t->location, &odd, VIEW("1"), take_step, &told), ERR_SYNTAX);
    assert_int_equal(told.steps, 0);
    told = explained(t, "sip:x@elsewhere.test", "alice", false);
    assert_string_equal(told.text, "0 end: the caller is a stranger, and auth.strangers is never: "
                                   "the call ends with 403\n");
}

static void names_have_a_limit(void **state)
{
    struct town *t = *state;
    char number[257];

    memset(number, '1', 256);
    number[256] = 0;
    assert_int_equal(fact(t, CHANGE_USER, number, "example.test", ""), ERR_LIMIT);
    number[255] = 0;
    assert_int_equal(fact(t, CHANGE_USER, number, "example.test", ""), OK);
    assert_non_null(user(t, number));
}

#define TOWN_TEST(name) cmocka_unit_test_setup_teardown(name, town_begin, town_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(uris_mean_users),
        TOWN_TEST(proof_follows_no_alias),
        TOWN_TEST(bindings_come_and_expire),
        TOWN_TEST(bindings_are_taken_away),
        TOWN_TEST(users_go),
        TOWN_TEST(names_follow_the_keeper),
        TOWN_TEST(busy_users_go_later),
        TOWN_TEST(aliases_come_and_go),
        TOWN_TEST(forwards_come_and_go),
        TOWN_TEST(routes_come_after_users_and_aliases),
        TOWN_TEST(the_way_of_a_call_is_told),
        TOWN_TEST(a_gruu_is_told),
        TOWN_TEST(forwards_are_told),
        TOWN_TEST(explanations_are_bounded),
        TOWN_TEST(names_have_a_limit),
    };

    if (uri_init() != OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
