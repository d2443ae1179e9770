"""Offers and answers in all the places where they may stand (RFC 3264, 3262, 3311, 6337): the audio
follows each of them."""

import pytest
from offhook_flow import flows, hang_up, place, reoffer, talk, until

WITHOUT_VIDEO = "m=video 0 RTP/AVP 96\r\n"


@pytest.fixture
def pair(phone):
    return phone().registered(), phone().registered()


def early(caller, callee, a, b, extra=()):
    """A call with its audio running before it is answered."""
    call = caller.call(callee.aor, body=a.describe())
    there = callee.expect_call()
    b.answer_to(there.request.body)
    there.ring(183, b.describe(), extra)
    a.answer_to(call.dialog(call.progress(183)).body)
    return call, there


def pick_up(call, there, body=b""):
    there.answer(body)
    call.answered()
    there.expect_ack()


def video(v):
    return f"m=video {v.port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


def test_early_media_runs_both_ways_before_the_200(pair, audio):
    a, b = audio(), audio()
    call, there = early(*pair, a, b)
    flows(a, b)
    there.answer(b.describe())
    assert place(call.answered().body) == a.to, "the ports are those of the 183"
    there.expect_ack()
    flows(a, b)
    hang_up(call, there)


def test_the_answer_may_stand_in_the_183_alone(pair, audio):
    a, b = audio(), audio()
    call, there = early(*pair, a, b)
    pick_up(call, there)
    flows(a, b)
    hang_up(call, there)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_an_update_moves_audio_that_is_early(pair, audio, who):
    a, b = audio(), audio()
    call, there = early(*pair, a, b, ["Allow: INVITE, ACK, CANCEL, BYE, UPDATE"])
    flows(a, b)
    sides, mover, other = ((call, there), a, b) if who == "caller" else ((there, call), b, a)
    mover.moved()
    mover.port = mover.rtp.getsockname()[1]
    request, answer = reoffer(*sides, mover.describe(version=2), other.describe(), "UPDATE")
    assert place(request.body) == other.to and place(answer.body) == mover.to
    flows(a, b)
    pick_up(call, there)
    flows(a, b)
    hang_up(call, there)


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_audio_moves_within_a_call(pair, audio, who, method):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    sides, mover, other = ((call, there), a, b) if who == "caller" else ((there, call), b, a)
    mover.moved()
    mover.port = mover.rtp.getsockname()[1]
    reoffer(*sides, mover.describe(version=2), other.describe(), method)
    flows(a, b)
    hang_up(call, there)


def test_an_update_without_a_description_changes_nothing(pair, audio):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    request, answer = reoffer(call, there, b"", method="UPDATE", extra=["Session-Expires: 1800"])
    assert request.body == answer.body == b""
    flows(a, b)
    hang_up(call, there)


def test_the_answer_may_stand_in_the_prack(pair, audio):
    """The INVITE has no description, the 183 asks and the PRACK answers (RFC 3262 5)."""
    caller, callee = pair
    a, b = audio(), audio()
    call = caller.call(callee.aor, body=b"", extra=["Supported: 100rel"])
    there = callee.expect_call()
    there.ring(183, b.describe(), ["Require: 100rel", "RSeq: 1"])
    r = call.dialog(call.progress(183))
    a.answer_to(r.body)
    rack = [f"RAck: {r.get('rseq')} {r.get('cseq')}"]
    prack, _ = reoffer(call, there, a.describe(), method="PRACK", extra=rack)
    b.answer_to(prack.body)
    flows(a, b)
    pick_up(call, there)
    flows(a, b)
    hang_up(call, there)


def test_a_prack_may_offer_anew(pair, audio):
    a, b, c = audio(), audio(), audio()
    call, there = early(*pair, a, b, ["Require: 100rel", "RSeq: 1"])
    prack, answer = reoffer(call, there, c.describe(version=2), b.describe(), "PRACK",
                            extra=["RAck: 1 2 INVITE"])
    assert place(prack.body) == b.to
    c.answer_to(answer.body)
    flows(c, b)
    pick_up(call, there)
    flows(c, b)
    hang_up(call, there)


def test_each_phone_that_rings_has_its_own_early_media(daemon, phone, audio):
    number, password = daemon.user_add()
    phones = [phone(number, password).registered() for _ in range(2)]
    caller, a = phone().registered(), audio()
    call = caller.call(phones[0].aor, body=a.describe())
    legs, sounds, heard = [p.expect_call() for p in phones], [audio(), audio()], {}
    for leg, b in zip(legs, sounds):
        b.answer_to(leg.request.body)
        leg.ring(183, b.describe())
        heard[leg.local_tag] = call.progress(183).body
    assert sounds[0].to != sounds[1].to
    assert place(heard[legs[0].local_tag]) != place(heard[legs[1].local_tag])
    for leg, b in zip(legs, sounds):
        flows(a.answer_to(heard[leg.local_tag]), b)
    winner, loser = legs
    winner.answer(sounds[0].describe())
    a.answer_to(call.answered().body)
    winner.expect_ack()
    loser.phone.respond(loser.phone.expect("CANCEL"), 200, "OK")
    loser.reject(487)
    flows(a, sounds[0])
    until(lambda: not a.hears(sounds[1]))
    a.send(to=place(heard[loser.local_tag])[:2])
    assert sounds[1].drain(0.1) == [], "the loser's ports are closed"
    hang_up(call, winner)


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_after_a_refused_offer_the_audio_is_as_it_was(pair, audio, who, method):
    a, b, elsewhere = audio(), audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    sides = (call, there) if who == "caller" else (there, call)
    reoffer(*sides, elsewhere.describe(version=2), method=method, status=488)
    flows(a, b)
    assert elsewhere.drain() == []
    hang_up(call, there)


