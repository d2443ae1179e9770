"""What phones may not do to the audio of others, nor to their own call: other dialogs, crossing
offers, descriptions that lie or are none."""

import pytest
from offhook_flow import Call, Daemon, Phone, flows, hang_up, place, reoffer, talk, until


@pytest.fixture
def pair(phone):
    return phone().registered(), phone().registered()


def counter(daemon, name):
    return daemon.status()["counters"][name]


def record(daemon, call):
    """The record of a call, as soon as there is one."""
    [found] = until(lambda: [r for r in daemon.ask("call history", number=call.phone.number)
                             if r["call-id"] == call.call_id])
    return found


def other_dialog(call, tag):
    """The same call with another tag of the callee."""
    other = Call(call.phone, call.uri, frm=call.frm, call_id=call.call_id)
    other.local_tag, other.route, other.remote = call.local_tag, call.route, call.remote
    other.to = f"<{call.uri}>;tag={tag}"
    return other


def bye(call, there, status):
    """BYE of a dialog that the callee answers so."""
    cseq = call.send("BYE")
    there.phone.respond(there.phone.expect("BYE", call_id=call.call_id), status)
    assert call.phone.final(call.call_id, cseq, "BYE").status == status


def test_a_call_without_descriptions_leaves_nothing_behind(daemon, pair):
    caller, callee = pair
    call = caller.call(callee.aor, body=b"")
    there = callee.expect_call()
    there.answer(b"")
    call.answered()
    there.expect_ack()
    hang_up(call, there)
    assert record(daemon, call)["status"] == 200
    until(lambda: counter(daemon, "media.calls") == 0)


def test_the_bye_of_a_second_dialog_leaves_the_first_ones_audio(daemon, pair, audio):
    """The callee's side has forked: two 200s with two tags."""
    caller, callee = pair
    a, b, c = audio(), audio(), audio()
    call, there = talk(caller, callee, a, b)
    flows(a, b)
    callee.respond(there.request, 200, "OK", tag="second", body=c.describe(),
                   extra=[f"Contact: <{callee.contact}>"])
    second = caller.expect(200, call_id=call.call_id)
    assert second.tag("to") == "second" and place(second.body) == a.to
    other = other_dialog(call, "second")
    caller.send(other.in_dialog("ACK", call.cseq))
    callee.expect("ACK", call_id=call.call_id)
    bye(other, there, 200)
    assert counter(daemon, "media.calls") == 1
    flows(a, b)
    assert c.drain() == []
    _, answer = reoffer(call, there, a.describe(version=2), b.describe(version=2))
    assert place(answer.body) == a.to, "it is anchored still"
    hang_up(call, there)
    record(daemon, call)
    assert daemon.ask("call list") == []


@pytest.mark.parametrize("status", [200, 481])
def test_a_bye_with_an_invented_tag_does_not_end_the_audio(daemon, pair, audio, status):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    bye(other_dialog(call, "invented"), there, status)
    assert counter(daemon, "media.calls") == 1
    flows(a, b)
    assert len(daemon.ask("call list")) == 1
    hang_up(call, there)
    record(daemon, call)


@pytest.fixture
def impatient():
    """Two phones whose calls end after two seconds of silence."""
    with Daemon(config='media { ports = "45000-60998" timeout = 2 }') as d:
        with Phone(d) as caller, Phone(d) as callee:
            yield caller.registered(), callee.registered()


def test_silence_is_counted_anew_after_a_hold(impatient, audio):
    caller, callee = impatient
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    flows(a, b)
    reoffer(call, there, a.describe(more="a=sendonly\r\n", version=2),
            b.describe(more="a=recvonly\r\n", version=2))
    callee.silence(2.5, "BYE")
    cseq = call.send("INVITE", [f"Contact: <{caller.contact}>"], a.describe(version=3))
    request = callee.expect("INVITE", call_id=call.call_id)
    callee.silence(0.6, "BYE")
    callee.respond(request, 200, tag=there.local_tag, body=b.describe(version=3),
                   extra=[f"Contact: <{callee.contact}>"])
    assert caller.final(call.call_id, cseq, "INVITE").status == 200
    caller.send(call.in_dialog("ACK", cseq))
    there.expect_ack()
    flows(a, b)
    hang_up(call, there)


def test_silence_is_counted_from_the_answer(impatient, audio):
    caller, callee = impatient
    a, b = audio(), audio()
    call = caller.call(callee.aor, body=a.describe())
    there = callee.expect_call()
    b.answer_to(there.request.body)
    there.ring()
    callee.silence(2.5)
    there.answer(b.describe())
    a.answer_to(call.answered().body)
    there.expect_ack()
    caller.silence(0.6, "BYE")
    flows(a, b)
    hang_up(call, there)


def test_a_stream_that_names_our_port_does_not_keep_others_from_being_anchored(pair, audio):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    loop = f"m=video {a.to[1]} RTP/AVP 31\r\nc=IN IP4 {a.to[0]}\r\na=inactive\r\n"
    request, _ = reoffer(call, there, a.describe(version=2, more=loop),
                         b.describe(version=2, more="m=video 0 RTP/AVP 31\r\n"))
    assert place(request.body) == b.to
    assert place(request.body, 1)[:2] != a.to[:2]
    flows(a, b)
    hang_up(call, there)


