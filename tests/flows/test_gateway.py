"""Gateways whose addresses a name server tells: in their order, and when one of them dies."""

import os
import signal

import pytest

from offhook_flow import Phone, free_port, hang_up, until

NAMES = True


class Gateway(Phone):
    """A server that takes calls: a phone that knows no registrar, at a port of its own."""

    def __init__(self, daemon, host):
        super().__init__(daemon, "gateway", "none", host=host)


@pytest.fixture
def two(daemon, names):
    """Two gateways behind one name, in the order of their priorities, and the route to them."""
    first, second = Gateway(daemon, "127.0.0.2"), Gateway(daemon, "127.0.0.3")
    name = f"gw{first.port}.test"
    names.add(name, "NAPTR", 10, 50, "s", "SIP+D2U", "", f"_sip._udp.{name}")
    names.add(f"_sip._udp.{name}", "SRV", 1, 10, first.port, f"one.{name}")
    names.add(f"_sip._udp.{name}", "SRV", 2, 10, second.port, f"two.{name}")
    names.add(f"one.{name}", "A", "127.0.0.2")
    names.add(f"two.{name}", "A", "127.0.0.3")
    assert daemon.offhook("gateway", "add", "carrier", f"sip:{name}").returncode == 0
    assert daemon.offhook("route", "add", "0", "--gateway", "carrier").returncode == 0
    yield first, second
    assert daemon.offhook("route", "remove", "0").returncode == 0
    assert daemon.offhook("gateway", "remove", "carrier").returncode == 0
    first.close()
    second.close()


def take(gateway, out, seconds=4):
    """The gateway takes the call: its side of it."""
    there = gateway.expect_call(seconds)
    there.ring()
    out.progress(180)
    there.answer()
    out.answered()
    there.expect_ack()
    return there


def test_the_first_of_two_gateways_takes_the_calls(daemon, two):
    first, second = two
    with Phone(daemon) as p:
        p.registered()
        out = p.call(f"sip:0049555@{daemon.domain}")
        hang_up(out, take(first, out))
        second.silence(what="INVITE")


def test_one_gateway_dies_and_no_call_fails_that_had_not_begun(daemon, two):
    first, second = two
    with Phone(daemon) as p:
        p.registered()
        for _ in range(3):
            out = p.call(f"sip:0049555@{daemon.domain}")
            hang_up(out, take(first, out))
        standing = p.call(f"sip:0049556@{daemon.domain}")
        take(first, standing)
        first.close()
        for _ in range(5):
            out = p.call(f"sip:0049557@{daemon.domain}")
            hang_up(out, take(second, out, seconds=8))
        counters = daemon.status()["counters"]
        assert counters["proxy.failovers"] >= 1
        assert counters["sip.icmp.unreachable"] >= 1  # it did not take 4 s
        first.open()


def test_a_gateway_that_refuses_for_now_is_passed_over(daemon, two):
    first, second = two
    with Phone(daemon) as p:
        p.registered()
        out = p.call(f"sip:0049558@{daemon.domain}")
        refused = first.expect_call()
        refused.reject(503)
        hang_up(out, take(second, out))
        # for a while the other one comes first
        out = p.call(f"sip:0049559@{daemon.domain}")
        hang_up(out, take(second, out))


def test_a_name_that_nobody_has_is_404(daemon):
    with Phone(daemon) as p:
        p.registered()
        out = p.call("sip:somebody@nowhere.test")
        assert out.final().status == 404


def test_a_domain_elsewhere_is_reached_by_its_name(daemon, names):
    with Phone(daemon) as p, Gateway(daemon, "127.0.0.4") as other:
        names.add("elsewhere.test", "SRV", 1, 1, 1, ".")
        names.add("_sip._udp.elsewhere.test", "SRV", 1, 1, other.port, "host.elsewhere.test")
        names.add("host.elsewhere.test", "A", "127.0.0.4")
        p.registered()
        out = p.call("sip:somebody@elsewhere.test")
        there = take(other, out)
        assert there.request.uri == "sip:somebody@elsewhere.test"
        hang_up(there, out)


