"""kill -9 of each role under load: nothing acknowledged is lost, calls go on."""

import os
import select
import socket
import threading
import time

import pytest
from offhook_flow import Credentials, Daemon, Message, Phone, challenges, hang_up

RATE = 500  # REGISTER/s
USERS = 4000


class Load:
    """Sends RATE authenticated REGISTERs a second, each for another user, as a 7960 does that
    still has its nonce; remembers who got a 200."""

    def __init__(self, daemon, numbers, password):
        self.domain, self.server = daemon.domain, ("127.0.0.1", daemon.port)
        self.numbers, self.password = numbers, password
        self.acknowledged, self.sent, self.refused = set(), 0, {}
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.challenge, self.running = None, True
        self.thread = threading.Thread(target=self.run, daemon=True)

    def register(self, number, cseq):
        uri, answer = f"sip:{self.domain}", ""
        if self.challenge:
            answer = "Authorization: " + Credentials(number, self.password).answer(
                self.challenge, "REGISTER", uri) + "\r\n"
        text = (f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};"
                f"branch=z9hG4bK{number}x{cseq}\r\nFrom: sip:{number}@{self.domain}\r\n"
                f"To: sip:{number}@{self.domain}\r\nCall-ID: load-{number}\r\n"
                f"CSeq: {cseq} REGISTER\r\nUser-Agent: CSCO/7\r\n"
                f"Contact: <sip:{number}@127.0.0.1:{self.port}>\r\n{answer}"
                "Content-Length: 0\r\nExpires: 3600\r\n\r\n")
        try:
            self.sock.sendto(text.encode(), self.server)
        except ConnectionRefusedError:
            pass  # the daemon is just being restarted
        self.sent += 1

    def read(self, seconds):
        while select.select([self.sock], [], [], seconds)[0]:
            seconds = 0
            try:
                m = Message(self.sock.recv(65536))
            except ConnectionRefusedError:
                continue
            number = m.call_id.removeprefix("load-")
            if m.status == 200:
                self.acknowledged.add(number)
            elif m.status == 401:
                fresh = self.challenge is None
                self.challenge = challenges(m)[0]
                if not fresh:
                    self.register(number, m.cseq + 1)
            else:
                self.refused[m.status] = self.refused.get(m.status, 0) + 1

    def run(self):
        self.register(self.numbers[0], 1)
        while self.challenge is None and self.running:
            self.read(0.1)
        began, n = time.monotonic(), 0
        while self.running and n < len(self.numbers):
            due = int((time.monotonic() - began) * RATE)
            while n < min(due, len(self.numbers)):
                self.register(self.numbers[n], 10)
                n += 1
            self.read(0.002)
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            self.read(0.05)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.running = False
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.sock.close()

    def wait(self, more, seconds=10):
        """Waits until so many more users have their 200."""
        goal, end = len(self.acknowledged) + more, time.monotonic() + seconds
        while len(self.acknowledged) < goal:
            assert time.monotonic() < end, (len(self.acknowledged), goal, self.refused)
            time.sleep(0.01)


@pytest.fixture
def daemon():
    d = Daemon()
    try:
        d.start()
        yield d
        d.stop()
    finally:
        d.close()


def connected(daemon):
    """Two phones in a call: (phones, caller's side, callee's side)."""
    a, b = Phone(daemon), Phone(daemon)
    a.registered()
    b.registered()
    call = a.call(b.aor)
    there = b.expect_call()
    there.answer()
    call.answered()
    there.expect_ack()
    return (a, b), call, there


def lost(daemon, acknowledged):
    there = {row["number"] for row in daemon.registrations()}
    return sorted(acknowledged - there)


