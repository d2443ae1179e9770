"""Phones behind NATs, in network namespaces with real address translation."""

import pytest

from offhook_flow.daemon import Daemon
from offhook_flow.message import sdp
from offhook_flow.network import PHONE, SERVER, Network, possible
from offhook_flow.phone import Phone, hang_up

pytestmark = pytest.mark.skipif(not possible(), reason="needs root, ip, nft and conntrack")


@pytest.fixture(scope="module")
def network():
    with Network() as n:
        n.one, n.one_router, n.one_address = n.behind_nat("one")
        n.two, n.two_router, n.two_address = n.behind_nat("two")
        n.open, n.open_address = n.public("open")
        yield n


@pytest.fixture(scope="module")
def daemon(network):
    port = 5060
    with Daemon(port=port, namespace=network.server,
                listen=[f"udp:{SERVER}:{port}", f"tcp:{SERVER}:{port}"]) as d:
        yield d


@pytest.fixture
def place(daemon, network):
    """Makes a phone in one of the namespaces."""
    made = []

    def make(where, **more):
        host = network.open_address if where == network.open else PHONE
        made.append(Phone(daemon, host=host, server=SERVER, place=network.inside(where), **more))
        return made[-1]

    yield make
    for p in made:
        p.close()


def talk(caller, callee):
    """A call that rings and is answered: (caller's side, callee's side)."""
    out = caller.call(f"sip:{callee.number}@{callee.domain}")
    there = callee.expect_call()
    there.ring()
    out.progress(180)
    there.answer()
    out.answered()
    there.expect_ack()
    return out, there


def hold(side, other):
    """side puts the call on hold; the other says yes."""
    held = sdp("0.0.0.0")
    cseq = side.send("INVITE", extra=[f"Contact: <{side.phone.contact}>"], body=held)
    invite = other.phone.expect("INVITE", call_id=side.call_id)
    assert b"0.0.0.0" in invite.body
    other.phone.respond(invite, 200, "OK", extra=[f"Contact: <{other.phone.contact}>"],
                        body=sdp(other.phone.host))
    r = side.phone.final(side.call_id, cseq, "INVITE")
    assert r.status == 200
    side.phone.send(side.in_dialog("ACK", cseq))
    other.phone.expect("ACK", call_id=side.call_id)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("both", [False, True], ids=["one", "both"])
def test_calls_hold_and_end_from_both_sides(place, network, transport, both):
    a = place(network.one, transport=transport).registered()
    b = place(network.two if both else network.open, transport=transport).registered()
    for caller, callee in ((a, b), (b, a)):
        out, there = talk(caller, callee)
        hold(out, there)
        hold(there, out)
        hang_up(out, there)
        out, there = talk(caller, callee)
        hang_up(there, out)


def test_udp_and_tcp_behind_nats_meet(place, network):
    a = place(network.one, transport="udp").registered()
    b = place(network.two, transport="tcp").registered()
    for caller, callee in ((a, b), (b, a)):
        out, there = talk(caller, callee)
        hold(out, there)
        hang_up(there, out)


def test_the_nat_gives_another_port_between_two_calls(place, network):
    a = place(network.one).registered()
    b = place(network.open).registered()
    hang_up(*talk(b, a))
    network.forget(network.one_router)
    a.registered()
    hang_up(*talk(b, a))


def test_a_phone_that_calls_from_another_port_is_found_there(daemon, place, network):
    a = place(network.one).registered()
    b = place(network.open).registered()
    hang_up(*talk(b, a))
    moved = daemon.status()["counters"]["registrar.moved"]
    network.forget(network.one_router)
    hang_up(*talk(a, b))
    hang_up(*talk(b, a))
    assert daemon.status()["counters"]["registrar.moved"] == moved + 1


def test_a_7960_without_rport_is_reached_at_its_via_port(place, network):
    """Its NAT leads that port inwards, as the guides for these phones say."""
    a = place(network.one, style="7960")
    network.forward(network.one_router, a.port)
    a.registered()
    b = place(network.open).registered()
    hang_up(*talk(b, a))
    hang_up(*talk(a, b))


def test_a_closed_connection_is_known_at_once(place, network):
    a = place(network.one, transport="tcp").registered()
    b = place(network.open).registered()
    hang_up(*talk(b, a))
    a.close()
    r = b.call(f"sip:{a.number}@{a.domain}").final(seconds=2)
    assert r.status == 480


def test_the_binding_says_the_contact_as_registered(daemon, place, network):
    a = place(network.one).registered()
    assert [r["contact"] for r in daemon.registrations(a.number)] == [a.contact]
    assert PHONE in a.contact
