"""Random bytes, and real messages that are cut or spoiled, over UDP, TCP and TLS: no role dies, and
phones go on."""

import random
import socket
import ssl
import time

import pytest
from offhook_flow import connected, hang_up, sdp

DAEMON = {"tls": True}
SECONDS = 1.2  # of each kind over each transport


def real_messages(caller, callee):
    """What a registration and a call are made of, as bytes: requests and responses of both sides."""
    seen = []

    def noting(p):
        send, respond, arrived = p.send, p.respond, p.arrived

        def sent(data):
            seen.append(data.encode() if isinstance(data, str) else data)
            send(data)

        def answered(*args, **more):
            data = respond(*args, **more)
            seen.append(data)
            return data

        def came(data, source):
            seen.append(data)
            arrived(data, source)

        p.send, p.respond, p.arrived = sent, answered, came

    noting(caller)
    noting(callee)
    caller.registered()
    callee.registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    there.ring()
    call.progress(180)
    there.answer()
    call.answered()
    there.expect_ack()
    cseq = call.send("UPDATE", body=sdp())
    caller_update = callee.expect("UPDATE")
    callee.respond(caller_update, 488, "No")
    caller.final(call.call_id, cseq, "UPDATE")
    hang_up(call, there)
    other = caller.call(callee.aor)
    callee.expect_call().reject(302, extra=["Contact: <sip:nobody@companyb.com>;q=0.5"])
    other.final()
    return [data for data in seen if data.strip()]


def noise(dice, messages):
    return dice.randbytes(dice.choice((3, 20, 100, 700, 4000)))


def cut(dice, messages):
    data = dice.choice(messages)
    return data[:dice.randrange(len(data))]


def spoiled(dice, messages):
    """A few bytes changed, left out, repeated, or taken from another message."""
    data = bytearray(dice.choice(messages))
    for _ in range(dice.randrange(1, 8)):
        at, size = dice.randrange(len(data)), dice.choice((1, 1, 2, 8, 60))
        what = dice.randrange(5)
        if what == 0:
            data[at:at + 1] = bytes([dice.choice(b"\0\r\n\t \"<>@:;,=%[]\\\xff09aZ")])
        elif what == 1:
            del data[at:at + size]
            data = data or bytearray(b"x")
        elif what == 2:
            data[at:at] = data[at:at + size] * dice.choice((1, 2, 40))
        elif what == 3:
            other = dice.choice(messages)
            start = dice.randrange(len(other))
            data[at:at] = other[start:start + size]
        else:
            lines = bytes(data).split(b"\r\n")
            dice.shuffle(lines)
            data = bytearray(b"\r\n".join(lines))
    return bytes(data)


class Stream:
    """A connection that is made again whenever the server has enough."""

    def __init__(self, daemon, tls):
        self.port = daemon.tls_port if tls else daemon.port
        self.context = daemon.authority.context() if tls else None
        self.sock, self.opened = None, 0

    def open(self):
        self.opened += 1
        self.sock = socket.create_connection(("127.0.0.1", self.port), 5)
        if self.context:
            self.sock = self.context.wrap_socket(self.sock, server_hostname="127.0.0.1")
        self.sock.settimeout(0.5)

    def send(self, data):
        if self.sock is None:
            self.open()
        try:
            self.sock.sendall(data)
            self.drain()
        except OSError:
            self.close()

    def drain(self):
        self.sock.settimeout(0)
        try:
            while True:
                if not self.sock.recv(65536):
                    raise ConnectionError
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self.sock.settimeout(0.5)

    def close(self):
        self.sock.close()
        self.sock = None


class Datagrams:
    def __init__(self, daemon):
        self.server, self.opened = ("127.0.0.1", daemon.port), 1
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))

    def send(self, data):
        self.sock.sendto(data, self.server)

    def close(self):
        self.sock.close()


def way_of(daemon, transport):
    return Datagrams(daemon) if transport == "udp" else Stream(daemon, transport == "tls")


@pytest.mark.parametrize("kind", [noise, cut, spoiled])
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_garbage_harms_nobody(daemon, phone, transport, kind):
    callee = phone(transport=transport)
    messages = real_messages(phone(transport=transport), callee)
    dice, way, count = random.Random(f"{transport} {kind.__name__}"), way_of(daemon, transport), 0
    starts, end = daemon.starts(), time.monotonic() + SECONDS
    while time.monotonic() < end:
        way.send(kind(dice, messages))
        count += 1
        if count % 20 == 0 and transport != "udp" and way.sock:
            way.close()
        elif transport == "udp" and count % 100 == 0:
            time.sleep(0.005)
    if way.sock:
        way.close()
    print(f"{count} pieces, {way.opened} connections, {len(messages)} real messages")
    assert count > 100
    well(daemon, phone, transport)
    assert daemon.starts() == starts


def well(daemon, phone, transport):
    """A phone registers and calls another."""
    caller, callee = phone(transport=transport).registered(), phone().registered()
    call, there = connected(caller, callee)
    hang_up(there, call)
