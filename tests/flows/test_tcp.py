"""SIP over TCP: framing, keep-alive, reuse of connections."""

import socket
import time

import pytest
from offhook_flow import connected, hang_up


ANSWER = {200, 401, 403, 407}  # framing is what is tested here, not who may ask


def options(p, n, branch=None):
    return p.request("OPTIONS", f"sip:127.0.0.1:{p.daemon.port}", frm=f"<{p.aor}>;tag=1",
                     to=f"<sip:127.0.0.1:{p.daemon.port}>", call_id=f"{p.number}-{n}", cseq=n,
                     via=p.via(branch))


def raw(daemon):
    s = socket.create_connection(("127.0.0.1", daemon.port), 5)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def test_pipelined_requests_are_all_answered_in_order(phone):
    p = phone(transport="tcp")
    p.send(b"".join(options(p, n) for n in range(1, 21)))
    assert [p.expect(ANSWER).cseq for _ in range(20)] == list(range(1, 21))


def test_a_request_may_arrive_byte_by_byte(phone):
    p = phone(transport="tcp")
    for i in options(p, 1):
        p.sock.send(bytes([i]))
    assert p.expect(ANSWER, cseq=1)


@pytest.mark.parametrize("cut", [1, 3, 17, -5, -1])
def test_a_request_may_be_cut_anywhere(phone, cut):
    p = phone(transport="tcp")
    data = options(p, 1) + options(p, 2)
    p.send(data[:cut])
    time.sleep(0.05)
    p.send(data[cut:])
    assert p.expect(ANSWER, cseq=1) and p.expect(ANSWER, cseq=2)


def test_a_keep_alive_is_answered_with_crlf(daemon):
    with raw(daemon) as s:
        s.sendall(b"\r\n\r\n")
        assert s.recv(10) == b"\r\n"


def test_keep_alives_between_requests_do_no_harm(phone):
    p = phone(transport="tcp")
    p.send(b"\r\n\r\n" + options(p, 1) + b"\r\n\r\n\r\n" + options(p, 2))
    assert p.expect(ANSWER, cseq=1) and p.expect(ANSWER, cseq=2)


def test_a_request_comes_over_the_connection_that_the_phone_registered_over(phone):
    caller, callee = phone(), phone(transport="tcp")
    # an address nobody listens on: only the connection leads to the phone
    callee.registered(contacts=[f"<sip:{callee.number}@192.0.2.1:9;transport=tcp>"])
    call, there = connected(caller, callee)
    hang_up(there, call)


def test_the_answer_comes_back_over_the_same_connection_whatever_the_via_says(phone):
    p = phone(transport="tcp")
    p.send(p.request("OPTIONS", f"sip:127.0.0.1:{p.daemon.port}", frm=f"<{p.aor}>;tag=1",
                     to="<sip:127.0.0.1>", call_id="via", cseq=1,
                     via="Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKvia"))
    assert p.expect(ANSWER, call_id="via")


def test_a_body_may_be_split_from_its_header(phone):
    caller, callee = phone(transport="tcp").registered(), phone(transport="tcp").registered()
    body = b"x" * 3000
    r = caller.exchange(caller.request("MESSAGE", callee.aor, frm=f"<{caller.aor}>;tag=1",
                                       to=f"<{callee.aor}>", call_id="split", cseq=1, body=body),
                        "split", 1, "MESSAGE")
    line = caller.answer(r, "MESSAGE", callee.aor)
    data = caller.request("MESSAGE", callee.aor, frm=f"<{caller.aor}>;tag=1",
                          to=f"<{callee.aor}>", call_id="split", cseq=2, body=body, extra=[line])
    caller.send(data[:-2000])
    time.sleep(0.05)
    caller.send(data[-2000:])
    assert callee.expect("MESSAGE").body == body


@pytest.mark.parametrize("length", ["-1", "4294967297", "x", "99999999"])
def test_a_bad_content_length_ends_the_connection(daemon, phone, length):
    p = phone(transport="tcp")
    data = options(p, 1).replace(b"Content-Length: 0", b"Content-Length: " + length.encode())
    p.send(data)
    end = time.monotonic() + 4
    with pytest.raises((ConnectionError, OSError)):
        while time.monotonic() < end:
            p.pump(0.2)
    assert all(m.status in (400, 413, 513) for m in p.inbox)


def test_a_stream_that_never_becomes_a_message_is_cut_off(daemon):
    with raw(daemon) as s:
        s.settimeout(5)
        with pytest.raises(OSError):
            for _ in range(2000):
                s.sendall(b"A" * 4096)
            while s.recv(4096):
                pass
            raise ConnectionError("closed")


def test_a_new_connection_takes_the_place_of_a_lost_one(phone):
    caller, callee = phone(), phone(transport="tcp").registered()
    callee.sock.close()
    callee.open()
    callee.registered(contacts=["*"], expires=0).registered()
    caller.call(callee.aor)
    assert callee.expect_call()


def test_a_phone_whose_connection_is_gone_is_480_or_408(phone):
    caller, callee = phone(), phone(transport="tcp")
    callee.registered()
    callee.sock.close()
    r = caller.call(callee.aor).final(8)
    assert r.status in (408, 480, 500, 503)


def test_many_connections_at_once(daemon):
    socks = [raw(daemon) for _ in range(100)]
    try:
        for s in socks:
            s.sendall(b"\r\n\r\n")
        assert all(s.recv(10) == b"\r\n" for s in socks)
    finally:
        for s in socks:
            s.close()
