"""Bad input from the network: the right refusal or silence, and the daemon lives on."""

import os
import random
import select
import signal
import socket
import time

import pytest
from offhook_flow import connected


def alive(daemon, p, before):
    """The daemon answers, and no role was started again."""
    r = p.ask("OPTIONS", f"sip:127.0.0.1:{daemon.port}")
    assert r.status == 200
    assert daemon.starts() == before


@pytest.fixture(autouse=True)
def survives(daemon, phone):
    before = daemon.starts()
    yield
    alive(daemon, phone(), before)


def message(p, method="OPTIONS", uri=None, extra=(), **more):
    uri = uri or f"sip:127.0.0.1:{p.daemon.port}"
    more = {"frm": f"<{p.aor}>;tag=1", "to": f"<{uri}>", "call_id": "hostile", "cseq": 1, **more}
    return p.request(method, uri, extra=extra, **more)


def status_of(p, data, seconds=1.0):
    """The final status of the answer, None for silence."""
    p.inbox.clear()
    p.seen.clear()
    p.send(data)
    try:
        return p.expect(range(200, 700), seconds).status
    except AssertionError:
        return None


def test_random_bytes_are_dropped(phone):
    p, dice = phone(), random.Random(5060)
    for _ in range(2000):
        p.send(dice.randbytes(dice.randrange(0, 1400)))
    p.silence(0.3)


def test_broken_copies_of_a_good_request_do_no_harm(phone):
    p, dice = phone(), random.Random(5061)
    good = message(p, "INVITE", p.aor, body=b"v=0\r\n")
    for n in range(3000):
        data = bytearray(good.replace(b"hostile", b"h%d" % n))
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(data))
            what = dice.randrange(3)
            if what == 0:
                data[at] = dice.randrange(256)
            elif what == 1:
                del data[at:at + dice.randrange(1, 40)]
            else:
                data[at:at] = data[dice.randrange(len(data)):][:60]
        p.sender.sendto(bytes(data), p.server)


@pytest.mark.parametrize("cut", range(0, 400, 23))
def test_a_truncated_request_does_no_harm(phone, cut):
    p = phone()
    p.send(message(p)[:cut])
    for m in drain(p):
        assert m.status >= 400


