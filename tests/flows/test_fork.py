"""Parallel forking and the choice of the best response, RFC 3261 16.7."""

import pytest
from offhook_flow import Phone, hang_up


@pytest.fixture
def fork(daemon, phone):
    """A caller and n phones of one user."""
    def make(n):
        number, password = daemon.user_add()
        callees = [phone(number, password) for _ in range(n)]
        for c in callees:
            c.registered()
        caller = phone()
        call = caller.call(callees[0].aor)
        return call, [c.expect_call() for c in callees]
    return make


def test_all_phones_of_a_user_ring(fork):
    call, legs = fork(3)
    for leg in legs:
        leg.ring()
    tags = {call.progress(180).tag("to") for _ in legs}
    assert tags == {leg.local_tag for leg in legs}
    for leg in legs:
        leg.reject(486)
    assert call.final().status == 486


def test_the_first_answer_wins_and_the_others_are_cancelled(fork):
    call, (first, second) = fork(2)
    first.ring()
    second.ring()
    second.answer()
    r = call.answered()
    assert r.tag("to") == second.local_tag
    second.expect_ack()
    cancel = first.phone.expect("CANCEL")
    first.phone.respond(cancel, 200, "OK")
    first.reject(487)
    call.phone.silence(0.2, range(300, 700))
    hang_up(call, second)


def test_both_answers_reach_the_caller(fork):
    call, (first, second) = fork(2)
    first.answer()
    second.answer()
    tags = {call.phone.expect(200, call_id=call.call_id).tag("to") for _ in range(2)}
    assert tags == {first.local_tag, second.local_tag}


BEST = [((486, 404), {486, 404}), ((486, 603), {603}), ((500, 486), {486}),
        ((503, 503), {500, 503}), ((503, 480), {480}), ((302, 486), {302}), ((404, 604), {604}), ((408, 486), {486, 408}),
        ((480, 484), {484})]


@pytest.mark.parametrize("answers,best", BEST, ids=str)
def test_the_best_response_is_chosen(fork, answers, best):
    call, legs = fork(2)
    for leg, status in zip(legs, answers):
        extra = ["Contact: <sip:elsewhere@192.0.2.1>"] if status == 302 else []
        leg.reject(status, extra=extra)
    assert call.final().status in best
    call.phone.silence(0.1, range(200, 700))


def test_a_6xx_cancels_the_others_at_once(fork):
    call, (first, second) = fork(2)
    second.ring()
    call.progress(180)
    first.reject(603)
    cancel = second.phone.expect("CANCEL")
    second.phone.respond(cancel, 200, "OK")
    second.reject(487)
    assert call.final().status == 603


def test_a_cancel_reaches_every_phone(fork):
    call, legs = fork(3)
    for leg in legs:
        leg.ring()
    call.progress(180)
    assert call.cancel().status == 200
    for leg in legs:
        leg.phone.respond(leg.phone.expect("CANCEL"), 200, "OK")
        leg.reject(487)
    assert call.final().status == 487


def test_each_branch_is_its_own(fork):
    call, legs = fork(3)
    assert len({leg.request.branch for leg in legs}) == 3
    assert len({leg.request.get("call-id") for leg in legs}) == 1
    for leg in legs:
        leg.reject(404)
    call.final()


def test_a_dead_tcp_phone_does_not_hold_up_the_others(daemon, phone):
    number, password = daemon.user_add()
    alive = phone(number, password).registered()
    with Phone(daemon, number, password, transport="tcp") as dead:
        dead.registered()
    call = phone().call(alive.aor)
    there = alive.expect_call()
    there.answer()
    assert call.answered()
