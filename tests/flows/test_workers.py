"""Several workers: each holds a share of the connections, and a call crosses from one to another."""

import random
import socket
import threading

import pytest
from offhook_flow import Daemon, Phone, connected, hang_up, until

DAEMON = {"workers": 2, "tls": True}
CALLS = 1000
ENDS = 8  # callers on one worker, and callees on the other


def workers(daemon):
    return daemon.status()["workers"]


def connections(daemon):
    return [w["connections"] for w in workers(daemon)]


class Sorted:
    """Phones over a stream, sorted by the worker that holds their connection. A worker tells what it
    has within 250 ms."""

    def __init__(self, daemon, transport):
        self.daemon, self.transport = daemon, transport
        self.phones = [[], []]

    def add(self):
        before = connections(self.daemon)
        p = Phone(self.daemon, transport=self.transport)
        until(lambda: connections(self.daemon) != before)
        after = connections(self.daemon)
        self.phones[0 if after[0] > before[0] else 1].append(p)

    def fill(self, count):
        while min(len(p) for p in self.phones) < count:
            self.add()
        for p in [p for phones in self.phones for p in phones]:
            p.registered()
        return [phones[:count] for phones in self.phones]

    def close(self):
        for p in [p for phones in self.phones for p in phones]:
            p.close()


@pytest.fixture(params=["tcp", "tls"])
def ends(daemon, request):
    phones = Sorted(daemon, request.param)
    yield phones.fill(ENDS)
    phones.close()


def test_1000_calls_between_the_connections_of_two_workers(daemon, ends):
    before = workers(daemon)
    for n in range(CALLS):
        call, there = connected(ends[n % 2][n // 2 % ENDS], ends[1 - n % 2][n // 3 % ENDS])
        hang_up(*((call, there) if n % 3 else (there, call)))
    until(lambda: sum(w["messages"] for w in workers(daemon)) >=
                 sum(w["messages"] for w in before) + 7 * CALLS)
    for was, now in zip(before, workers(daemon)):
        assert now["messages"] - was["messages"] >= 3 * CALLS
        assert now["sent"] - was["sent"] >= 3 * CALLS


def test_datagrams_are_dealt_with_by_the_first_worker_while_it_has_time(daemon, phone):
    before = workers(daemon)
    hang_up(*connected(phone().registered(), phone().registered()))
    after = workers(daemon)
    assert after[0]["datagrams"] >= before[0]["datagrams"] + 11
    assert after[1]["datagrams"] == 0
    assert after[1]["sent"] == before[1]["sent"]


def test_a_closed_connection_is_known_wherever_it_was(ends):
    """A call does not wait for the 32 s of a timer: nobody listens where the phone was."""
    for caller, callee in ((ends[0][0], ends[1][0]), (ends[1][1], ends[0][1])):
        callee.close()
        assert caller.call(callee.aor).final(seconds=2).status == 500


def test_a_call_lives_through_a_new_sip_role(daemon):
    """Connections end with the role; over UDP a call that stands can still be ended."""
    with Daemon(workers=3) as d, Phone(d) as caller, Phone(d) as callee:
        call, there = connected(caller.registered(), callee.registered())
        d.kill_role("sip")
        d.wait_ready()
        hang_up(there, call)


def test_a_port_that_is_taken_is_found_though_workers_share_theirs():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        d = Daemon(workers=2, listen=[f"udp:127.0.0.1:{taken.getsockname()[1]}"])
        try:
            d.start(wait=False)
            assert d.process.wait(10) == 1
            assert "is taken by another program" in d.stderr()
            assert len(d.stderr().splitlines()) == 1
        finally:
            d.close()


def test_connections_that_come_and_go_at_once(daemon):
    """Whoever closes while others call breaks nothing."""
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            with socket.create_connection(("127.0.0.1", daemon.port), 5) as s:
                s.sendall(b"\r\n\r\n" + b"OPTIONS sip:x SIP/2.0\r\n" * random.randrange(3))
                assert s.recv(10) == b"\r\n"

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        with Phone(daemon, transport="tcp") as a, Phone(daemon, transport="tcp") as b:
            a.registered(), b.registered()
            for _ in range(100):
                hang_up(*connected(a, b))
    finally:
        stop.set()
        for t in threads:
            t.join()
    until(lambda: sum(connections(daemon)) == 0)
