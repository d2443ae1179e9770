"""Calls and other requests through the stateful proxy."""

import re
import time

import pytest
from offhook_flow import Phone, hang_up, sdp

DAEMON = {"config": 'media { anchor = "never" }'}  # bodies are compared byte by byte
PAIRS = [(("udp", False), ("udp", False)), (("tcp", False), ("tcp", False)),
         (("udp", False), ("tcp", False)), (("tcp", False), ("udp", False)),
         (("udp", False), ("udp", True)), (("tcp", True), ("udp", False)),
         (("udp", True), ("udp", True))]
TOKEN = re.compile(r"^<sip:[A-Za-z0-9._~-]+@(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+"
                   r"(;transport=\w+)?;lr>$")


@pytest.fixture(scope="module", autouse=True)
def unanswered(daemon):
    """A call to a phone that never answers, begun first since its 408 takes 32 s."""
    with Phone(daemon) as caller, Phone(daemon) as silent:
        silent.registered()
        began = time.monotonic()
        yield caller.call(silent.aor), began


def connect(caller, callee, **more):
    """A call that both sides hold: (caller's side, callee's side)."""
    call = caller.call(callee.aor, **more)
    there = callee.expect_call()
    there.ring()
    assert call.progress(180)
    there.answer()
    call.answered()
    there.expect_ack()
    return call, there


@pytest.mark.parametrize("a,b", PAIRS, ids=str)
def test_a_call_is_set_up_and_ended(phone, a, b):
    caller = phone(transport=a[0], ipv6=a[1]).registered()
    callee = phone(transport=b[0], ipv6=b[1]).registered()
    call = caller.call(callee.aor)
    assert call.challenged.status == 407
    there = callee.expect_call()
    assert there.request.uri == callee.contact
    there.ring()
    assert call.progress(180).tag("to") == there.local_tag
    there.answer()
    r = call.answered()
    assert r.body == sdp(callee.host, 40002)
    there.expect_ack()
    hang_up(call, there)


def test_the_callee_may_end_the_call(phone):
    call, there = connect(phone().registered(), phone().registered())
    hang_up(there, call)


def test_the_caller_gets_100_trying(phone):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor)
    assert call.progress(100)
    callee.expect_call().reject(486)
    call.final()


def test_re_invite_from_both_sides(phone):
    call, there = connect(phone().registered(), phone().registered())
    for one, other in ((call, there), (there, call)):
        cseq = one.send("INVITE", body=sdp(port=41000),
                        extra=[f"Contact: <{one.phone.contact}>"])
        again = other.phone.expect("INVITE", call_id=call.call_id)
        assert again.body == sdp(port=41000)
        other.phone.respond(again, 200, "OK", extra=[f"Contact: <{other.phone.contact}>"],
                            body=sdp())
        r = one.phone.final(call.call_id, cseq, "INVITE")
        assert r.status == 200
        one.phone.send(one.in_dialog("ACK", cseq))
        other.phone.expect("ACK", call_id=call.call_id)
    hang_up(call, there)


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "NOTIFY", "REFER", "ANYTHING"])
def test_any_method_passes_inside_a_dialog(phone, method):
    call, there = connect(phone().registered(), phone().registered())
    cseq = call.send(method, extra=["X-Mark: 1"])
    request = there.phone.expect(method)
    assert request.get("x-mark") == "1"
    there.phone.respond(request, 202, "Accepted")
    assert call.phone.final(call.call_id, cseq, method).status == 202


@pytest.mark.parametrize("method", ["MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH", "ANYTHING"])
def test_any_method_reaches_a_user(phone, method):
    caller, callee = phone().registered(), phone().registered()
    call_id = "any-" + method
    data = caller.request(method, callee.aor, frm=f"<{caller.aor}>;tag=1", to=f"<{callee.aor}>",
                          call_id=call_id, cseq=1)
    r = caller.exchange(data, call_id, 1, method)
    line = caller.answer(r, method, callee.aor)
    caller.send(caller.request(method, callee.aor, frm=f"<{caller.aor}>;tag=1",
                               to=f"<{callee.aor}>", call_id=call_id, cseq=2, extra=[line]))
    request = callee.expect(method)
    callee.respond(request, 200, "OK", tag="there")
    assert caller.final(call_id, 2, method).status == 200


FORMS = ["sip:555-0002@{d};user=phone", "sip:5550002@{d}", "sip:5550002@{d};user=phone",
         "sip:(555)0002@{d};user=phone", "sip:555-0002@{d}", "sip:5550002@127.0.0.1",
         "sip:5550002@127.0.0.1:{p}", "tel:555-0002;phone-context={d}"]


