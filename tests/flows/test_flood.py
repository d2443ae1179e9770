"""Floods and lies of strangers: bounded memory, nothing relayed, and phones that never notice."""

import re
import socket
import ssl
import time

import pytest
from offhook_flow import challenges, connected, hang_up, until

DAEMON = {"config": "guard { users = 10 ban = 600 }", "tls": True}
FLOOD = 20000
GROWTH = 40 << 10  # KB that a flood may cost the sip role; ASan doubles what it would be
STRANGERS = 2000  # requests that strangers may have under way


def counters(daemon):
    return daemon.status()["counters"]


def grown(daemon, before):
    return {k: v - before.get(k, 0) for k, v in counters(daemon).items() if v != before.get(k, 0)}


def pss(daemon):
    """KB of memory of the sip role."""
    with open(f"/proc/{daemon.role('sip')['pid']}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


class Flood:
    """Sockets at many addresses that send INVITEs with new Call-IDs."""

    def __init__(self, daemon, hosts):
        self.server, self.sockets, self.sent, self.arrived = ("127.0.0.1", daemon.port), [], 0, []
        for host in hosts:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            s.bind((host, 0))
            s.setblocking(False)
            self.sockets.append(s)

    def send(self, count, uri, frm, extra=lambda: ""):
        """Sends count INVITEs, about as fast as the daemon takes them from its socket."""
        for n in range(count):
            s = self.sockets[n % len(self.sockets)]
            host, port = s.getsockname()
            self.sent += 1
            s.sendto((f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch="
                      f"z9hG4bKf{port}x{self.sent}\r\nMax-Forwards: 70\r\n"
                      f"From: <{frm}>;tag={self.sent}\r\nTo: <{uri}>\r\n"
                      f"Call-ID: flood-{port}-{self.sent}\r\nCSeq: 1 INVITE\r\n"
                      f"Contact: <sip:x@{host}:{port}>\r\n{extra()}"
                      "Content-Length: 0\r\n\r\n").encode(), self.server)
            if n % 50 == 49:
                time.sleep(0.002)
            if n % 500 == 499:
                self.read()

    def read(self):
        """Takes what has arrived, and acknowledges each failure; how much it was."""
        count = 0
        for s in self.sockets:
            try:
                while True:
                    data = s.recv(65536)
                    count += 1
                    if data[8:9] > b"2":
                        s.sendto(ack(data), self.server)
                    if count % 50 == 0:
                        time.sleep(0.002)
            except BlockingIOError:
                pass
        return count

    def close(self):
        for s in self.sockets:
            s.close()


def ack(response):
    """The ACK of a failure."""
    lines = re.findall(rb"(?m)^(?:Via|From|To|Call-ID): .*\r\n", response)
    uri = re.search(rb"(?m)^To: <([^>]*)", response)[1]
    return (b"ACK " + uri + b" SIP/2.0\r\n" + b"".join(lines)
            + b"CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def flood(daemon):
    made = []

    def make(hosts):
        made.append(Flood(daemon, hosts))
        return made[-1]

    yield make
    for f in made:
        f.close()


@pytest.fixture
def well(daemon, phone):
    """Two phones at addresses of their own, and what has to hold after a flood."""
    caller, callee = phone(host="127.0.200.1").registered(), phone(host="127.0.200.2").registered()
    before = pss(daemon)

    def check():
        began = time.monotonic()
        assert caller.register().status == 200
        call = caller.call(callee.aor)
        callee.respond(callee.expect("INVITE", 2), 486, "Busy", tag="busy")
        assert call.final(2).status == 486
        took, more = time.monotonic() - began, pss(daemon) - before
        print(f"registered and called in {took * 1000:.0f} ms; memory +{more} KB")
        assert took < 2 and more < GROWTH

    return check


ONE = ["127.0.100.1"]
MANY = [f"127.0.{101 + n // 250}.{1 + n % 250}" for n in range(400)]
GUESS = ('Proxy-Authorization: Digest username="5550000", realm="companyb.com", '
         'nonce="0123456789abcdef0123456789abcdef", uri="sip:x@companyb.com", '
         f'response="{"0" * 32}", algorithm=MD5\r\n')


@pytest.mark.parametrize("extra", ["", GUESS], ids=["without", "with"])
@pytest.mark.parametrize("hosts", [ONE, MANY], ids=["one", "many"])
def test_20000_invites_in_a_burst(daemon, flood, well, hosts, extra):
    """In the name of a user, with and without something that looks like credentials."""
    before = counters(daemon)
    flood(hosts).send(FLOOD, "sip:x@companyb.com", "sip:5550000@companyb.com", lambda: extra)
    well()
    more = grown(daemon, before)
    print(f"{len(hosts)} sources: {more}")
    assert daemon.status()["transactions"] <= 8  # those of the two phones
    if len(hosts) == 1:
        assert more["guard.rate-limited"] > FLOOD // 2
    else:
        assert more["auth.challenges"] > FLOOD // 2


def emptied(daemon, floods, victim):
    """The phone that all these calls ring at goes: nothing is left of them."""
    victim.close()
    until(lambda: sum(f.read() for f in floods) + daemon.status()["transactions"] <= 8, 8)
    assert counters(daemon)["calls.setting-up"] == 0


def test_20000_calls_that_ring(daemon, flood, well, phone):
    """A user uses up what his address may send, and nobody else's; strangers may call, but all of
    them together have no more than so many calls at a time."""
    victim, floods = phone(transport="tcp").registered(), []
    caller = phone(host="127.0.110.1")
    caller.send(caller.request("INVITE", victim.aor, frm=f"<{caller.aor}>;tag=1",
                               to=f"<{victim.aor}>", call_id="flood", cseq=1))
    challenge = challenges(caller.expect(407))[0]
    before = counters(daemon)
    floods.append(flood(["127.0.110.1"]))
    floods[0].send(FLOOD, victim.aor, caller.aor, lambda: "Proxy-Authorization: " +
                   caller.credentials.answer(challenge, "INVITE", victim.aor) + "\r\n")
    well()
    more = grown(daemon, before)
    print(f"a user: {more}")
    assert more["guard.rate-limited"] > FLOOD // 2 and more["auth.proven"] < 3000

    before, had = counters(daemon), daemon.status()["transactions"]
    floods.append(flood([host.replace("127.0.", "127.1.") for host in MANY]))
    floods[1].send(FLOOD, victim.aor, "sip:x@other.example")
    assert daemon.status()["transactions"] <= had + 2 * STRANGERS + 8
    well()
    more = grown(daemon, before)
    print(f"strangers: {more}")
    assert more["proxy.strangers.limited"] > FLOOD // 2
    emptied(daemon, floods, victim)


SIZES = ["4294967296", "4294967295", "4294967299", "18446744073709551617", "1000000000", "-1"]


def sized(p, size):
    """An INVITE that says to have a body of this size."""
    data = p.request("INVITE", p.aor, frm="<sip:x@other.example>;tag=1", to=f"<{p.aor}>",
                     call_id=f"size{size}", cseq=1)
    return data.replace(b"Content-Length: 0", f"Content-Length: {size}".encode()) + b"v=0\r\n"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_content_length_of_4_gb_is_refused(daemon, phone, transport):
    """A datagram is answered with 400, a stream is lost: it is closed at once."""
    before = pss(daemon)
    for size in SIZES:
        p = phone("5550000", "none", transport=transport)
        p.send(sized(p, size))
        if transport == "udp":
            assert p.expect(range(100, 700)).status == 400
            continue
        with pytest.raises((ConnectionError, ssl.SSLError)):
            p.expect(range(200, 300), 3)
    assert pss(daemon) - before < 4096


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_content_length_of_4_gb_from_a_phone_inside_a_call(phone, transport):
    """Whatever becomes of him: the other one hears nothing of it, and can hang up."""
    caller, callee = phone(transport=transport).registered(), phone().registered()
    call, there = connected(caller, callee)
    data = call.in_dialog("INFO", caller.next_cseq(call.call_id))
    caller.send(data.replace(b"Content-Length: 0", b"Content-Length: 4294967299") + b"v=0\r\n")
    callee.silence(0.2, "INFO")
    there.send("BYE")


@pytest.fixture
def trap():
    """A socket that must not receive anything, and its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.210.1", 0))
        yield s, "127.0.210.1:%d" % s.getsockname()[1]
        s.settimeout(0.2)
        with pytest.raises(TimeoutError):
            raise AssertionError(s.recv(65536))


FALSE = ["", "x@", "0123456789abcdef0123456789abcdef@", "A" * 80 + "@"]


@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "ACK", "NOTIFY"])
def test_a_dialog_that_is_made_up_leads_nowhere(daemon, phone, trap, method):
    """To tag, Route with a false token, and the trap as Request-URI, next Route, Via and Contact."""
    p, (_, at) = phone(), trap
    for n, user in enumerate(FALSE):
        own = f"Route: <sip:{user}127.0.0.1:{daemon.port};lr>"
        for routes in ([own], [own, f"Route: <sip:{at};lr>"], [f"Route: <sip:{at};lr>"]):
            p.send(p.request(method, f"sip:victim@{at}", frm="<sip:x@other.example>;tag=1",
                             to=f"<sip:victim@{at}>;tag=2", call_id=f"made-up-{method}-{n}",
                             cseq=1, extra=[*routes, f"Contact: <sip:{at}>"]))
    p.send(p.request(method, f"sip:{FALSE[2]}127.0.0.1:{daemon.port};lr", frm="<sip:x@a.b>;tag=1",
                     to=f"<sip:victim@{at}>;tag=2", call_id=f"strict-{method}", cseq=1,
                     extra=[f"Route: <sip:{at}>"]))


def test_the_token_of_another_call_leads_nowhere(phone, trap):
    """It belongs to its Call-ID."""
    caller, callee, p = phone().registered(), phone().registered(), phone()
    call, there = connected(caller, callee)
    for method in ("BYE", "INFO", "ACK", "INVITE"):
        for uri in (f"sip:victim@{trap[1]}", callee.contact):
            p.send(p.request(method, uri, frm=f"<sip:x@other.example>;tag={call.local_tag}",
                             to=f"<{uri}>;tag={call.remote_tag}", call_id="stolen", cseq=1,
                             extra=[f"Route: {r}" for r in call.route]))
    callee.silence(0.2, call_id="stolen")
    hang_up(call, there)


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
def test_a_stray_response_with_our_via_leads_nowhere(daemon, phone, trap, transport):
    """Not to the next Via, whatever ours says: no branch, a made-up one, that of a real call."""
    p, (_, at) = phone(), trap
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor)
    real = callee.expect_call()
    for branch in ("", ";branch=z9hG4bK", ";branch=z9hG4bKmadeup", f";branch={real.request.branch}"):
        for status in (180, 200, 302, 486, 603):
            p.send(f"SIP/2.0 {status} X\r\n"
                   f"Via: SIP/2.0/{transport} 127.0.0.1:{daemon.port}{branch}x\r\n"
                   f"Via: SIP/2.0/UDP {at};branch=z9hG4bKy;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
                   f"To: <sip:c@d>;tag=2\r\nCall-ID: stray\r\nCSeq: 1 INVITE\r\n"
                   f"Contact: <sip:{at}>\r\nContent-Length: 0\r\n\r\n")
    caller.silence(0.2, range(180, 700))
    real.reject(486)
    assert call.final().status == 486
