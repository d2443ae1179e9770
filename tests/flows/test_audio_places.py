"""Where audio may be sent to, and whose calls may have how much of it: the server is no tool against
others, itself or its users."""

import random
import socket

import pytest
from offhook_flow import (Call, Daemon, Phone, fax, flows, hang_up, place, reoffer, talk,
                          until)


@pytest.fixture
def pair(phone):
    return phone().registered(), phone().registered()


def packets(daemon):
    return daemon.status()["counters"]["media.packets"]


def test_reports_cannot_be_made_to_go_round(daemon, phone, audio):
    """Each side of two calls names the other call's port as the place for its reports."""
    caller, callee = phone().registered(), phone().registered()
    a, b, c, d = (audio() for _ in range(4))
    one, other = talk(caller, callee, a, b), talk(caller, callee, c, d)

    def to(port):
        return f"a=rtcp:{port} IN IP4 127.0.0.1\r\n"

    reoffer(*one, a.describe(more=to(c.to[2]), version=2), b.describe(more=to(d.to[2]), version=2))
    reoffer(*other, c.describe(more=to(a.to[2]), version=2), d.describe(version=2))
    for _ in range(20):
        d.report()
    reoffer(*other, c.describe(more=to(a.to[2]), version=3), d.describe(more=to(b.to[2]), version=3))
    for _ in range(20):
        a.report(sock=a.rtp, to=a.to[:2])
    flows(a, b)
    flows(c, d)
    before = packets(daemon)
    a.drain(0.3)
    assert packets(daemon) == before
    hang_up(*one)
    hang_up(*other)


def bound(host, port):
    """A socket there."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.bind((host, port))
    except PermissionError:
        s.close()
        pytest.skip("ports below 1024 are for root")
    return s


def own_host():
    """An address of loopback that nobody else uses."""
    return "127." + ".".join(str(random.randrange(1, 255)) for _ in range(3))


def send_fax(caller, callee, a, host, port, data):
    """A call in which the callee names this place, and data of the caller to it; where it went."""
    call = caller.call(callee.aor, body=fax(a.host, a.port))
    there = callee.expect_call()
    there.answer(fax(host, port))
    to = place(call.answered().body)[:2]
    there.expect_ack()
    assert to != (host, port)
    for _ in range(10):
        a.rtp.sendto(data, to)
    return call, there


@pytest.mark.parametrize("port", [5060, 5061, 53])
def test_no_bytes_go_to_the_ports_of_other_services(phone, audio, port):
    host = own_host()
    caller, callee, a = phone().registered(), phone(host=host).registered(), audio()
    with bound(host, port) as victim:
        sides = send_fax(caller, callee, a, host, port, b"INVITE sip:+900@carrier SIP/2.0\r\n")
        victim.settimeout(0.3)
        with pytest.raises(TimeoutError):
            victim.recv(65536)
        hang_up(*sides)


def test_no_bytes_come_back_to_our_own_signalling(daemon, pair, audio):
    caller, callee = pair
    a = audio()
    request = (f"OPTIONS sip:{daemon.domain} SIP/2.0\r\n"
               f"Via: SIP/2.0/UDP 127.0.0.1:{a.port};branch=z9hG4bKloop\r\nMax-Forwards: 5\r\n"
               f"From: <sip:x@example.net>;tag=1\r\nTo: <sip:{daemon.domain}>\r\nCall-ID: loop\r\n"
               "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()
    sides = send_fax(caller, callee, a, "127.0.0.1", daemon.port, request)
    assert a.drain(0.3) == []
    hang_up(*sides)


def test_fax_passes_between_phones_that_are_where_they_say(pair, audio):
    caller, callee = pair
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b, fax(a.host, a.port), fax(b.host, b.port))
    until(lambda: all([b.hears(a), a.hears(b)]))
    hang_up(call, there)


@pytest.fixture
def open_house():
    """A daemon that trusts no network, with 32 pairs of ports."""
    first = random.randrange(24000, 32000, 2)
    with Daemon(config=f'guard {{ trusted = {{}} }}\nmedia {{ ports = "{first}-{first + 63}" }}') as d:
        yield d


def stranger_calls(phone, callee, body):
    """An INVITE of somebody who proves nothing: the call and its answer, 100 or a refusal."""
    call = Call(phone, callee.aor, frm="<sip:x@example.net>", authorize=False,
                body=body)
    call.invite()
    r = phone.expect({100, *range(300, 700)}, call_id=call.call_id, cseq=call.cseq)
    if r.status >= 300:
        call.ack_failure(r)
    return call, r


def video(count):
    return "".join(f"m=video {50000 + 2 * n} RTP/AVP 96\r\n" for n in range(count))


@pytest.fixture
def stranger(open_house):
    with Phone(open_house, host=own_host()) as p:
        yield p


@pytest.fixture
def users(open_house):
    with Phone(open_house) as caller, Phone(open_house) as callee:
        yield caller.registered(), callee.registered()


def test_a_stranger_has_two_streams_at_most(stranger, users, audio):
    a = audio()
    _, r = stranger_calls(stranger, users[1], a.describe(more=video(2)))
    assert r.status == 503 and int(r.get("retry-after")) > 0
    users[1].silence(0.2, "INVITE")
    call, r = stranger_calls(stranger, users[1], a.describe(more=video(1)))
    assert r.status == 100
    users[1].expect_call().reject(486)
    call.final()


def accepted(phone, callee, a):
    """A stranger's call that rings, as soon as more ports were opened."""
    found = []

    def rings():
        call, r = stranger_calls(phone, callee, a.describe())
        found[:] = [call]
        return r.status == 100

    until(rings)
    return found[0], callee.expect_call()


