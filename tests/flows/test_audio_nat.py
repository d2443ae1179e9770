"""Audio of phones behind NATs, in network namespaces with real address translation: they describe
addresses that only they know, and their NATs choose the ports."""

import contextlib
import time

import pytest

from offhook_flow.audio import PACE, Audio, converse, fax, relayed, stream, talk
from offhook_flow.daemon import Daemon
from offhook_flow.network import PHONE, SERVER, Network, possible
from offhook_flow.phone import Phone, hang_up
from offhook_flow.wait import until

pytestmark = pytest.mark.skipif(not possible(), reason="needs root, ip, nft and conntrack")


@pytest.fixture(scope="module")
def network():
    with Network() as n:
        n.one, n.one_router, n.one_address = n.behind_nat("one")
        n.two, n.two_router, n.two_address = n.behind_nat("two")
        n.open, n.open_address = n.public("open")
        n.stranger, n.stranger_address = n.public("stranger")
        yield n


@pytest.fixture(scope="module", params=["never", "auto"])
def daemon(network, request):
    """auto: the kernel relays what it may."""
    port = 5060
    with Daemon(port=port, namespace=network.server, listen=[f"udp:{SERVER}:{port}"],
                config=f'media {{ kernel = "{request.param}" }}') as d:
        d.fast = request.param == "auto"
        media = d.status()["media"]
        if d.fast and media["kernel"] == "off":
            pytest.skip(media["why"])
        assert media["kernel"] in (("tcx", "clsact") if d.fast else ("off",))
        with d.unharmed():
            yield d


@pytest.fixture
def at(daemon, network):
    """Makes a registered phone in a namespace, and its audio; audio alone for a stranger."""
    with contextlib.ExitStack() as made:
        def make(where, registers=True):
            host = {network.open: network.open_address,
                    network.stranger: network.stranger_address}.get(where, PHONE)
            audio = made.enter_context(Audio(host, network.inside(where)))
            if not registers:
                return audio
            phone = made.enter_context(Phone(daemon, host=host, server=SERVER,
                                             place=network.inside(where)))
            return phone.registered(), audio

        yield make


def learned(daemon, a, b):
    """Both sides have said enough to be known, and to be with the kernel if it may relay them; what
    came of it is taken away."""
    converse(a, b, 70 if daemon.fast else 10)
    assert stream(daemon)["kernel"] == daemon.fast
    a.drain(0.1), b.drain()


def copies(sender, *phones, count=10):
    """Runs that go on where a phone is, and some of its own, at all ports of the phones' legs."""
    for p in phones:
        for n in range(1, count + 1):
            for ssrc, sequence in ((0xbad, n), *((q.ssrc, q.sequence + n) for q in phones)):
                sender.ssrc, sender.sequence = ssrc, sequence - 1 & 0xffff
                sender.send(b"evil", p.to[:2])
                sender.send(b"evil", (p.to[0], p.to[2]))
        for ssrc in (0xbad, *(q.ssrc for q in phones)):
            sender.ssrc = ssrc
            sender.report(to=(p.to[0], p.to[2]))
            sender.report(to=p.to[:2])


@pytest.mark.parametrize("callee", ["two", "open"])
def test_audio_and_reports_cross_between_nats(daemon, network, at, callee):
    (caller, a), (other, b) = at(network.one), at(getattr(network, callee))
    call, there = talk(caller, other, a, b)
    assert a.to[0] == b.to[0] == SERVER
    learned(daemon, a, b)
    relayed(a, b, 5)
    for _ in range(2):
        a.report()
        b.report()
        time.sleep(PACE)
    a.drain(0.1), b.drain()
    for one, two in ((a, b), (b, a)):
        sent = one.report()
        assert two.hear(two.rtcp) == (sent, (two.to[0], two.to[2]))
    hang_up(call, there)


def test_a_stranger_gets_nothing_of_a_call_between_nats(daemon, network, at):
    (caller, a), (callee, b) = at(network.one), at(network.two)
    stranger = at(network.stranger, registers=False)
    call, there = talk(caller, callee, a, b)
    copies(stranger, a, b)
    assert a.drain(0.1) == [] and b.drain() == []
    for _ in range(6):
        converse(a, b, 1)
        copies(stranger, a, b, count=4)
    learned(daemon, a, b)
    for _ in range(5):
        relayed(a, b, 1)
        copies(stranger, a, b)
    time.sleep(0.3)
    copies(stranger, a, b)
    assert a.drain(0.1) == [] and b.drain() == [] and stranger.drain() == []
    hang_up(call, there)


