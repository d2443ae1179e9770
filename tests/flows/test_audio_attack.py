"""Who signalled nothing neither hears a call nor is heard in it, whatever he sends, and when."""

import contextlib
import os
import signal
import socket
import struct
import time

import pytest
from offhook_flow import hang_up, place, relayed, reported, talk

STRANGER = "127.0.0.9"
PACE = 0.02  # s between packets of a phone


def rtp(ssrc, sequence):
    return struct.pack("!BBHII", 0x80, 0, sequence & 0xffff, 160 * sequence & 0xffffffff,
                       ssrc) + b"evil" * 40


def rtcp(ssrc, kind):
    """A sender report (200) or a BYE (203)."""
    rest = b"evilevil" * 2 + b"evil" if kind == 200 else b""
    return struct.pack("!BBHI", 0x80 | (kind == 203), kind, 1 + len(rest) // 4, ssrc) + rest


class Stranger:
    """Knows every port and sees every packet of the phones; only his address is his own."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((STRANGER, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def knock(self, *phones, count=10):
        """Runs of his own and runs that go on where a phone is, at all ports of the phones' legs."""
        for p in phones:
            host, port, rtcp_port = p.to
            for n in range(1, count + 1):
                for ssrc, sequence in ((0xbad, n), *((q.ssrc, q.sequence + n) for q in phones)):
                    self.sock.sendto(rtp(ssrc, sequence), (host, port))
                    self.sock.sendto(rtp(ssrc, sequence), (host, rtcp_port))
            for ssrc in (0xbad, *(q.ssrc for q in phones)):
                for kind in (200, 203):
                    for to in (port, rtcp_port):
                        self.sock.sendto(rtcp(ssrc, kind), (host, to))

    def heard(self):
        """How many packets came to him so far."""
        count = 0
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.sock.recv(65536):
                count += 1
        return count


@pytest.fixture
def stranger():
    with Stranger() as s:
        yield s


@pytest.fixture
def two(phone):
    return phone().registered(), phone().registered()


def pace(one, count):
    """So many packets at the pace of a phone: their bytes."""
    sent = []
    for _ in range(count):
        sent.append(one.send())
        time.sleep(PACE)
    return sent


def expect_only(one, sent):
    """What comes to one is `sent`, in this order, and nothing else."""
    assert [one.hear()[0] for _ in sent] == sent
    assert one.drain(0.1) == []


def ring_with(there, b):
    """183 with a description of b."""
    there.phone.respond(there.request, 183, "Session Progress", tag=there.local_tag,
                        extra=[f"Contact: <{there.phone.contact}>"], body=b.describe())


def test_a_stranger_gets_nothing_of_a_call_and_adds_nothing(two, audio, stranger):
    a, b = audio(), audio()
    call = two[0].call(two[1].aor, body=a.describe())
    there = two[1].expect_call()
    stranger.knock(b.answer_to(there.request.body))
    ring_with(there, b)
    stranger.knock(a.answer_to(call.progress(183).body), b)
    there.answer(b.describe())
    call.answered()
    there.expect_ack()
    stranger.knock(a, b)
    for _ in range(20):
        relayed(a, b, 1)
        stranger.knock(a, b, count=5)
    reported(a, b)
    stranger.knock(a, b)
    reported(a, b)
    assert a.drain(0.2) == [] and b.drain() == []
    assert stranger.heard() == 0
    hang_up(call, there)


def test_a_stranger_gets_nothing_when_phones_fall_silent(two, audio, stranger):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    relayed(a, b)
    reported(a, b)
    for _ in range(4):
        assert a.drain(0.3) == [] and b.drain() == []
        stranger.knock(a, b)
    relayed(a, b)
    reported(a, b)
    assert a.drain(0.1) == [] and b.drain() == []
    assert stranger.heard() == 0
    hang_up(call, there)


@pytest.mark.parametrize("attribute", ["a=recvonly\r\n", ""], ids=["recvonly", "sendrecv"])
def test_who_only_listens_is_heard_of_by_nobody_else(two, audio, stranger, attribute):
    a, b = audio(), audio()
    call, there = talk(*two, a, b, answer=b.describe(more=attribute))
    for _ in range(10):
        stranger.knock(b, count=10)
        expect_only(b, [a.send() for _ in range(3)])
    assert a.drain(0.1) == []
    assert stranger.heard() == 0
    hang_up(call, there)


def test_a_flood_does_not_drown_a_call(two, audio, stranger):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    relayed(a, b, 3)
    for n in range(10):
        for to in (a.to[:2], b.to[:2]):
            for i in range(300):
                stranger.sock.sendto(rtp(a.ssrc, a.sequence + i), to)
        relayed(a, b, 3)
    assert a.drain(0.1) == [] and b.drain() == []
    hang_up(call, there)


def test_what_lies_in_a_socket_before_it_is_locked_is_judged_too(daemon, two, audio, stranger):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    media = daemon.role("media")["pid"]
    os.kill(media, signal.SIGSTOP)
    try:
        sent = []
        for _ in range(5):
            stranger.knock(a, b, count=3)
            sent += [a.send(), a.send()]
        stranger.knock(a, b, count=3)
    finally:
        os.kill(media, signal.SIGCONT)
    expect_only(b, sent)
    assert a.drain() == []
    assert stranger.heard() == 0
    hang_up(call, there)


def test_another_port_of_the_phone_is_taken_after_a_run(two, audio):
    """Some phones send from another port than the one that they listen at."""
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    with a.twin() as out:
        for _ in range(3):
            out.send()
        assert b.drain(0.2) == []
        expect_only(b, [out.send() for _ in range(5)])
        expect_only(a, [b.send() for _ in range(5)])
        assert out.drain() == [], "audio goes where the description says"
    hang_up(call, there)


@pytest.mark.parametrize("copied", [True, False])
def test_another_port_is_not_taken_while_the_phone_sends(two, audio, copied):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    relayed(a, b, 2)
    with a.twin(ssrc=a.ssrc if copied else 99) as other:
        for _ in range(30):
            sent = a.send()
            other.sequence = a.sequence
            other.send()
            assert b.hear()[0] == sent
            b.send()
            a.hear()
        assert b.drain(0.1) == [] and other.drain() == []
    hang_up(call, there)


def test_early_media_passes_once_its_source_is_described(two, audio, stranger):
    caller, callee = two
    a, b = audio(), audio()
    call = caller.call(callee.aor, body=a.describe())
    there = callee.expect_call()
    b.answer_to(there.request.body)
    for _ in range(10):
        b.send()
    assert a.drain(0.2) == [], "nobody has said yet who this is"
    ring_with(there, b)
    a.answer_to(call.progress(183).body)
    stranger.knock(a, b)
    relayed(a, b, 5)
    there.answer(b.describe())
    assert place(call.answered().body) == a.to
    there.expect_ack()
    relayed(a, b, 5)
    assert stranger.heard() == 0
    hang_up(call, there)


def test_a_phone_may_go_on_from_another_port(two, audio, stranger):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    relayed(a, b)
    with a.twin() as moved:
        sent = pace(moved, 50)
        stranger.knock(moved, b)
        came = b.drain(0.1)
        assert came and came == sent[-len(came):], "from some packet of the first second on"
        expect_only(b, [moved.send() for _ in range(5)])
        expect_only(a, [b.send() for _ in range(5)])
        assert moved.drain() == [], "audio goes where the description says"
    assert stranger.heard() == 0
    hang_up(call, there)


@pytest.mark.parametrize("other", ["ssrc", "sequence"])
def test_another_stream_from_another_port_is_not_taken(two, audio, other):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    relayed(a, b)
    with a.twin(ssrc=99 if other == "ssrc" else a.ssrc) as moved:
        if other == "sequence":
            moved.sequence = a.sequence + 10000 & 0xffff
        pace(moved, 40)
        assert b.drain(0.1) == []
    relayed(a, b, 3)
    hang_up(call, there)


def test_a_new_description_lets_another_stream_begin(two, audio, stranger):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    relayed(a, b)
    cseq = call.send("INVITE", extra=[f"Contact: <{two[0].contact}>"], body=a.describe(version=2))
    request = two[1].expect("INVITE", call_id=call.call_id)
    two[1].respond(request, 200, "OK", tag=there.local_tag,
                   extra=[f"Contact: <{two[1].contact}>"], body=b.describe())
    assert two[0].final(call.call_id, cseq, "INVITE").status == 200
    two[0].send(call.in_dialog("ACK", cseq))
    two[1].expect("ACK", call_id=call.call_id)
    with a.twin(ssrc=99) as other:
        stranger.knock(a, b)
        sent = pace(other, 50)
        stranger.knock(a, b)
        came = b.drain(0.1)
        assert came and came == sent[-len(came):]
    assert stranger.heard() == 0
    hang_up(call, there)