@pytest.mark.parametrize("role", ["keeper", "sip", "parent"])
def test_kill_9_loses_nothing_acknowledged_and_no_call(daemon, role):
    numbers = [f"559{n:04d}" for n in range(USERS)]
    daemon.users_import(numbers, "load")
    phones, *calls = connected(daemon)
    more_phones, *more_calls = connected(daemon)
    load = Load(daemon, numbers, "load").start()
    try:
        load.wait(700)
        before = set(load.acknowledged)
        daemon.kill_role(role)
        if role == "parent":
            daemon.start()
        missing = lost(daemon, before)
        assert not missing, f"{len(missing)} of {len(before)} lost, such as {missing[:3]}"
        load.wait(500)
    finally:
        load.stop()
    missing = lost(daemon, load.acknowledged)
    print(f"kill -9 of {role}: {load.sent} REGISTERs sent, {len(load.acknowledged)} acknowledged, "
          f"{len(before)} of them before the kill; {len(missing)} missing; refused {load.refused}")
    assert not missing
    call, there = calls
    hang_up(call, there)
    call, there = more_calls
    hang_up(there, call)
    again = phones[0].call(phones[1].aor)
    phones[1].expect_call().reject(486)
    assert again.final().status == 486
    for p in (*phones, *more_phones):
        p.close()


def test_a_stop_and_a_start_keep_users_and_bindings(daemon):
    with Phone(daemon) as a, Phone(daemon) as b:
        a.registered()
        b.registered()
        daemon.stop()
        daemon.start()
        assert [row["contact"] for row in daemon.registrations(b.number)] == [b.contact]
        a.call(b.aor)
        assert b.expect_call()


def test_a_nonce_outlives_a_restart(daemon):
    with Phone(daemon, agent="CSCO/7") as p:
        r = p.exchange(p.register_request(1), p.register_call_id, 1, "REGISTER")
        daemon.kill_role("sip")
        line = p.answer(r, "REGISTER", f"sip:{p.domain}")
        data = p.register_request(2, extra=[line])
        assert p.exchange(data, p.register_call_id, 2, "REGISTER").status == 200


def test_a_tcp_phone_is_reached_again_once_it_reconnects(daemon):
    with Phone(daemon) as a, Phone(daemon, transport="tcp") as b:
        b.registered()
        daemon.kill_role("sip")
        b.close()
        b.open()
        b.registered()
        a.call(b.aor)
        assert b.expect_call()


def test_a_full_disk_refuses_registers_and_keeps_calls():
    """No file may grow past 400 KB: REGISTER gets a 503 with Retry-After, calls go on."""
    with Daemon(file_limit=400 << 10) as d:
        phones, call, there = connected(d)
        with Phone(d) as p:
            status = 200
            for n in range(4000):
                r = p.register(contacts=[f"<sip:{'x' * 200}{n % 10}@192.0.2.1>"],
                               call_id=f"fill-{n % 10}", seconds=8)
                status = r.status
                if status != 200:
                    break
            assert status == 503 and r.get("retry-after"), str(r)
            for _ in range(5):
                p.register(seconds=8)
        again = phones[0].call(phones[1].aor)
        phones[1].expect_call().reject(486)
        assert again.final().status == 486
        hang_up(call, there)
        said = [line for line in d.stderr().splitlines() if "error" in line.lower()]
        assert 1 <= len(said) <= 3, said
        for p in phones:
            p.close()


def test_a_damaged_database_refuses_registers_and_keeps_calls(daemon):
    numbers = [f"558{n:05d}" for n in range(30000)]  # more than the keeper's cache holds
    for n in range(0, len(numbers), 10000):
        daemon.users_import(numbers[n:n + 10000], "secret")
    phones, call, there = connected(daemon)
    for name in ("-wal", ""):  # the log first, or writing it back could mend the file meanwhile
        with open(daemon.database + name, "r+b") as f:
            f.write(os.urandom(os.path.getsize(daemon.database + name)))
    refused = 0
    for number in numbers[::1500]:
        with Phone(daemon, number, "secret") as p:
            r = p.register(seconds=8)
            assert r.status == 200 or r.status == 503 and r.get("retry-after"), str(r)
            refused += r.status == 503
    assert refused and "is damaged" in daemon.stderr()
    hang_up(call, there)
    again = phones[0].call(phones[1].aor)
    phones[1].expect_call().reject(486)
    assert again.final().status == 486
    for p in phones:
        p.close()
