"""CANCEL and its races."""

import pytest
from offhook_flow import hang_up


def ringing(phone, **more):
    caller, callee = phone(**more).registered(), phone(**more).registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    there.ring()
    call.progress(180)
    return call, there


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_ringing_call_is_cancelled(phone, transport):
    call, there = ringing(phone, transport=transport)
    assert call.cancel().status == 200
    cancel = there.phone.expect("CANCEL")
    assert cancel.uri == there.request.uri and cancel.branch == there.request.branch
    assert cancel.cseq == there.request.cseq
    there.phone.respond(cancel, 200, "OK")
    there.reject(487)
    assert call.final().status == 487


def test_the_callers_487_waits_for_nobody_who_never_rang(phone):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    assert call.cancel().status == 200
    callee.silence(0.3, "CANCEL")  # RFC 3261 9.1: only after a provisional response
    there.ring()
    cancel = callee.expect("CANCEL")
    callee.respond(cancel, 200, "OK")
    there.reject(487)
    assert call.final().status == 487


def test_a_200_that_crosses_the_cancel_wins(phone):
    call, there = ringing(phone)
    assert call.cancel().status == 200
    cancel = there.phone.expect("CANCEL")
    there.answer()
    there.phone.respond(cancel, 200, "OK")
    call.answered()
    there.expect_ack()
    hang_up(call, there)


def test_a_cancel_after_the_200_changes_nothing(phone):
    call, there = ringing(phone)
    there.answer()
    call.answered()
    there.expect_ack()
    assert call.cancel().status in (200, 481)
    there.phone.silence(0.2, "CANCEL")
    hang_up(call, there)


def test_a_cancel_without_its_invite_is_481(phone):
    p, callee = phone(), phone().registered()
    r = p.exchange(p.request("CANCEL", callee.aor, frm=f"<{p.aor}>;tag=1", to=f"<{callee.aor}>",
                             call_id="nothing-to-cancel", cseq=7), "nothing-to-cancel", 7, "CANCEL")
    assert r.status == 481
    callee.silence(0.2, "CANCEL")


def test_a_cancel_with_credentials_is_taken_as_one_without(phone):
    call, there = ringing(phone)
    assert call.cancel(extra=call.credentials).status == 200
    cancel = there.phone.expect("CANCEL")
    there.phone.respond(cancel, 200, "OK")
    there.reject(487)
    assert call.final().status == 487


def test_a_repeated_cancel_is_answered_again(phone):
    call, there = ringing(phone)
    assert call.cancel().status == 200
    call.phone.seen.clear()
    assert call.cancel().status == 200
    there.phone.respond(there.phone.expect("CANCEL"), 200, "OK")
    there.reject(487)
    assert call.final().status == 487


def test_a_cancelled_re_invite_leaves_the_call(phone):
    call, there = ringing(phone)
    there.answer()
    call.answered()
    there.expect_ack()
    via = call.phone.via()
    cseq = call.phone.next_cseq(call.call_id)
    frm, to = call.tagged()
    more = dict(frm=frm, to=to, call_id=call.call_id, cseq=cseq, via=via)
    routes = [f"Route: {r}" for r in call.route]
    call.phone.send(call.phone.request("INVITE", call.remote, extra=routes, **more))
    again = there.phone.expect("INVITE")
    there.phone.respond(again, 180, "Ringing")
    call.phone.expect(180, cseq=cseq)
    r = call.phone.exchange(call.phone.request("CANCEL", call.remote, extra=routes, **more),
                            call.call_id, cseq, "CANCEL")
    assert r.status == 200
    there.phone.respond(there.phone.expect("CANCEL"), 200, "OK")
    there.phone.respond(again, 487, "Cancelled")
    assert call.phone.final(call.call_id, cseq, "INVITE").status == 487
    call.phone.send(call.phone.request("ACK", call.remote, extra=routes, **more))
    hang_up(call, there)