def test_who_only_listens_behind_a_nat_is_not_taken_for_who_knocks(network, at):
    """Until it sends something, nobody can know where its audio would have to go."""
    (caller, a), (callee, b) = at(network.open), at(network.two)
    stranger = at(network.stranger, registers=False)
    call, there = talk(caller, callee, a, b, answer=b.describe(more="a=recvonly\r\n"))
    for _ in range(5):
        copies(stranger, a, b)
        a.send()
        time.sleep(PACE)
    assert a.drain(0.1) == [] and b.drain() == [] and stranger.drain() == []
    for _ in range(4):
        b.send()
    assert a.hear()[0]
    sent = a.send()
    assert b.hear()[0] == sent
    assert stranger.drain(0.1) == []
    hang_up(call, there)


def test_what_a_phone_calls_its_own_address_is_nobody_elses(network, at):
    """The same private address behind another NAT is another phone."""
    (caller, a), (_, b), (callee, c) = at(network.one), at(network.two), at(network.open)
    call, there = talk(caller, callee, a, c)
    b.to = a.to
    for _ in range(10):
        b.send()
        c.send()
        time.sleep(PACE)
    assert c.drain(0.1) == [] and b.drain() == [] and a.drain() == []
    hang_up(call, there)


@pytest.mark.parametrize("both", [False, True], ids=["one", "both"])
def test_audio_comes_back_when_a_nat_gives_another_port(daemon, network, at, both):
    (caller, a), (callee, b) = at(network.one), at(network.two)
    stranger = at(network.stranger, registers=False)
    call, there = talk(caller, callee, a, b)
    learned(daemon, a, b)
    relayed(a, b, 5)
    network.forget(network.one_router, a.port)
    if both:
        network.forget(network.two_router, b.port)
    converse(a, b, 50)
    copies(stranger, a, b)
    a.drain(0.1), b.drain()
    relayed(a, b, 10)
    assert stranger.drain(0.1) == []
    hang_up(call, there)


def test_a_copy_from_behind_the_same_nat_needs_the_phone_to_be_silent(daemon, network, at):
    """What cannot be told apart: the same address, the same SSRC, the sequence going on."""
    (caller, a), (callee, b) = at(network.one), at(network.two)
    neighbour = at(network.one, registers=False)
    call, there = talk(caller, callee, a, b)
    learned(daemon, a, b)
    for _ in range(10):
        relayed(a, b, 1)
        neighbour.ssrc, neighbour.sequence = a.ssrc, a.sequence
        neighbour.send(b"evil", a.to[:2])
    assert b.drain(0.1) == [] and neighbour.drain() == []
    neighbour.ssrc = 0xbad
    for _ in range(20):
        neighbour.send(b"evil", a.to[:2])
        time.sleep(PACE)
    assert b.drain(0.1) == [], "another SSRC shows who it is, however silent the phone is"
    neighbour.ssrc, neighbour.sequence = a.ssrc, a.sequence
    for _ in range(4):
        neighbour.send(b"evil", a.to[:2])
    assert b"evil" in b.hear()[0]
    hang_up(call, there)


def test_no_bytes_go_to_a_third_party_at_the_word_of_a_phone(network, at):
    """What has no form that could be checked goes to the phone's own host, or where it comes from."""
    (caller, a), (callee, _) = at(network.open), at(network.open)
    other = at(network.stranger, registers=False)
    call, there = talk(caller, callee, a, other, fax(a.host, a.port), fax(other.host, other.port))
    for _ in range(10):
        a.rtp.sendto(b"INVITE sip:+900@carrier SIP/2.0\r\n", a.to[:2])
    assert other.drain(0.3) == []
    hang_up(call, there)


def test_a_fax_crosses_between_nats(network, at):
    (caller, a), (callee, b) = at(network.one), at(network.two)
    call, there = talk(caller, callee, a, b, fax(a.host, a.port), fax(b.host, b.port))

    def crosses():
        for audio in (a, b):
            audio.rtp.sendto(b"\0\1\3fax", audio.to[:2])
        return a.drain(PACE) and b.drain()
    assert until(crosses)
    hang_up(call, there)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_nor_when_what_was_audio_is_offered_as_something_else(network, at, method):
    (caller, a), (callee, _) = at(network.open), at(network.open)
    other = at(network.stranger, registers=False)
    call, there = talk(caller, callee, a, other)
    via, cseq = caller.via(), caller.next_cseq(call.call_id)
    contact = [f"Contact: <{caller.contact}>"]
    caller.send(call.in_dialog(method, cseq, contact, fax(a.host, a.port), via=via))
    request = callee.expect(method, call_id=call.call_id)
    for _ in range(10):
        a.rtp.sendto(b"INVITE sip:+900@carrier SIP/2.0\r\n", a.to[:2])
        a.rtp.sendto(b"INVITE sip:+900@carrier SIP/2.0\r\n", (a.to[0], a.to[2]))
    assert other.drain(0.3) == []
    callee.respond(request, 488, tag=there.local_tag)
    assert caller.final(call.call_id, cseq, method).status == 488
    if method == "INVITE":
        caller.send(call.in_dialog("ACK", cseq, via=via))
        there.expect_ack()
    until(lambda: other.hears(a))
    hang_up(call, there)