@pytest.mark.parametrize("form", FORMS)
def test_a_number_is_reached_in_each_spelling(daemon, phone, form):
    if not daemon.control("user show", number="5550002")[1]["ok"]:
        daemon.user_add("555-0002", "two")
    caller, callee = phone(), phone("5550002", "two")
    callee.register(contacts=["*"], expires=0)
    callee.registered()
    call = caller.call(form.format(d=daemon.domain, p=daemon.port))
    there = callee.expect_call()
    assert there.request.uri == callee.contact
    there.reject(486)
    assert call.final().status == 486


def test_the_printed_form_with_a_blank_is_accepted(daemon, phone):
    if not daemon.control("user show", number="5550002")[1]["ok"]:
        daemon.user_add("555-0002", "two")
    caller, callee = phone(agent="CSCO/7"), phone("5550002", "two")
    callee.register(contacts=["*"], expires=0)
    callee.registered()
    uri = f"sip:555-0002@{daemon.domain}; user=phone"
    call = caller.call(uri)
    there = callee.expect_call()
    there.ring()
    assert call.progress(180)
    there.reject(486)
    assert call.final().status == 486


def test_a_name_is_compared_exactly(daemon, phone):
    daemon.user_add("al-ice", "secret")
    caller, alice = phone(), phone("al-ice", "secret").registered()
    call = caller.call(f"sip:alice@{daemon.domain}")
    assert call.final().status == 404
    caller.call(f"sip:al-ice@{daemon.domain}")
    alice.expect_call()


def test_an_alias_leads_to_its_target(daemon, phone):
    caller, callee = phone(), phone().registered()
    daemon.ask("alias add", number="600", target=callee.number)
    caller.call(f"sip:600@{daemon.domain}")
    assert callee.expect_call().request.uri == callee.contact


def test_an_unknown_number_is_404(phone):
    caller = phone()
    assert caller.call(f"sip:5559999@{caller.domain}").final().status == 404


def test_a_user_without_binding_is_480(phone):
    caller, away = phone(), phone()
    assert caller.call(away.aor).final().status == 480


def test_max_forwards_0_is_483(phone):
    caller, callee = phone(), phone().registered()
    assert caller.call(callee.aor, max_forwards=0).final().status == 483
    callee.silence(0.2, "INVITE")


def test_max_forwards_is_counted_down_and_added_when_missing(phone):
    caller, callee = phone(), phone().registered()
    for given, expected in ((17, {"16"}), (None, {"70", "69"})):
        call = caller.call(callee.aor, max_forwards=given)
        there = callee.expect_call()
        assert there.request.get("max-forwards") in expected
        there.reject(486)
        call.final()


def test_a_message_passes_byte_for_byte(phone):
    caller, callee = phone(), phone().registered()
    odd = ["X-Odd:   two  blanks ", "x-FOLDED: one\r\n  two", "Alert-Info: 3",
           "X-Party: \"A\" <sip:1@x>;party=calling;screen=yes", "sUbJeCt: Grüße"]
    call = caller.call(callee.aor, extra=odd)
    there = callee.expect_call()
    for line in odd:
        assert line.rstrip().encode() in there.request.raw, line
    names = [n for n, _ in there.request.headers if n.lower() not in
             ("via", "record-route", "max-forwards", "p-asserted-identity")]
    sent = ["From", "To", "Call-ID", "CSeq", "User-Agent", "Contact", "X-Odd", "x-FOLDED",
            "Alert-Info", "X-Party", "sUbJeCt", "Content-Type", "Content-Length"]
    assert names == sent
    assert there.request.body == call.body
    there.reject(486)
    call.final()


def test_the_request_uri_is_exactly_what_the_phone_registered(phone):
    caller, callee = phone(), phone()
    odd = f"sip:{callee.number}@{callee.address};x-line=Abc;ob"
    callee.registered(contacts=[f"<{odd}>"])
    caller.call(callee.aor)
    assert callee.expect_call().request.uri == odd


def test_path_is_followed_as_a_route(phone):
    caller, callee, edge = phone(), phone(), phone()
    callee.registered(contacts=["<sip:far@192.0.2.1>"],
                      extra=["Supported: path", f"Path: <sip:edge@{edge.address};lr>"])
    caller.call(callee.aor)
    request = edge.expect("INVITE")
    assert request.uri == "sip:far@192.0.2.1"
    assert request.values("route")[0] == f"<sip:edge@{edge.address};lr>"


def test_our_via_is_added_and_taken_away(daemon, phone):
    caller, callee = phone(), phone().registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    vias = there.request.values("via")
    assert len(vias) == 2 and f":{daemon.port}" in vias[0] and "branch=z9hG4bK" in vias[0]
    there.reject(486)
    assert len(call.final().values("via")) == 1


def test_record_route_is_one_token_with_lr_only(phone):
    call, there = connect(phone().registered(), phone().registered())
    routes = there.request.values("record-route")
    assert len(routes) == 1 and TOKEN.match(routes[0]), routes
    hang_up(call, there)