def test_a_gateway_is_asked_at_its_second_address_when_the_first_is_dead(daemon, names):
    starts = daemon.starts()
    with Phone(daemon) as p, Gateway(daemon, "127.0.0.3") as second:
        name = f"half{second.port}.test"
        names.add(f"_sip._udp.{name}", "SRV", 1, 10, second.port, f"one.{name}")
        names.add(f"_sip._udp.{name}", "SRV", 2, 10, second.port, f"two.{name}")
        names.add(f"one.{name}", "A", "127.0.0.2")  # nobody is there
        names.add(f"two.{name}", "A", "127.0.0.3")
        uri = f"sip:{name};transport=udp"
        assert daemon.offhook("gateway", "add", "half", uri).returncode == 0
        second.respond(second.expect("OPTIONS"), 200)
        p.registered()
        out = second.call(p.aor, authorize=False)
        p.expect_call().reject(486)
        assert out.final().status == 486
    assert daemon.offhook("gateway", "remove", "half").returncode == 0
    assert daemon.starts() == starts


def test_a_challenge_that_comes_just_before_the_next_address_is_tried(daemon, names):
    """The keeper, who knows our password there, is slow: the call goes on when he has answered."""
    starts = daemon.starts()
    with Phone(daemon) as p, Gateway(daemon, "127.0.0.2") as first, \
            Gateway(daemon, "127.0.0.3") as second:
        name = f"slow{first.port}.test"
        names.add(f"_sip._udp.{name}", "SRV", 1, 10, first.port, f"one.{name}")
        names.add(f"_sip._udp.{name}", "SRV", 2, 10, second.port, f"two.{name}")
        names.add(f"one.{name}", "A", "127.0.0.2")
        names.add(f"two.{name}", "A", "127.0.0.3")
        assert daemon.offhook("gateway", "add", "slow", f"sip:{name};transport=udp",
                              "--username", "me", "--password", "secret").returncode == 0
        assert daemon.offhook("route", "add", "7", "--gateway", "slow").returncode == 0
        p.registered()
        out = p.call(f"sip:7555@{daemon.domain}")
        for _ in range(4):  # at 0, 0.5, 1.5 and 3.5 s
            first.seen.clear()
            invite = first.expect("INVITE", seconds=6)
        keeper = daemon.role("keeper")["pid"]
        os.kill(keeper, signal.SIGSTOP)
        try:
            first.respond(invite, 407, tag="f", extra=[
                'Proxy-Authenticate: Digest realm="carrier", nonce="n", algorithm=MD5'])
            second.silence(seconds=1, what="INVITE")
        finally:
            os.kill(keeper, signal.SIGCONT)
        again = first.expect("INVITE", seconds=4)
        assert again.get("proxy-authorization").startswith("Digest username=\"me\"")
        first.respond(again, 486, tag="f")
        assert out.final().status == 486
    assert daemon.offhook("route", "remove", "7").returncode == 0
    assert daemon.offhook("gateway", "remove", "slow").returncode == 0
    assert daemon.starts() == starts


def test_a_gateway_stays_known_while_its_name_is_looked_up_again(daemon, names):
    """Nobody answers there, so that it is asked again after 10 s; then the name server is silent."""
    with Phone(daemon) as p, Gateway(daemon, "127.0.0.2") as caller:
        name = f"again{caller.port}.test"
        names.add(f"_sip._udp.{name}", "SRV", 1, 10, free_port(), f"one.{name}", ttl=1)
        names.add(f"one.{name}", "A", "127.0.0.2", ttl=1)
        assert daemon.offhook("gateway", "add", "again",
                              f"sip:{name};transport=udp").returncode == 0
        p.registered()
        until(lambda: names.asked(f"one.{name}", "A"))
        asked = len(names.questions)
        names.drop = True
        try:
            until(lambda: len(names.questions) > asked, 15)
            out = caller.call(p.aor, authorize=False)
            p.expect_call().reject(486)
            assert out.final().status == 486
        finally:
            names.drop = False
    assert daemon.offhook("gateway", "remove", "again").returncode == 0