def test_a_call_may_not_begin_with_our_port_beside_a_port_elsewhere(pair, audio):
    a, b, c, d = (audio() for _ in range(4))
    caller, callee = pair
    call, there = talk(caller, callee, a, b)
    loop = f"m=video {a.to[1]} RTP/AVP 31\r\nc=IN IP4 {a.to[0]}\r\na=inactive\r\n"
    second, far = talk(caller, callee, c, d, c.describe(more=loop),
                       d.describe(more="m=video 0 RTP/AVP 31\r\n"))
    assert d.to[1] != c.port
    flows(c, d)
    flows(a, b)
    hang_up(second, far)
    hang_up(call, there)


def test_two_lines_at_one_address_have_ports_of_their_own(pair, audio):
    caller, callee = pair
    a, b = audio(), audio()
    callee.registered(contacts=[f"<sip:line{n}@{callee.address}>" for n in (1, 2)])
    call = caller.call(callee.aor, body=a.describe())
    busy, free = (callee.expect_call() for _ in range(2))
    assert place(busy.request.body) != place(free.request.body)
    busy.reject(486)
    b.answer_to(free.request.body)
    free.answer(b.describe())
    a.answer_to(call.answered().body)
    free.expect_ack()
    flows(a, b)
    hang_up(call, free)


def test_audio_is_as_before_when_offers_have_crossed(pair, audio):
    """Both sides refuse with 491 (RFC 3261 14.1)."""
    a, b, c = audio(), audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    sent = []
    for side, other, body in ((call, there, c.describe(version=2)),
                              (there, call, b.describe(version=2))):
        cseq, via = side.phone.next_cseq(call.call_id), side.phone.via()
        contact = [f"Contact: <{side.phone.contact}>"]
        side.phone.send(side.in_dialog("INVITE", cseq, contact, body, via=via))
        sent.append((side, other, cseq, via,
                     other.phone.expect("INVITE", call_id=call.call_id)))
    for side, other, cseq, via, request in sent:
        other.phone.respond(request, 491, "Request Pending", tag=other.local_tag)
        assert side.phone.final(call.call_id, cseq, "INVITE").status == 491
        side.phone.send(side.in_dialog("ACK", cseq, via=via))
        other.phone.expect("ACK", call_id=call.call_id)
    flows(a, b)
    assert c.drain() == []
    hang_up(call, there)


def test_an_answer_that_cannot_pass_ends_the_callees_call(daemon, pair, audio):
    caller, callee = pair
    call = caller.call(callee.aor, body=audio().describe())
    there = callee.expect_call()
    there.answer(b"v=0\r\nm=audio nonsense\r\n")
    assert call.final().status in range(500, 600)
    ack, end = callee.expect("ACK"), callee.expect("BYE")
    for request in (ack, end):
        assert request.call_id == call.call_id
        assert request.tag("to") == there.local_tag and request.tag("from") == call.local_tag
        assert request.uri == callee.contact
    assert ack.cseq == there.request.cseq and end.cseq > ack.cseq
    callee.respond(end, 200)
    assert record(daemon, call)["answered"] is None
    assert daemon.ask("call list") == []
    until(lambda: counter(daemon, "media.calls") == 0)


def test_an_answer_that_cannot_pass_leaves_the_call_to_other_phones(daemon, phone, audio):
    number, password = daemon.user_add()
    broken, sound = (phone(number, password).registered() for _ in range(2))
    caller, a, b = phone().registered(), audio(), audio()
    call = caller.call(sound.aor, body=a.describe())
    bad, good = broken.expect_call(), sound.expect_call()
    repeated = bad.answer(b"v=0\r\nm=audio nonsense\r\n")
    broken.expect("ACK")
    broken.respond(broken.expect("BYE"), 200)
    good.ring()
    call.progress(180)
    b.answer_to(good.request.body)
    good.answer(b.describe())
    a.answer_to(call.answered().body)
    good.expect_ack()
    broken.sock.sendto(repeated, bad.request.source)
    flows(a, b)
    caller.silence(0.2)
    hang_up(call, good)
    assert record(daemon, call)["status"] == 200


def test_a_call_is_shown_whose_audio_is_not_ours(audio):
    with Daemon(config='media { ports = "45000-60998" anchor = "nat" }') as d:
        phones = [Phone(d).registered() for _ in range(4)]
        plain = talk(*phones[:2], audio(), audio())
        a, b = audio(), audio()
        call = talk(*phones[2:], a, b, a.describe("10.20.30.40"), b.describe("10.20.30.40"))
        bye(other_dialog(call[0], "invented"), call[1], 481)
        listed = {c["from"]: (c["id"], c["anchored"]) for c in d.ask("call list")}
        assert [listed[phones[n].aor][1] for n in (0, 2)] == [False, True]
        for n in (0, 2):
            [shown] = d.ask("call show", id=listed[phones[n].aor][0])
            assert (shown["id"], shown["from"]) == (listed[phones[n].aor][0], phones[n].aor)
        hang_up(*call)
        hang_up(*plain)
        for p in phones:
            p.close()


def test_a_bye_of_ours_has_a_valid_cseq_behind_the_last_one(daemon, pair, audio):
    caller, callee = pair
    call, there = talk(caller, callee, audio(), audio())
    caller.send(call.in_dialog("OPTIONS", 2**31 - 1))
    callee.respond(callee.expect("OPTIONS"), 200)
    caller.expect(200, method="OPTIONS")
    daemon.ask("call hangup", id=daemon.ask("call list")[0]["id"])
    for side in (callee, caller):
        request = side.expect("BYE")
        assert 0 < request.cseq < 2**31
        side.respond(request, 200)
