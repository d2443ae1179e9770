"""SIP over TLS: calls, certificates and their reload, sips: URIs."""

import os
import re
import signal
import socket
import ssl
import time

import pytest
from offhook_flow import Daemon, Message, Phone, connected, hang_up, until
from offhook_flow.fixtures import asking

DAEMON = {"tls": True}


def shake(d, context=None):
    """A handshake with d: the certificate shown."""
    context = context or d.authority.context()
    with socket.create_connection(("127.0.0.1", d.tls_port), 5) as raw:
        with context.wrap_socket(raw, server_hostname="127.0.0.1") as s:
            return s.getpeercert(binary_form=True)


def wait_said(d, text, seconds=10):
    end = time.monotonic() + seconds
    while text not in d.stderr():
        assert time.monotonic() < end, d.stderr()
        time.sleep(0.02)


def reload(d):
    """SIGHUP, and what was logged because of it."""
    before = d.stderr()
    d.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 10
    while True:
        new = d.stderr()[len(before):]
        if "reload: " in new and new.endswith("\n"):
            return new
        assert time.monotonic() < end, d.stderr()
        time.sleep(0.02)


@pytest.mark.parametrize("ipv6", [False, True])
def test_a_phone_registers_over_tls(daemon, phone, ipv6):
    p = phone(transport="tls", ipv6=ipv6).registered()
    row = daemon.registrations(p.number)[0]
    assert "transport=tls" in row["contact"]
    until(lambda: daemon.status()["counters"]["tls.handshakes"] >= 1)


@pytest.mark.parametrize("here,there", [("tls", "tls"), ("tls", "udp"), ("udp", "tls"),
                                        ("tcp", "tls"), ("tls", "tcp")])
def test_a_call_is_set_up_and_either_side_ends_it(phone, here, there):
    caller, callee = phone(transport=here).registered(), phone(transport=there).registered()
    for ends in ("caller", "callee"):
        call = caller.call(callee.aor)
        other = callee.expect_call()
        assert other.request.all("via")[0].startswith(f"SIP/2.0/{there.upper()} ")
        other.ring()
        assert call.progress(180)
        other.answer()
        call.answered()
        other.expect_ack()
        if ends == "caller":
            hang_up(call, other)
        else:
            hang_up(other, call)


def test_a_request_comes_over_the_connection_that_the_phone_registered_over(phone):
    caller, callee = phone(), phone(transport="tls")
    callee.registered(contacts=[f"<sip:{callee.number}@192.0.2.1:9;transport=tls>"])
    call, there = connected(caller, callee)
    hang_up(there, call)


def test_record_route_has_two_values_between_udp_and_tls(daemon, phone):
    caller, callee = phone().registered(), phone(transport="tls").registered()
    call = caller.call(callee.aor)
    there = callee.expect_call()
    values = there.request.values("record-route")
    assert len(values) == 2
    assert re.fullmatch(rf"<sip:[\w-]+@127.0.0.1:{daemon.tls_port};transport=tls;lr>", values[0])
    assert re.fullmatch(rf"<sip:[\w-]+@127.0.0.1:{daemon.port};lr>", values[1])
    there.answer()
    call.answered()
    there.expect_ack()
    hang_up(call, there)


def test_a_tls_phone_calls_a_7960_and_both_hang_up(phone):
    caller, desk = phone(transport="tls").registered(), phone(style="7960").registered()
    for ends in ("caller", "callee"):
        call = caller.call(desk.aor)
        there = desk.expect_call()
        there.ring()
        there.answer()
        call.answered()
        there.expect_ack()
        hang_up(call, there) if ends == "caller" else hang_up(there, call)


def test_who_does_not_read_his_answers_is_not_listened_to(phone):
    p = phone(transport="tls")
    p.sock.settimeout(1)
    ask = p.request("OPTIONS", f"sip:127.0.0.1:{p.daemon.port}", frm=f"<{p.aor}>;tag=1",
                    to="<sip:127.0.0.1>", call_id="unread", cseq=1)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 200 << 20:
            sent += p.sock.send(ask * 20)
    p.sock.settimeout(4)
    heard = 0
    while heard < sent // 4:  # and goes on once he reads
        heard += len(p.sock.recv(1 << 20))


