"""What listens on this host's loopback alone is not for phones elsewhere: the server, which listens
on all addresses, does not call it for them."""

import contextlib
import select
import socket

import pytest
from offhook_flow import Daemon, Phone
from offhook_flow.network import SERVER, Network, possible

pytestmark = pytest.mark.skipif(not possible(), reason="needs root, ip, nft and conntrack")

HOSTS = ["127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost"]


@pytest.fixture(scope="module")
def network():
    with Network() as n:
        n.open, n.address = n.public("open")
        yield n


@pytest.fixture(scope="module")
def daemon(network):
    listen = [f"{t}:{h}:5060" for t in ("udp", "tcp") for h in ("0.0.0.0", "[::]")]
    with Daemon(port=5060, namespace=network.server, listen=listen) as d:
        yield d


@pytest.fixture
def private(network):
    """A port on which nobody may be called: its sockets, on every address of the loopback."""
    with contextlib.ExitStack() as stack, network.inside(network.server)():
        made = []
        for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                s = stack.enter_context(socket.socket(family, kind))
                s.bind((host, made[0].getsockname()[1] if made else 0))
                made.append(s)
                if kind == socket.SOCK_STREAM:
                    s.listen()
        yield made


@pytest.fixture
def phones(daemon, network):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Phone(daemon, host=network.address, server=SERVER,
                                         place=network.inside(network.open))).registered()
               for _ in range(2)]


def untouched(sockets, seconds=0.2):
    assert select.select(sockets, [], [], seconds)[0] == []


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_no_phone_elsewhere_has_the_loopback_called(private, phones, transport):
    caller, callee = phones
    port = private[0].getsockname()[1]
    contacts = [f"sip:x@{host}:{port};transport={transport}" for host in HOSTS]
    for uri in contacts:
        assert caller.call(uri).final().status in (404, 500), uri
    call = caller.call(callee.aor)
    there = callee.expect_call()
    callee.respond(there.request, 302, "Moved", tag="t", extra=[f"Contact: <{c}>" for c in contacts])
    assert call.final().status in (302, 404, 500)
    untouched(private)


@pytest.mark.parametrize("way", ["alias", "forward", "302 to a forward"])
def test_an_alias_or_a_forward_may_lead_to_the_loopback(daemon, private, phones, way):
    """It is the operator who has made it."""
    caller, callee = phones
    voicemail, number = f"sip:voicemail@127.0.0.1:{private[0].getsockname()[1]}", None
    if way == "alias":
        number = "5550099"
        daemon.ask("alias add", number=number, target=voicemail)
    else:
        number, _ = daemon.user_add()
        r = daemon.offhook("forward", "set", number, "--always", voicemail)
        assert r.returncode == 0, r
    if way == "302 to a forward":
        caller.call(callee.aor)
        callee.respond(callee.expect_call().request, 302, "Moved", tag="t",
                       extra=[f"Contact: <sip:{number}@{daemon.domain}>"])
    else:
        caller.call(f"sip:{number}@{daemon.domain}")
    assert select.select([private[0]], [], [], 2)[0]
    assert private[0].recv(65536).startswith(b"INVITE sip:voicemail@127.0.0.1")