def drain(p, seconds=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        p.pump(end - time.monotonic())
    while select.select([p.sock], [], [], 0)[0]:
        p.pump(0)
    found, p.inbox = p.inbox, []
    return found


def test_stray_responses_are_dropped(phone):
    p = phone()
    for via in (p.via(), f"Via: SIP/2.0/UDP 127.0.0.1:{p.daemon.port};branch=z9hG4bKforged"):
        for status in (100, 180, 200, 302, 486, 699):
            p.send(f"SIP/2.0 {status} X\r\n{via}\r\n{p.via()}\r\nFrom: <sip:a@b>;tag=1\r\n"
                   f"To: <sip:c@d>;tag=2\r\nCall-ID: stray\r\nCSeq: 1 INVITE\r\n"
                   "Content-Length: 0\r\n\r\n")
    p.silence(0.4)


BAD = {
    "no empty line": b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1",
    "only a request line": b"OPTIONS sip:x@y SIP/2.0\r\n\r\n",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "nul bytes": b"\0" * 200,
    "empty": b"",
    "one byte": b"O",
    "line feeds": b"\n" * 1000,
}


@pytest.mark.parametrize("what", BAD)
def test_hopeless_bytes_are_dropped(phone, what):
    p = phone()
    p.send(BAD[what])
    p.silence(0.2)


def test_what_is_refused_or_dropped_is_counted(daemon, phone):
    p, before = phone(), daemon.status()["counters"]
    p.send(BAD["http"])
    p.send(f"SIP/2.0 200 X\r\n{p.via()}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
           "Call-ID: stray\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
    assert status_of(p, message(p).replace(b"CSeq: 1 OPTIONS", b"CSeq: x OPTIONS")) == 400
    now = daemon.status()["counters"]
    for name in ("sip.hopeless", "sip.responses.stray", "sip.malformed"):
        assert now[name] == before[name] + 1, name


def test_too_many_header_lines_are_refused(phone):
    p = phone()
    got = status_of(p, message(p, extra=[f"X-{n}: 1" for n in range(300)]))
    assert got in (None, 400, 413, 431, 513)


def test_too_many_vias_are_refused(phone):
    p = phone()
    vias = [f"Via: SIP/2.0/UDP 192.0.2.{n % 200};branch=z9hG4bK{n}" for n in range(120)]
    assert status_of(p, message(p, extra=vias)) in (None, 400, 413, 431, 513)


def test_a_huge_datagram_is_refused_or_dropped(phone):
    p = phone()
    data = message(p, body=b"x" * 60000)
    assert status_of(p, data) in (None, 200, 400, 407, 413, 513)


def test_a_nul_in_a_header_is_no_end_of_text(phone):
    p = phone()
    data = message(p, extra=["X-Nul: a\0b"])
    assert status_of(p, data) in (200, 400, 407)


def test_the_malformed_bye_of_a_7960_is_400(phone):
    p = phone()
    data = message(p, "BYE", "sip:5550102@;user=phone192.0.2.11", to="<sip:x@y>;tag=2")
    assert status_of(p, data) == 400


ODD = ["INVITE sip: SIP/2.0", "INVITE sip:@ SIP/2.0", "INVITE sip:a@[::1 SIP/2.0",
       "INVITE sip:a@b:99999 SIP/2.0", "INVITE sip:a@b:-1 SIP/2.0", "INVITE  SIP/2.0",
       "INVITE sip:%zz@b SIP/2.0", "INVITE sip:a@b?%%% SIP/2.0", "INVITE tel: SIP/2.0",
       "INVITE sip:" + "a" * 3000 + "@b SIP/2.0"]


@pytest.mark.parametrize("line", ODD, ids=lambda t: t[:30])
def test_odd_request_uris_are_refused(phone, line):
    p = phone()
    data = message(p, "INVITE", to="<sip:x@y>")
    data = line.encode() + data[data.index(b"\r\n"):]
    got = status_of(p, data)
    assert got is None or 400 <= got < 600


@pytest.mark.parametrize("name,value", [
    ("CSeq", "x INVITE"), ("CSeq", "1"), ("CSeq", "4294967296 OPTIONS"), ("CSeq", "1 BYE"),
    ("Call-ID", ""), ("From", "<sip:a@b"), ("To", "\"x <sip:a@b>"), ("Via", "SIP/2.0/UDP"),
    ("Via", ""), ("Max-Forwards", "x"), ("Max-Forwards", "256"), ("Content-Length", "1x"),
    ("Content-Length", "-1"), ("Content-Length", "5")])
def test_a_bad_value_of_a_needed_header_is_400(phone, name, value):
    p = phone()
    lines = message(p).split(b"\r\n")
    lines = [f"{name}: {value}".encode() if line.lower().startswith(name.lower().encode() + b":")
             else line for line in lines]
    got = status_of(p, b"\r\n".join(lines))
    assert got == 400 or (name == "Via" and got is None)


@pytest.mark.parametrize("name", ["CSeq", "Call-ID", "From", "To", "Via"])
def test_a_missing_needed_header_is_400(phone, name):
    p = phone()
    lines = [line for line in message(p).split(b"\r\n")
             if not line.lower().startswith(name.lower().encode() + b":")]
    got = status_of(p, b"\r\n".join(lines))
    assert got == 400 or (name == "Via" and got is None)


def test_an_unauthenticated_sender_gets_at_most_3_times_what_he_sent(daemon, phone):
    callee, senders = phone().registered(), []
    for method in ("REGISTER", "INVITE", "OPTIONS", "MESSAGE", "BYE", "SUBSCRIBE", "X"):
        for agent in ("", "User-Agent: CSCO/7\r\n"):
            p = phone()
            uri = f"sip:{p.domain}" if method == "REGISTER" else callee.aor
            p.send(f"{method} {uri} SIP/2.0\r\nv: SIP/2.0/UDP {p.address};branch=z9hG4bK1\r\n"
                   f"f: {p.aor};tag=1\r\nt: {p.aor}\r\ni: {p.number}\r\n"
                   f"CSeq: 1 {method}\r\n{agent}\r\n")
            senders.append((p, f"{method} {agent.strip()}"))
    drain(senders[0][0], 1.5)  # long enough for a second copy of whatever is repeated
    for p, _ in senders[1:]:
        drain(p, 0.01)
    worst = max((p.received / p.sent, what) for p, what in senders)
    print(f"largest amplification: {worst[0]:.2f} ({worst[1]})")
    assert worst[0] <= 3, worst


def test_time_is_linear_in_the_size_of_a_message(daemon, phone):
    """A hostile 60 KB message costs about as much per byte as a short one."""
    p = phone(transport="tcp")
    shapes = {
        "header lines": "".join(f"x{n}: y\r\n" for n in range(5000)),
        "comma list": "Allow: " + "A," * 25000 + "A\r\n",
        "parameters": f"Contact: <sip:a@b{';a' * 25000}>\r\n",
        "vias": "Via: SIP/2.0/TCP h;branch=z9hG4bKx\r\n" * 1500,
        "folds": "Subject: a\r\n" + " b\r\n" * 12000,
    }
    for what, text in shapes.items():
        data = message(p).replace(b"Content-Length", text.encode() + b"Content-Length")
        began = time.monotonic()
        with socket.create_connection(p.server, 5) as s:
            s.settimeout(5)
            try:
                s.sendall(data)
                s.recv(65536)
            except OSError:
                pass
        took = time.monotonic() - began
        print(f"{what}: {len(data)} bytes, {took * 1e3:.1f} ms")
        assert took < 0.5, what


def test_a_flood_of_registers_without_credentials_leaves_nothing(daemon, phone):
    p = phone()
    before = daemon.status()["transactions"]
    for n in range(3000):
        p.sender.sendto(p.register_request(1, call_id=f"flood-{n}"), p.server)
    drain(p, 0.5)
    assert daemon.status()["transactions"] <= before + 5


def bogus_register(p, aor, contacts):
    """A REGISTER for aor with a good nonce and a wrong password: the status of its answer."""
    call_id = p.register_call_id
    first = p.exchange(p.register_request(1, contacts, to=f"<{aor}>"), call_id, 1, "REGISTER")
    p.credentials.password = "guess"
    answer = p.answer(first, "REGISTER", f"sip:{p.domain}")
    data = p.register_request(2, contacts, to=f"<{aor}>", extra=[answer])
    return p.exchange(data, call_id, 2, "REGISTER").status


@pytest.mark.parametrize("fault", ["many contacts", "star", "brief"])
def test_a_stranger_learns_nothing_about_a_user_from_a_faulty_register(daemon, phone, fault):
    p, victim = phone(), phone().registered()
    contacts = {"many contacts": [f"<sip:x@127.0.0.1:{4000 + n}>" for n in range(14)],
                "star": ["*"], "brief": ["<sip:x@127.0.0.1:4000>;expires=1"]}[fault]
    assert bogus_register(phone(), victim.aor, contacts) == 401
    assert bogus_register(p, f"sip:5559999@{p.domain}", contacts) == 401


def test_wrong_passwords_do_not_keep_a_user_from_registering(daemon, phone):
    victim, p = phone(), phone()
    first = p.exchange(p.register_request(1, to=f"<{victim.aor}>"), p.register_call_id, 1,
                       "REGISTER")
    p.credentials.password = "guess"
    answer = p.answer(first, "REGISTER", f"sip:{p.domain}")
    keeper = daemon.role("keeper")["pid"]
    os.kill(keeper, signal.SIGSTOP)  # so that all of them wait
    try:
        for n in range(2, 42):
            p.send(p.register_request(n, to=f"<{victim.aor}>", extra=[answer]))
        time.sleep(0.2)
    finally:
        os.kill(keeper, signal.SIGCONT)
    assert victim.register().status == 200
    refused = [m.status for m in drain(p, 0.5)]
    assert refused and set(refused) == {401}, refused


def test_a_user_who_is_removed_leaves_no_register_without_an_answer(daemon, phone):
    p, uri = phone().registered(), f"sip:{phone().domain}"
    requests = []
    for n in range(4):
        call_id = f"{p.number}-{n}"
        r = p.exchange(p.register_request(1, call_id=call_id), call_id, 1, "REGISTER")
        requests.append((call_id, p.register_request(2, call_id=call_id,
                                                     extra=[p.answer(r, "REGISTER", uri)])))
    keeper = daemon.role("keeper")["pid"]
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(daemon.socket)
        os.kill(keeper, signal.SIGSTOP)
        try:
            s.sendall(b'{"command":"user remove","number":"%s"}\n' % p.number.encode())
            for _, data in requests:
                p.send(data)
            time.sleep(0.2)
        finally:
            os.kill(keeper, signal.SIGCONT)
        s.makefile().readline()
    for call_id, _ in requests:
        assert p.final(call_id, 2, "REGISTER").status in (200, 401, 404)


def test_a_stranger_who_acknowledges_blindly_gets_no_repeated_answer(daemon, phone):
    """An ACK before the answer proves nothing: the source may be somebody else's address."""
    callee, p = phone().registered(), phone()
    same = {"frm": "<sip:x@other.example>;tag=1", "to": f"<{callee.aor}>", "call_id": "blind",
            "cseq": 1, "via": p.via()}
    p.send(p.request("INVITE", callee.aor, **same))
    p.send(p.request("ACK", callee.aor, **same))
    call = callee.expect_call()
    call.ring()
    call.reject(486, extra=["X-Long: " + "x" * 600])
    drain(p, 4)  # copies count as well
    print(f"{p.received} bytes for {p.sent}")
    assert p.received <= 3 * p.sent


@pytest.mark.parametrize("host", ["{domain}.", "{DOMAIN}", "127.0.0.1", "127.0.0.1:{port}",
                                  "[::1]:{port}", "0.0.0.0:{port}"])
@pytest.mark.parametrize("user", ["{number}", "%35{tail}", "{number}:x"])
def test_from_of_a_user_needs_his_password_however_it_is_spelled(daemon, phone, user, host):
    victim, p = phone(), phone()
    user = user.format(number=victim.number, tail=victim.number[1:])
    host = host.format(domain=p.domain, DOMAIN=p.domain.upper(), port=daemon.port)
    assert status_of(p, message(p, frm=f"<sip:{user}@{host}>;tag=1", uri=victim.aor)) == 407


@pytest.mark.parametrize("contact", ["<sip:x@127.0.0.1:4000\r\n ;y=z>", "<sip:x\0y@127.0.0.1>",
                                     "<sip:x@127.0.0.1;y=\x1b[31m>"])
def test_a_contact_with_control_characters_is_refused(daemon, phone, contact):
    p = phone()
    assert p.register(contacts=[contact]).status == 400
    assert daemon.registrations(p.number) == []


@pytest.mark.parametrize("path", [(), ("Path: <sip:0.0.0.0:{port};lr>",)])
def test_a_contact_at_this_server_makes_no_loop(daemon, phone, path):
    p = phone()
    contacts = [f"<sip:{p.number}@127.0.0.1:{daemon.port};n={n}>" for n in range(3)]
    extra = [line.format(port=daemon.port) for line in path]
    assert p.register(contacts=contacts, extra=extra).status == 400
    assert daemon.registrations(p.number) == []


def test_a_new_invite_gets_no_free_ride_on_an_old_record_route(daemon, phone):
    callee, p, thief = phone().registered(), phone(), phone()
    call, other = connected(p, callee)
    got = status_of(thief, message(thief, "INVITE", callee.contact, call_id=call.call_id,
                                   frm="<sip:x@other.example>;tag=1",
                                   extra=[f"Route: {r}" for r in call.route]))
    assert got == 403
    callee.silence(0.2, "INVITE")


def test_a_strict_router_between_udp_and_tcp_reaches_the_other_side(daemon, phone):
    """Two Record-Route values are ours then; the list may come in one line or in two."""
    callee, p = phone(transport="tcp").registered(), phone()
    call, other = connected(p, callee)
    values = [*call.route[1:], f"<{call.remote}>"]
    for route in (values, [", ".join(values)]):
        cseq = p.next_cseq(call.call_id)
        p.send(call.in_dialog("INFO", cseq, route=route, uri=call.route[0].strip("<>")))
        got = callee.expect("INFO")
        assert got.uri == callee.contact and not got.get("route"), str(got)
        callee.respond(got, 200, "OK")
        assert p.final(call.call_id, cseq, "INFO").status == 200


def test_who_does_not_read_his_answers_is_not_listened_to(daemon, phone):
    p = phone(transport="tcp")
    p.sock.settimeout(1)
    one, sent = message(p) * 100, 0
    with pytest.raises(TimeoutError):
        while sent < 200 << 20:
            sent += p.sock.send(one)
    print(f"took {sent >> 10} KB")
    p.sock.settimeout(4)
    while p.sock.recv(1 << 20) and sent > 0:  # and goes on once he reads
        sent -= 1 << 20