class Answerer:
    """A TLS server with this certificate, to which one connection is made."""

    def __init__(self, d, san):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*d.authority.issue("answerer", san))
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(5)
        self.port = self.listening.getsockname()[1]

    def accept(self):
        connection, _ = self.listening.accept()
        connection.settimeout(5)
        return self.context.wrap_socket(connection, server_side=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


def test_a_phone_without_a_connection_is_called_at_its_contact(daemon, phone):
    caller, callee = phone().registered(), phone()
    with Answerer(daemon, "IP:127.0.0.1") as there:
        callee.registered(contacts=[f"<sip:x@127.0.0.1:{there.port};transport=tls>"])
        call = caller.call(callee.aor)
        with there.accept() as s:
            invite = Message(s.recv(65536), None)
            assert invite.method == "INVITE" and "SIP/2.0/TLS" in invite.all("via")[0]
            reply = [f"Via: {v}" for v in invite.all("via")]
            reply += [f"{n}: {invite.get(n)}" for n in ("from", "to", "call-id", "cseq")]
            s.sendall("\r\n".join(["SIP/2.0 486 Busy Here", *reply, "Content-Length: 0", "",
                                   ""]).encode())
            assert call.final().status == 486


def test_who_shows_a_certificate_for_another_address_gets_nothing(daemon, phone):
    caller, callee = phone().registered(), phone()
    with Answerer(daemon, "IP:127.0.0.2,DNS:127.0.0.1") as there:
        callee.registered(contacts=[f"<sip:x@127.0.0.1:{there.port};transport=tls>"])
        call = caller.call(callee.aor)
        with pytest.raises(ssl.SSLError), there.accept() as s:
            assert not s.recv(65536)  # with TLS 1.3 a server hears of it later
        assert call.final().status == 500
    assert f"no TLS with tls:127.0.0.1:{there.port} as 127.0.0.1: " in daemon.stderr()


def test_who_has_connected_is_not_taken_for_a_gateway_by_its_address(names):
    """A name server that lies leads to a connection that stands: it showed no certificate."""
    d = Daemon(tls=True, config=asking(names))
    try:
        d.start()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", d.tls_port)) as plain, \
                context.wrap_socket(plain) as s:
            names.add("_sips._tcp.gw.test", "SRV", 1, 1, s.getsockname()[1], "host.gw.test")
            names.add("host.gw.test", "A", "127.0.0.1")
            assert d.offhook("gateway", "add", "carrier", "sip:gw.test;transport=tls",
                             "--username", "me", "--password", "secret",
                             "--register").returncode == 0
            wait_said(d, "gateway carrier does not answer our registration")
            s.settimeout(0.5)
            with pytest.raises(TimeoutError):
                s.recv(65536)
        d.stop()
    finally:
        d.close()


def test_500_half_open_connections_and_a_byte_a_second_keep_nobody_out(daemon, phone):
    hello = bytes([22, 3, 1, 2, 0, 1, 0, 1, 252])  # the beginning of a handshake
    ports = (daemon.port, daemon.tls_port)
    half = [socket.create_connection(("127.0.0.1", ports[i % 2]), 5) for i in range(500)]
    try:
        for s in half[1::4]:
            s.sendall(hello)
        for n in range(12):
            for s in half[:10]:
                try:
                    s.send(b"O" if n else b"\x16")
                except OSError:
                    pass
            if n % 4 == 0:
                caller, callee = phone(transport="tls").registered(), phone(transport="tcp")
                callee.registered()
                call, there = connected(caller, callee)
                hang_up(call, there)
            time.sleep(1)
        gone = 0
        for s in half:
            s.setblocking(False)
            try:
                gone += s.recv(100) is not None
            except BlockingIOError:
                pass
            except OSError:
                gone += 1
        assert gone == 500
    finally:
        for s in half:
            s.close()


def test_garbage_on_the_port_is_closed_and_counted(daemon, phone):
    before = daemon.status()["counters"]["tls.failures"]
    with socket.create_connection(("127.0.0.1", daemon.tls_port), 5) as s:
        s.sendall(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n\r\n")
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
    until(lambda: daemon.status()["counters"]["tls.failures"] == before + 1)
    phone(transport="tls").registered()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused(daemon):
    context = daemon.authority.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        shake(daemon, context)


def pss(pid):
    """KB of a process, shared pages in part."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def test_an_idle_connection_takes_less_than_20_kb(daemon, phone):
    pid = daemon.role("sip")["pid"]
    with open(f"/proc/{pid}/maps") as f:
        if re.search("lib[at]san", f.read()):
            pytest.skip("built with sanitizers")
    phones = [phone("5550000", "-", transport="tls") for _ in range(20)]
    before = pss(pid)
    phones += [phone("5550000", "-", transport="tls") for _ in range(300)]
    for p in phones[20:]:
        p.send(b"\r\n\r\n")
        assert p.sock.recv(10) == b"\r\n"
    each = (pss(pid) - before) / 300
    print(f"{each:.1f} KB for each of 300 connections")
    assert each < 20


# sips


def test_a_sips_contact_needs_tls(daemon, phone):
    p = phone()
    r = p.register(contacts=[f"<sips:{p.number}@{p.address}>"])
    assert r.status == 403 and "sips" in r.get("warning")
    assert not daemon.registrations(p.number)


def test_a_sips_call_goes_over_tls_alone(daemon, phone):
    caller, callee = phone(transport="tls").registered(), phone(transport="tls")
    callee.registered(contacts=[f"<sips:{callee.number}@{callee.address}>"])
    call = caller.call(f"sips:{callee.number}@{callee.domain}")
    there = callee.expect_call()
    assert there.request.uri == f"sips:{callee.number}@{callee.address}"
    values = there.request.values("record-route")
    assert len(values) == 1
    assert re.fullmatch(rf"<sips:[\w-]+@127.0.0.1:{daemon.tls_port};lr>", values[0])
    there.answer()
    call.answered()
    there.expect_ack()
    hang_up(there, call)


def test_who_registered_over_tls_may_be_called_by_sips(phone):
    caller, callee = phone(transport="tls").registered(), phone(transport="tls").registered()
    call = caller.call(f"sips:{callee.number}@{callee.domain}")
    there = callee.expect_call()
    there.answer()
    call.answered()
    there.expect_ack()
    hang_up(call, there)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_sips_call_to_a_phone_without_tls_is_480(phone, transport):
    caller, callee = phone(transport="tls").registered(), phone(transport=transport).registered()
    r = caller.call(f"sips:{callee.number}@{callee.domain}").final()
    assert r.status == 480 and r.get("warning").startswith("380 ")
    callee.silence()


def test_a_sip_call_reaches_a_sips_contact(phone):
    caller, callee = phone().registered(), phone(transport="tls")
    callee.registered(contacts=[f"<sips:{callee.number}@{callee.address}>"])
    call = caller.call(callee.aor)
    there = callee.expect_call()
    assert there.request.uri == f"sip:{callee.number}@{callee.address}"
    there.answer()
    call.answered()
    there.expect_ack()
    hang_up(call, there)


# certificates


def test_a_new_certificate_is_taken_at_a_reload_and_calls_go_on():
    with Daemon(tls=True) as d, Phone(d, transport="tls") as a, Phone(d, transport="tls") as b:
        a.registered()
        b.registered()
        call, there = connected(a, b)
        before = shake(d)
        d.authority.issue("server")  # over the old files
        assert "the files of tls { } were read again" in reload(d)
        assert shake(d) != before
        hang_up(call, there)
        d.kill_role("sip")
        assert shake(d) != before


@pytest.mark.parametrize("file,what", [("server.pem", "holds no certificate"),
                                       ("server.key", "holds no private key"),
                                       ("ca.pem", "holds no certificates of authorities")])
def test_garbage_at_a_reload_keeps_the_old_certificate_and_says_one_line(file, what):
    with Daemon(tls=True) as d:
        path = os.path.join(d.authority.folder, file)
        context, before = d.authority.context(), shake(d)
        with open(path) as f:
            right = f.read()
        with open(path, "w") as f:
            f.write("garbage\n")
        said = reload(d)
        assert said.count("\n") == 1 and what in said and path in said
        assert "nothing was changed" in said and "garbage" not in said
        assert shake(d, context) == before
        assert d.offhook("check").returncode == 1
        d.kill_role("sip")
        assert shake(d, context) == before
        with open(path, "w") as f:
            f.write(right)
        assert "nothing was changed" not in reload(d)


def test_a_file_that_is_gone_at_a_reload_is_named():
    with Daemon(tls=True) as d:
        before = shake(d)
        path = os.path.join(d.authority.folder, "server.key")
        os.remove(path)
        said = reload(d)
        assert said.count("\n") == 1 and f"tls.key: {path} cannot be read" in said
        assert shake(d) == before


def test_verify_client_lets_in_who_shows_a_certificate():
    d = Daemon(tls=True)
    d.write(d.config.replace("tls {", "tls { verify-client = on"))
    with d:
        with Phone(d, transport="tls", certificate=d.authority.issue("phone")) as p:
            p.registered()
        with pytest.raises((AssertionError, OSError)):
            with Phone(d, transport="tls") as p:
                p.register()
        until(lambda: d.status()["counters"]["tls.failures"] == 1)


@pytest.mark.parametrize("config,what", [
    ("", "listen: tls: needs a certificate; write tls { certificate"),
    ('tls { certificate = "/nowhere/a.pem" }', "tls.certificate: /nowhere/a.pem cannot be read"),
    ("tls { verify-client = on }", "tls.verify-client: needs tls.ca")])
def test_a_start_without_what_tls_needs_is_refused(config, what):
    d = Daemon(listen=["tls:127.0.0.1:15061"], config=config)
    try:
        d.start(wait=False)
        assert d.process.wait(10) == 1
        assert what in d.stderr()
        r = d.offhook("check")
        assert r.returncode == 1 and what in r.stderr, r
    finally:
        d.close()


def test_a_key_of_another_certificate_is_refused():
    d = Daemon(tls=True)
    try:
        _, key = d.authority.issue("other")
        d.write(d.config.replace("server.key", "other.key"))
        d.start(wait=False)
        assert d.process.wait(10) == 1
        assert d.stderr().strip() == f"offhookd: {key} is not the key of the certificate"
        r = d.offhook("check")
        assert r.returncode == 1 and "is not the key of the certificate" in r.stderr
    finally:
        d.close()


def test_check_says_that_the_certificate_can_be_used(daemon):
    r = daemon.offhook("check")
    assert "server.pem: the certificate and its key can be used" in r.stdout