def test_record_route_has_two_values_when_the_transport_changes(phone):
    call, there = connect(phone(transport="tcp").registered(), phone().registered())
    routes = there.request.values("record-route")
    assert len(routes) == 2 and all(TOKEN.match(r) for r in routes), routes
    hang_up(there, call)


def test_our_route_is_removed_from_in_dialog_requests(phone):
    call, there = connect(phone().registered(), phone().registered())
    assert hang_up(call, there).values("route") == []


@pytest.mark.parametrize("route", ["<sip:127.0.0.1:{p};lr>",
                                   "<sip:127.0.0.1:{p};transport=udp;lr>"])
def test_a_preloaded_route_to_the_server_is_removed(daemon, phone, route):
    caller, callee = phone(), phone().registered()
    line = "Route: " + route.format(p=daemon.port)
    call = caller.call(callee.aor, extra=[line])
    there = callee.expect_call()
    assert there.request.values("route") == []
    there.reject(486)
    call.final()


def changed(route):
    """The Route with another character in the token."""
    user = route.partition("sip:")[2].partition("@")[0]
    last = "A" if user[-1] != "A" else "B"
    return route.replace(user, user[:-1] + last)


@pytest.mark.parametrize("how", ["changed", "made-up", "another call's"])
def test_a_token_that_is_not_ours_opens_nothing(daemon, phone, how):
    call, there = connect(phone().registered(), phone().registered())
    if how == "changed":
        route = changed(call.route[0])
    elif how == "made-up":
        route = f"<sip:0123456789abcdef@127.0.0.1:{daemon.port};lr>"
    else:
        other, far = connect(phone().registered(), phone().registered())
        route = other.route[0]
    cseq = call.send("BYE", route=[route])
    there.phone.silence(0.4, "BYE")
    r = call.phone.final(call.call_id, cseq, "BYE")
    assert 400 <= r.status < 500, str(r)


def test_a_stranger_cannot_relay_through_us(daemon, phone):
    far, stranger = phone(), phone("eve", "x", domain="elsewhere.example")
    for extra in ([], [f"Route: <sip:127.0.0.1:{daemon.port};lr>"],
                  [f"Route: <sip:127.0.0.1:{daemon.port};lr>", f"Route: <sip:{far.address};lr>"]):
        r = stranger.ask("OPTIONS", f"sip:far@{far.address}", extra=extra, authorize=False)
        assert r.status >= 400
    far.silence(0.2)


def test_options_to_the_server_is_answered(daemon, phone):
    p = phone()
    r = p.ask("OPTIONS", f"sip:127.0.0.1:{daemon.port}")
    assert r.status == 200, str(r)
    assert "INVITE" in (r.get("allow") or "INVITE")


def test_a_repeated_invite_is_absorbed(phone):
    caller, callee = phone(), phone().registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    there.ring()
    call.progress(180)
    caller.seen.clear()
    caller.send(call.data)
    call.progress(180)
    callee.silence(0.3, "INVITE")
    there.reject(486)
    call.final()


def test_a_repeated_200_reaches_the_caller_again(phone):
    caller, callee = phone(), phone().registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    data = there.answer()
    caller.expect(200, call_id=call.call_id)
    caller.seen.clear()
    callee.sock.sendto(data, there.request.source)
    assert call.answered()
    there.expect_ack()
    hang_up(call, there)


def test_a_lost_final_response_is_repeated_until_the_ack(phone):
    caller, callee = phone(), phone().registered()
    call = caller.call(callee.aor)
    callee.expect_call().reject(486)
    caller.expect(486)
    caller.seen.clear()
    assert call.final(3).status == 486
    caller.seen.clear()
    caller.silence(1.2, 486)


def test_a_repeated_non_invite_is_answered_from_memory(phone):
    call, there = connect(phone().registered(), phone().registered())
    cseq = call.phone.next_cseq(call.call_id)
    data = call.in_dialog("INFO", cseq)
    call.phone.send(data)
    there.phone.respond(there.phone.expect("INFO"), 200, "OK")
    call.phone.final(call.call_id, cseq, "INFO")
    call.phone.seen.clear()
    call.phone.send(data)
    assert call.phone.final(call.call_id, cseq, "INFO").status == 200
    there.phone.silence(0.2, "INFO")


def test_a_call_to_oneself_rings(phone):
    p = phone().registered()
    call = p.call(p.aor)
    there = p.expect_call()
    there.reject(486)
    assert call.final().status == 486


def test_every_transaction_ends(daemon, unanswered):
    """The 408 of a phone that never answers (Timer B), and with it the last transaction."""
    call, began = unanswered
    r = call.final(seconds=max(5, 36 - (time.monotonic() - began)))
    assert r.status == 408
    assert 30 < time.monotonic() - began < 36