@pytest.mark.parametrize("status", [200, 488])
def test_what_else_is_said_meanwhile_does_not_decide_on_an_offer(pair, audio, status):
    """An INFO is answered while a re-INVITE waits, which is refused or accepted then."""
    a, b, c = audio(), audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    via, cseq = call.phone.via(), call.phone.next_cseq(call.call_id)
    contact = [f"Contact: <{call.phone.contact}>"]
    call.phone.send(call.in_dialog("INVITE", cseq, contact, c.describe(version=2), via=via))
    request = there.phone.expect("INVITE", call_id=call.call_id)
    reoffer(there, call, method="INFO", status=688 - status)
    there.phone.respond(request, status, tag=there.local_tag, body=b.describe() * (status == 200),
                        extra=[f"Contact: <{there.phone.contact}>"])
    r = call.phone.final(call.call_id, cseq, "INVITE")
    call.phone.send(call.in_dialog("ACK", cseq, via=None if status == 200 else via))
    there.phone.expect("ACK", call_id=call.call_id)
    flows(c.answer_to(r.body) if status == 200 else a, b)
    hang_up(call, there)


def test_a_hold_that_is_refused_holds_nothing(pair, audio):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    reoffer(call, there, a.describe("0.0.0.0", version=2), status=488)
    flows(a, b)
    hang_up(call, there)


def test_a_second_stream_comes_and_goes(pair, audio):
    a, b, v, w = (audio() for _ in range(4))
    call, there = talk(*pair, a, b)
    request, answer = reoffer(call, there, a.describe(version=2, more=video(v)),
                              b.describe(version=2, more=video(w)))
    assert place(request.body) == b.to and place(answer.body) == a.to
    v.answer_to(answer.body, 1)
    w.answer_to(request.body, 1)
    assert len({a.to, b.to, v.to, w.to}) == 4
    for _ in range(3):
        flows(a, b)
        flows(v, w)
    request, answer = reoffer(there, call, b.describe(version=3, more=WITHOUT_VIDEO),
                              a.describe(version=3, more=WITHOUT_VIDEO))
    assert place(request.body, 1)[1] == place(answer.body, 1)[1] == 0
    flows(a, b)
    until(lambda: not v.hears(w))
    hang_up(call, there)


def test_a_second_stream_may_be_refused_alone(pair, audio):
    a, b, v = audio(), audio(), audio()
    call, there = talk(*pair, a, b)
    request, answer = reoffer(call, there, a.describe(version=2, more=video(v)),
                              b.describe(version=2, more=WITHOUT_VIDEO))
    assert place(request.body, 1)[1] != v.port
    assert place(answer.body, 1)[1] == 0
    flows(a, b)
    hang_up(call, there)


@pytest.mark.parametrize("form", ["c=0.0.0.0", "sendonly"])
def test_hold_and_resume_with_the_offer_in_the_200(pair, audio, form):
    """The re-INVITE asks for an offer, as gateways and third parties do (RFC 3725)."""
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    hold = (b.describe("0.0.0.0", version=2) if form == "c=0.0.0.0"
            else b.describe(more="a=sendonly\r\n", version=2))
    ack, r = reoffer(call, there, b"", hold, ack=a.describe(version=2, more="a=recvonly\r\n"))
    assert place(ack.body) == b.to
    if form == "c=0.0.0.0":
        assert place(r.body)[0] == "0.0.0.0"
        until(lambda: not b.hears(a))
    ack, r = reoffer(call, there, b"", b.describe(version=3), ack=a.describe(version=3))
    assert place(r.body) == a.to and place(ack.body) == b.to
    flows(a, b)
    hang_up(call, there)


def test_what_is_repeated_changes_nothing(pair, audio):
    caller, callee = pair
    a, b = audio(), audio()
    call, there = early(*pair, a, b)
    caller.send(call.data)
    callee.silence(what="INVITE")
    answer = there.answer(b.describe())
    first = call.answered()
    there.expect_ack()
    flows(a, b)
    caller.seen.clear()
    callee.sock.sendto(answer, there.request.source)
    assert caller.expect(200, call_id=call.call_id).raw == first.raw
    flows(a, b)
    hang_up(call, there)


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_bad_description_within_a_call_is_refused_and_the_call_goes_on(pair, audio, method):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    via, cseq = call.phone.via(), call.phone.next_cseq(call.call_id)
    body = b"v=0\r\nm=audio nonsense\r\n"
    contact = [f"Contact: <{call.phone.contact}>"]
    call.phone.send(call.in_dialog(method, cseq, contact, body, via=via))
    r = call.phone.final(call.call_id, cseq, method)
    assert r.status == 488 and r.get("warning").startswith("399 offhook ")
    if method == "INVITE":
        call.phone.send(call.in_dialog("ACK", cseq, via=via))
    there.phone.silence(what=method)
    flows(a, b)
    hang_up(call, there)
