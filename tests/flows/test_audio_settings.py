"""The keys of media { } as phones feel them: whose audio is anchored, at which address, and what
happens when there are no ports left."""

import contextlib
import random

import pytest
from offhook_flow import Daemon, Phone, flows, hang_up, talk, until

PRIVATE = "10.20.30.40"  # of nobody here


@pytest.fixture
def office():
    """Makes a daemon with this media { } and two phones of it that are registered."""
    with contextlib.ExitStack() as stack:
        def make(media, contacts=None):
            d = stack.enter_context(Daemon(config=f"media {{ {media} }}"))
            phones = [stack.enter_context(Phone(d)) for _ in range(2)]
            phones[0].registered()
            phones[1].registered(contacts=contacts and [contacts.format(phones[1].number)])
            return phones
        yield make


def directly(a, b):
    """The phones send to each other."""
    assert a.to[:2] == (b.host, b.port) and b.to[:2] == (a.host, a.port)


def test_never_leaves_bodies_as_they_are(office, audio):
    caller, callee = office('anchor = "never"')
    a, b = audio(), audio()
    offer = a.describe(more="a=candidate:1 1 UDP 1 127.0.0.1 5 typ host\r\na=rtcp-mux\r\n")
    answer = b.describe(more="a=sendrecv\r\n")
    call = caller.call(callee.aor, body=offer)
    there = callee.expect_call()
    assert there.request.body == offer
    there.ring(183, answer)
    assert call.progress(183).body == answer
    there.answer(answer)
    assert call.answered().body == answer
    there.expect_ack()
    hang_up(call, there)


def test_never_takes_descriptions_that_are_none(office):
    caller, callee = office('anchor = "never"')
    body = b"v=0\r\nm=audio nonsense\r\n"
    call = caller.call(callee.aor, body=body)
    there = callee.expect_call()
    assert there.request.body == body
    there.reject(488)
    assert call.final().status == 488


def test_nat_leaves_phones_alone_that_are_where_they_say(office, audio):
    caller, callee = office('anchor = "nat" ports = "45000-60998"')
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    directly(a, b)
    hang_up(call, there)


def test_nat_anchors_a_caller_that_names_another_address(office, audio):
    caller, callee = office('anchor = "nat" ports = "45000-60998"')
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b, a.describe(PRIVATE))
    assert PRIVATE.encode() not in there.request.body.partition(b"c=IN")[2]
    assert b.to[1] != a.port and a.to[1] != b.port
    flows(a, b)
    hang_up(call, there)


class Behind(Phone):
    """Knows itself by a private address only."""

    @property
    def contact(self):
        return f"sip:{self.number}@{PRIVATE}:5060"


def test_nat_anchors_a_caller_who_describes_himself_later(office, audio):
    _, callee = office('anchor = "nat" ports = "45000-60998"')
    a, b = audio(), audio()
    with Behind(callee.daemon).registered() as caller:
        call = caller.call(callee.aor, body=b"")
        there = callee.expect_call()
        there.answer(b.describe())
        r = call.dialog(caller.final(call.call_id, call.cseq, "INVITE"))
        a.answer_to(r.body)
        caller.send(call.in_dialog("ACK", call.cseq, body=a.describe(PRIVATE)))
        b.answer_to(callee.expect("ACK", call_id=call.call_id, seconds=2).body)
        assert a.to[1] != b.port and b.to[0] == "127.0.0.1"
        flows(a, b)
        hang_up(call, there)


def test_nat_anchors_a_callee_whose_contact_is_elsewhere(office, audio):
    caller, callee = office('anchor = "nat" ports = "45000-60998"', f"<sip:{{}}@{PRIVATE}:5060>")
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b, answer=b.describe(PRIVATE))
    assert a.to[0] == "127.0.0.1" and a.to[1] != b.port
    flows(a, b)
    hang_up(call, there)


def test_phones_are_told_the_address_of_the_settings(office, audio):
    caller, callee = office('address = "127.0.0.9" ports = "45000-60998"')
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    assert a.to[0] == b.to[0] == "127.0.0.9"
    flows(a, b)
    hang_up(call, there)


