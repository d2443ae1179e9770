/* Unit tests of routing/: gateways, their order, and the routes that lead to them. */
#include "routing/gateway.h"
#include "tests/unit/check.h"

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

static void gateways_come_and_go(void **state)
{
    struct gateways *g;
    struct gateway *a;
    struct change other = {.kind = CHANGE_USER};

    (void)state;
    assert_int_equal(gateways_new(&g), OK);
    assert_int_equal(gateways_apply(g, &other), ERR_SYNTAX);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "a", "sip:a", 1, 2), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "b", "sip:b", 1, 2), OK);
    a = gateway_find(g, VIEW("a"));
    assert_view(a->uri, "sip:a");
    assert_view(a->username, "me");
    assert_true(a->up);
    gateway_mark(a, false);
    gateways_clear(g);
    assert_null(gateway_find(g, VIEW("a")));
    assert_null(gateway_next(g, NULL));
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "a", "sip:a", 5, 2), OK);
    assert_ptr_equal(gateway_find(g, VIEW("a")), a); /* what is known of it stays */
    assert_false(a->up);
    assert_int_equal(a->priority, 5);
    assert_ptr_equal(gateway_next(g, NULL), a);
    assert_null(gateway_next(g, a));
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "a", "sip:new", 5, 2), OK);
    assert_true(a->up);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY_GONE, "a", "", 0, 0), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY_GONE, "a", "", 0, 0), OK);
    assert_null(gateway_find(g, VIEW("a")));
    gateways_free(g);
}

static enum error route_fact(struct gateways *g, enum change_kind kind, const char *prefix,
                             const char *gateways, uint8_t strip, const char *prepend)
{
    struct change c = {.kind = kind,
                       .route = {view_of(prefix), view_of(gateways), strip, view_of(prepend)}};

    return gateways_apply(g, &c);
}

static void the_longest_prefix_wins(void **state)
{
    static const struct {
        const char *number, *prefix, *sent;
    } rows[] = {
        {"0049301234", "0049", "+49301234"},
        {"0012125550100", "00", "+12125550100"},
        {"+4930", "+49", "+4930"},
        {"004", "00", "+4"},
        {"555", "", "9555"},
        {"0", "", "90"},
        {"alice", "", "9alice"},
    };
    struct gateways *g;
    struct route_choice c;

    (void)state;
    assert_int_equal(gateways_new(&g), OK);
    assert_int_equal(route_find(&c, g, VIEW("1"), 0), ERR_NOT_FOUND);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "a", "sip:a", 1, 1), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "00", "a", 2, "+"), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "0049", "a", 4, "0"), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "0049", "a", 4, "+49"), OK); /* replaces it */
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "+49", "a", 0, ""), OK);
    assert_false(route_fits(g, VIEW("555")));
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "", "a", 0, "9"), OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_row(rows[i].number, route_fits(g, view_of(rows[i].number)));
        assert_row(rows[i].number, route_find(&c, g, view_of(rows[i].number), 0) == OK);
        assert_view(c.route->prefix, rows[i].prefix);
        assert_string_equal(c.number, rows[i].sent);
        assert_int_equal(c.count, 1);
    }
    assert_false(route_fits(g, VIEW("")));
    assert_int_equal(route_find(&c, g, VIEW(""), 0), ERR_NOT_FOUND);
    assert_int_equal(route_fact(g, CHANGE_ROUTE_GONE, "0049", "", 0, ""), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE_GONE, "0049", "", 0, ""), OK);
    assert_int_equal(route_find(&c, g, VIEW("0049"), 0), OK);
    assert_view(c.route->prefix, "00");
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "7", "a", 9, ""), OK);
    assert_int_equal(route_find(&c, g, VIEW("77"), 0), ERR_LIMIT); /* nothing is left */
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "123456789012345678901234567890123", "a", 0, ""),
                     ERR_LIMIT);
    gateways_clear(g);
    assert_int_equal(route_find(&c, g, VIEW("555"), 0), ERR_NOT_FOUND);
    gateways_free(g);
}

static void gateways_are_tried_in_order(void **state)
{
    struct gateways *g;
    struct route_choice c;
    unsigned first[3] = {0}; /* by weight 60, 30, 0 */

    (void)state;
    assert_int_equal(gateways_new(&g), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "last", "sip:l", 20, 100), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "w60", "sip:a", 1, 60), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "w30", "sip:b", 1, 30), OK);
    assert_int_equal(gateway_fact(g, CHANGE_GATEWAY, "w0", "sip:c", 1, 0), OK);
    assert_int_equal(route_fact(g, CHANGE_ROUTE, "", "last,w60,none,w30,w0", 0, ""), OK);
    for (uint64_t chance = 0; chance < 9000; chance++) {
        assert_int_equal(route_find(&c, g, VIEW("1"), chance), OK);
        assert_int_equal(c.count, 4);
        assert_int_equal(c.up, 4);
        assert_view(c.gateways[3]->name, "last");
        first[0] += view_eq(c.gateways[0]->name, VIEW("w60"));
        first[1] += view_eq(c.gateways[0]->name, VIEW("w30"));
        first[2] += view_eq(c.gateways[0]->name, VIEW("w0"));
    }
    assert_in_range(first[0], 5700, 6300);
    assert_in_range(first[1], 2700, 3300);
    assert_in_range(first[2], 1, 300);
    gateway_mark(gateway_find(g, VIEW("w60")), false);
    gateway_mark(gateway_find(g, VIEW("w0")), false);
    gateway_mark(gateway_find(g, VIEW("w30")), false);
    assert_int_equal(route_find(&c, g, VIEW("1"), 1), OK);
    assert_view(c.gateways[0]->name, "last"); /* what answers comes before all that does not */
    assert_int_equal(c.up, 1);
    assert_int_equal(c.count, 4);
    gateways_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateways_come_and_go),
        cmocka_unit_test(the_longest_prefix_wins),
        cmocka_unit_test(gateways_are_tried_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
