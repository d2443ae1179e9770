"""baresip registers through a 401 and calls through a 407 (Debian package baresip-core)."""

import shutil

import pytest
from baresip_client import Baresip, wait_registered

pytestmark = pytest.mark.skipif(not shutil.which("baresip"), reason="baresip is not installed")

# libre 1.1 gives up at the sight of a challenge that is not MD5, whatever else is offered
DAEMON = {"config": 'auth { algorithms = {"MD5"} }', "tls": True}

@pytest.fixture
def baresip(daemon, tmp_path):
    made = []

    def make(transport, **more):
        number, password = daemon.user_add()
        port = daemon.tls_port if transport == "tls" else daemon.port
        made.append(Baresip(tmp_path / number, f"127.0.0.1:{port}", daemon.domain, number,
                            password, transport, daemon.authority.ca, **more))
        made[-1].number = number
        return made[-1]

    yield make
    for b in made:
        b.close()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_baresip_registers_through_the_401(daemon, baresip, transport):
    b = baresip(transport)
    wait_registered(daemon, b)
    assert "SIP/2.0 401 " in b.said()
    assert "baresip" in daemon.registrations(b.number)[0]["user-agent"]


@pytest.mark.parametrize("there,here", [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp"),
                                        ("tls", "tls"), ("udp", "tls")])
def test_baresip_calls_baresip_through_the_407(daemon, baresip, there, here):
    callee, caller = baresip(there, auto=True), baresip(here)
    wait_registered(daemon, callee)
    wait_registered(daemon, caller)
    caller.command("dial", f"sip:{callee.number}@{daemon.domain}")
    caller.event("CALL_ESTABLISHED")
    callee.event("CALL_ESTABLISHED")
    assert "SIP/2.0 407 " in caller.said()
    caller.command("hangup")
    callee.event("CALL_CLOSED")


def test_the_callee_may_hang_up(daemon, baresip):
    callee, caller = baresip("udp", auto=True), baresip("udp")
    wait_registered(daemon, callee)
    wait_registered(daemon, caller)
    caller.command("dial", f"sip:{callee.number}@{daemon.domain}")
    caller.event("CALL_ESTABLISHED")
    callee.event("CALL_ESTABLISHED")
    callee.command("hangup")
    caller.event("CALL_CLOSED")


def test_a_plain_phone_calls_baresip(daemon, baresip, phone):
    callee = baresip("udp", auto=True)
    wait_registered(daemon, callee)
    caller = phone().registered()
    call = caller.call(f"sip:{callee.number}@{daemon.domain}")
    call.answered(8)
    callee.event("CALL_ESTABLISHED")
    assert call.ask("BYE").status == 200
    callee.event("CALL_CLOSED")
