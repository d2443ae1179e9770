"""linphone registers and calls (Debian package linphone-cli), driven over linphonec."""

import shutil
import time

import pytest
from linphone_client import Linphone

pytestmark = pytest.mark.skipif(not shutil.which("linphonec"), reason="linphonec is not installed")


DAEMON = {"tls": True}


@pytest.fixture
def linphone(daemon, tmp_path):
    made = []

    def make(transport, **more):
        number, password = daemon.user_add()
        home = tmp_path / number
        made.append(Linphone(home, transport, daemon.authority.ca, **more))
        port = daemon.tls_port if transport == "tls" else daemon.port
        made[-1].number = number
        made[-1].command(f"register sip:{number}@{daemon.domain} "
                         f"sip:127.0.0.1:{port};transport={transport} {password}")
        end = time.monotonic() + 12
        while not daemon.registrations(number):
            assert time.monotonic() < end, made[-1].text
            time.sleep(0.05)
        return made[-1]

    yield make
    for p in made:
        p.close()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_linphone_registers(daemon, linphone, transport):
    p = linphone(transport)
    row = daemon.registrations(p.number)[0]
    assert "linphone" in row["user-agent"].lower()
    if transport != "udp":
        assert f"transport={transport}" in row["contact"].lower()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_linphone_calls_a_phone_and_hangs_up(daemon, linphone, phone, transport):
    caller, callee = linphone(transport), phone().registered()
    # linphone asks the DNS for a domain even behind a proxy, so the address is dialled
    port = daemon.tls_port if transport == "tls" else daemon.port
    caller.command(f"call sip:{callee.number}@127.0.0.1:{port};transport={transport}")
    there = callee.expect_call(10)
    assert not there.request.all("proxy-authorization")
    there.ring()
    there.answer()
    there.expect_ack()
    caller.expect("(?i)connected|established|answered")
    caller.command("terminate")
    bye = callee.expect("BYE", 8)
    callee.respond(bye, 200, "OK")


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_phone_calls_linphone(linphone, phone, transport):
    callee, caller = linphone(transport, auto=True), phone().registered()
    call = caller.call(f"sip:{callee.number}@{caller.domain}")
    call.answered(10)
    assert call.ask("BYE").status == 200
