"""The audio of a phone: a pair of UDP sockets, what it sends and what it hears."""

import contextlib
import random
import re
import select
import socket
import struct
import time

from .wait import until

WAIT = 4.0  # s
PACE = 0.02  # s between packets of a phone


def place(body, stream=0):
    """(host, port, RTCP port) of a stream of a description: where its writer is to be sent to."""
    text = body.decode()
    session, *streams = re.split(r"(?m)^(?=m=)", text)
    lines = streams[stream]
    c = re.search(r"(?m)^c=IN IP[46] (\S+)", lines) or re.search(r"(?m)^c=IN IP[46] (\S+)", session)
    port = int(re.match(r"m=\S+ (\d+)", lines)[1])
    rtcp = re.search(r"(?m)^a=rtcp:(\d+)", lines)
    return c[1], port, int(rtcp[1]) if rtcp else port + 1


def fax(host, port):
    """A description of T.38 over UDPTL: datagrams without a form that could be checked."""
    return (f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=image {port} udptl t38\r\n").encode()


class Audio:
    """One phone's RTP and RTCP, on an even port and the next. namespace: see network.py."""

    def __init__(self, host="127.0.0.1", where=None, ssrc=None):
        self.host = host
        self.where = where or contextlib.nullcontext
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.ip = "IP6" if ":" in host else "IP4"
        self.ssrc = ssrc or random.getrandbits(32)
        self.sequence, self.timestamp = random.getrandbits(16), random.getrandbits(32)
        self.to = None  # (host, port, RTCP port), from the other side's description
        with self.where():
            self.rtp, self.rtcp = self.pair()
        self.port = self.rtp.getsockname()[1]

    def pair(self):
        for _ in range(200):
            port = random.randrange(34000, 44000, 2)
            rtp, rtcp = (socket.socket(self.family, socket.SOCK_DGRAM) for _ in range(2))
            try:
                rtp.bind((self.host, port))
                rtcp.bind((self.host, port + 1))
                return rtp, rtcp
            except OSError:
                rtp.close()
                rtcp.close()
        raise AssertionError("no free pair of ports")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.rtp.close()
        self.rtcp.close()

    def moved(self):
        """The NAT gives other ports: the same stream from other sockets."""
        old = self.rtp, self.rtcp
        with self.where():
            self.rtp, self.rtcp = self.pair()
        for s in old:
            s.close()

    def describe(self, address=None, port=None, more="", session="", version=1):
        """A description of this phone's audio. more: lines of the stream; session: of the head."""
        address = address or self.host
        family = "IP6" if ":" in address else "IP4"
        return (f"v=0\r\no=- 1 {version} IN {family} {address}\r\ns=-\r\n"
                f"c=IN {family} {address}\r\nt=0 0\r\n{session}"
                f"m=audio {port or self.port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
                f"a=rtpmap:101 telephone-event/8000\r\n{more}").encode()

    def answer_to(self, body, stream=0):
        """Sends from now on where body says."""
        self.to = place(body, stream)
        return self

    def twin(self, **more):
        """The same stream from other sockets, while these stay."""
        other = Audio(self.host, self.where, **{"ssrc": self.ssrc, **more})
        other.sequence, other.timestamp, other.to = self.sequence, self.timestamp, self.to
        return other

    def packet(self, payload=b"", kind=0):
        self.sequence = (self.sequence + 1) & 0xffff
        self.timestamp = (self.timestamp + 160) & 0xffffffff
        return struct.pack("!BBHII", 0x80, kind, self.sequence, self.timestamp,
                           self.ssrc) + payload.ljust(160, b"\xd5")

    def send(self, payload=b"", to=None):
        """One packet of RTP; returns its bytes."""
        data = self.packet(payload)
        self.rtp.sendto(data, to or self.to[:2])
        return data

    def report(self, ntp=None, blocks=(), to=None, sock=None):
        """One sender report of RTCP; returns its bytes. blocks: (ssrc, fraction, lost, lsr, dlsr)."""
        ntp = ntp or random.getrandbits(64) | 1 << 16
        data = struct.pack("!BBHIQIII", 0x80 | len(blocks), 200, 6 + 6 * len(blocks), self.ssrc, ntp,
                           self.timestamp, 1, 160)
        for ssrc, fraction, lost, lsr, dlsr in blocks:
            data += struct.pack("!IIIIII", ssrc, fraction << 24 | lost, self.sequence, 0, lsr, dlsr)
        (sock or self.rtcp).sendto(data, to or (self.to[0], self.to[2]))
        return data

    def hear(self, sock=None, seconds=WAIT):
        """The next packet: (bytes, source)."""
        sock = sock or self.rtp
        assert select.select([sock], [], [], seconds)[0], f"nothing came to port {self.port}"
        data, source = sock.recvfrom(65536)
        return data, source[:2]

    def hears(self, other, seconds=0.1):
        """Does the next packet of the other one come here?"""
        sent, end = other.send(), time.monotonic() + seconds
        while select.select([self.rtp], [], [], max(0, end - time.monotonic()))[0]:
            if self.rtp.recv(65536) == sent:
                return True
        return False

    def drain(self, seconds=0.0):
        """All that has come, and comes within so many seconds: bytes of RTP and RTCP packets."""
        got, end = [], time.monotonic() + seconds
        while True:
            ready = select.select([self.rtp, self.rtcp], [], [], max(0, end - time.monotonic()))[0]
            if not ready:
                return got
            got += [s.recvfrom(65536)[0] for s in ready]


def converse(a, b, rounds=10):
    """So many packets each way at the pace of a phone, whatever becomes of them."""
    for _ in range(rounds):
        a.send()
        b.send()
        time.sleep(PACE)


def stream(daemon):
    """What the daemon says of the audio of its only call."""
    call, = daemon.ask("call list")
    shown, = daemon.ask("call show", id=call["id"])
    return shown["audio"][0]


def relayed(a, b, count=10):
    """`count` packets each way, each of which has to come, from our port and unchanged. But for the
    first: it may be faster than what is told of its sender."""
    for one, other in ((a, b), (b, a)):
        for number in range(count):
            sent = one.send()
            if number == 0 and not select.select([other.rtp], [], [], 1)[0]:
                sent = one.send()
            data, source = other.hear()
            assert data == sent
            assert source == other.to[:2], f"it came from {source}, not from {other.to}"


def flows(a, b):
    """The same as soon as audio passes: an answer may be faster than what it says to the relay."""
    until(lambda: all([b.hears(a), a.hears(b)]))
    relayed(a, b, 3)


def reported(a, b):
    """The same for RTCP, which a phone repeats: a flood at its port may have filled the socket."""
    for one, other in ((a, b), (b, a)):
        for _ in range(5):
            sent = one.report()
            if select.select([other.rtcp], [], [], 1)[0]:
                break
        data, source = other.hear(other.rtcp)
        assert data == sent
        assert source == (other.to[0], other.to[2])


def talk(caller, callee, a, b, offer=None, answer=None):
    """A call whose audio runs from a to b: (caller's side, callee's side)."""
    call = caller.call(callee.aor, body=offer or a.describe())
    there = callee.expect_call()
    b.answer_to(there.request.body)
    there.ring()
    there.answer(answer or b.describe())
    a.answer_to(call.answered().body)
    there.expect_ack()
    return call, there


def reoffer(call, there, offer=b"", answer=b"", method="INVITE", status=200, extra=(), ack=b""):
    """A request of this side inside the dialog and the other's answer, as the other side and this
    one have got them. ack: the body of the ACK, which has to be there in this case."""
    phone, via = call.phone, call.phone.via()
    cseq = phone.next_cseq(call.call_id)
    contact = [f"Contact: <{phone.contact}>"]
    phone.send(call.in_dialog(method, cseq, [*contact, *extra], offer, via=via))
    request = there.phone.expect(method, call_id=call.call_id)
    there.phone.respond(request, status, tag=there.local_tag, body=answer,
                        extra=[f"Contact: <{there.phone.contact}>"])
    r = phone.final(call.call_id, cseq, method)
    assert r.status == status, str(r)
    if method == "INVITE":
        phone.send(call.in_dialog("ACK", cseq, body=ack, via=via if status >= 300 else None))
        acknowledged = there.phone.expect("ACK", call_id=call.call_id)
        return (acknowledged if ack else request), r
    return request, r