def test_strangers_have_a_quarter_of_the_ports_together(stranger, users, audio):
    caller, callee = users
    a, b = audio(), audio()
    calls = [accepted(stranger, callee, a) for _ in range(4)]  # two pairs each
    for _ in range(3):
        _, r = stranger_calls(stranger, callee, a.describe())
        assert r.status == 503 and int(r.get("retry-after")) > 0
    callee.silence(0.2, "INVITE")
    call, there = talk(caller, callee, a, b)
    flows(a, b)
    hang_up(call, there)
    for call, there in calls:
        there.reject(486)
        call.final()
    call, there = accepted(stranger, callee, a)
    there.reject(486)
    call.final()


def test_a_stranger_gets_no_more_by_asking_within_a_call(stranger, users, audio):
    caller, callee = users
    a, b = audio(), audio()
    calls = [accepted(stranger, callee, a) for _ in range(4)]
    for call, there in calls:
        there.answer(b.describe())
        call.answered()
        there.expect_ack()
        assert call.ask("UPDATE", body=a.describe(more=video(7))).status in (500, 503)
        callee.silence(0.05, "UPDATE")
    user, far = talk(caller, callee, a, b)
    flows(a, b)
    for sides in (*calls, (user, far)):
        hang_up(*sides)
    accepted(stranger, callee, a)[1].reject(486)


def test_what_strangers_are_refused_leaves_no_record(open_house, stranger, users, audio):
    caller, callee = users
    a = audio()
    call, _ = stranger_calls(stranger, callee, a.describe())
    callee.expect_call().reject(486)
    call.final()
    known = caller.call(callee.aor, body=a.describe())
    callee.expect_call().reject(486)
    known.final()
    found = until(lambda: open_house.ask("call history"))
    assert [r["call-id"] for r in found] == [known.call_id]


def test_long_names_are_cut_in_records(open_house, stranger, users, audio):
    caller, callee = users
    a, b = audio(), audio()
    frm, uri = f"<sip:{'y' * 900}@example.net>", f"{callee.aor};x={'z' * 900}"
    call = Call(stranger, uri, frm=frm, authorize=False, call_id="c" * 900, body=a.describe())
    call.invite()
    there = callee.expect_call()
    there.answer(b.describe())
    call.answered()
    there.expect_ack()
    hang_up(call, there)
    [found] = until(lambda: open_house.ask("call history"))
    assert found["from"] == frm[1:201] and found["to"] == uri[:200]
    assert found["call-id"] == "c" * 200