def ports(pairs):
    """A range of so many pairs below those that the system gives away."""
    first = random.randrange(24000, 32000, 2)
    return f"{first}-{first + 2 * pairs - 1}"


@pytest.fixture
def narrow(office):
    """There are ports for one call."""
    return office(f'ports = "{ports(2)}"')


def full(caller, callee, body):
    """A call for which there are no ports."""
    r = caller.call(callee.aor, body=body).final()
    assert r.status == 503 and int(r.get("retry-after")) > 0, str(r)
    callee.silence(0.2, "INVITE")


def video(v):
    return f"m=video {v.port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


def ring(caller, callee, a, b, offer=None):
    """A call that rings as soon as there are ports: those of the last one come back in a moment."""
    def rings():
        nonlocal call
        call = caller.call(callee.aor, body=offer or a.describe())
        r = caller.expect({100, 503}, call_id=call.call_id, cseq=call.cseq)
        if r.status == 503:
            call.ack_failure(r)
        return r.status == 100

    call = None
    until(rings)
    there = callee.expect_call()
    b.answer_to(there.request.body)
    there.ring()
    call.progress(180)
    return call, there


def answer(call, there, a, b):
    there.answer(b.describe())
    a.answer_to(call.answered().body)
    there.expect_ack()
    flows(a, b)


@pytest.mark.parametrize("end", ["bye", "cancel", "refusal"])
def test_a_call_without_ports_is_refused_until_another_ends(narrow, audio, end):
    caller, callee = narrow
    a, b = audio(), audio()
    for _ in range(3):
        call, there = ring(caller, callee, a, b)
        if end == "bye":
            answer(call, there, a, b)
        full(caller, callee, a.describe())
        if end == "bye":
            hang_up(call, there)
            continue
        if end == "cancel":
            assert call.cancel().status == 200
            callee.respond(callee.expect("CANCEL"), 200, "OK")
        there.reject(487 if end == "cancel" else 486)
        call.final()
    assert caller.daemon.status()["counters"]["media.ports.exhausted"] >= 3


def test_a_call_that_wants_too_many_ports_leaves_them_to_others(narrow, audio):
    caller, callee = narrow
    a, b, v = audio(), audio(), audio()
    full(caller, callee, a.describe(more=video(v)))
    call, there = ring(caller, callee, a, b)
    answer(call, there, a, b)
    hang_up(call, there)


def test_further_streams_without_ports_leave_the_call_as_it_is(office, audio):
    caller, callee = office(f'ports = "{ports(4)}"')
    a, b, v = audio(), audio(), audio()
    call, there = ring(caller, callee, a, b)
    answer(call, there, a, b)
    via, cseq = caller.via(), caller.next_cseq(call.call_id)
    caller.send(call.in_dialog("INVITE", cseq, [f"Contact: <{caller.contact}>"],
                               a.describe(version=2, more=2 * video(v)), via=via))
    assert caller.final(call.call_id, cseq, "INVITE").status in (500, 503)
    caller.send(call.in_dialog("ACK", cseq, via=via))
    flows(a, b)
    hang_up(call, there)
    call, there = ring(caller, callee, a, b, a.describe(more=video(v)))
    assert there.request.body.count(b"m=video ") == 1, "all four pairs are there again"
    there.reject(486)
    call.final()


def test_a_call_that_finds_ports_on_one_side_only_leaves_them_to_others(narrow, audio):
    """Each family has its own; those of IPv6 are all in use."""
    caller, callee = narrow
    a, b, c, d = audio(), audio(), audio("::1"), audio("::1")
    with Phone(caller.daemon, ipv6=True) as far, Phone(caller.daemon, ipv6=True) as away:
        standing = ring(far.registered(), away.registered(), c, d)
        for _ in range(3):
            assert caller.call(far.aor, body=a.describe()).final().status in (500, 503)
        call, there = ring(caller, callee, a, b)
        answer(call, there, a, b)
        hang_up(call, there)
        answer(*standing, c, d)
        hang_up(*standing)
