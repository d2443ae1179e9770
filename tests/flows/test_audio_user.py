"""`offhook user audio`: what a user has in place of media.anchor, for the calls he makes and gets."""

import contextlib
import itertools
import random

import pytest
from offhook_flow import Daemon, Phone, flows, hang_up, reoffer, talk

PRIVATE = "10.20.30.40"  # of nobody here
NONSENSE = b"v=0\r\nm=audio nonsense\r\n"
PORTS = 'ports = "45000-60998"'  # not those of the phones


class Office:
    """A daemon with this media { }, and phones of it."""

    def __init__(self, media):
        self.stack = contextlib.ExitStack()
        self.daemon = self.stack.enter_context(Daemon(config=f"media {{ {media} }}"))

    def phone(self, **more):
        return self.stack.enter_context(Phone(self.daemon, **more)).registered()

    def choose(self, phone, way):
        r = self.daemon.offhook("user", "audio", phone.number, way)
        assert r.returncode == 0, r.stderr


@pytest.fixture
def office():
    with contextlib.ExitStack() as stack:
        def make(anchor, more=PORTS):
            o = Office(f'anchor = "{anchor}" {more}')
            stack.enter_context(o.stack)
            return o
        yield make


def is_moved(caller, callee, offer, uri=None):
    """Is an offer to go through the server? The call is refused once it is known."""
    call = caller.call(uri or callee.aor, body=offer)
    there = callee.expect_call()
    there.reject(486)
    assert call.final().status == 486
    return there.request.body != offer


def rule(anchor, *ways):
    """What holds for a call whose ends have these ways."""
    return next((w for w in ("always", "nat", "never") if w in ways), anchor)


@pytest.mark.parametrize("anchor", ["always", "nat", "never"])
def test_always_of_either_end_wins_then_nat_then_never(office, audio, anchor):
    o, a = office(anchor), audio()
    caller, callee = o.phone(), o.phone()
    ways = ("default", "always", "nat", "never")
    for pair in itertools.product(ways, ways):
        for phone, way in zip((caller, callee), pair):
            o.daemon.ask("user audio", number=phone.number, audio=way)
        holds = rule(anchor, *pair)
        assert is_moved(caller, callee, a.describe()) == (holds == "always"), pair
        assert is_moved(caller, callee, a.describe(PRIVATE)) == (holds != "never"), pair


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_it_holds_from_the_next_call_on(office, audio, who):
    o, a, b = office("never"), audio(), audio()
    caller, callee = o.phone(), o.phone()
    call, there = talk(caller, callee, a, b)
    assert a.to[:2] == (b.host, b.port)
    o.choose(caller if who == "caller" else callee, "always")
    offer, answer = a.describe(version=2), b.describe(version=2)
    request, r = reoffer(call, there, offer, answer)
    assert (request.body, r.body) == (offer, answer), "a call that stands is left alone"
    hang_up(call, there)
    call, there = talk(caller, callee, a, b)
    assert a.to[1] != b.port and b.to[1] != a.port
    flows(a, b)
    o.choose(caller if who == "caller" else callee, "default")
    flows(a, b)
    hang_up(call, there)
    assert not is_moved(caller, callee, a.describe())


@pytest.mark.parametrize("way", ["never", "nat"])
@pytest.mark.parametrize("hosts", [("127.0.0.1", "::1"), ("::1", "127.0.0.1")], ids=str)
def test_between_families_never_is_never(office, audio, hosts, way):
    o = office("always")
    caller, callee = (o.phone(ipv6=":" in h) for h in hosts)
    o.choose(callee, way)
    assert is_moved(caller, callee, audio(hosts[0]).describe()) == (way == "nat")


def test_who_is_called_in_the_end_counts(office, audio):
    o, a = office("never"), audio()
    caller, first, second = o.phone(), o.phone(), o.phone()
    r = o.daemon.offhook("forward", "set", first.number, "--always", second.number)
    assert r.returncode == 0
    o.choose(first, "always")
    assert not is_moved(caller, second, a.describe(), first.aor)
    o.choose(second, "always")
    o.choose(first, "default")
    assert is_moved(caller, second, a.describe(), first.aor)


def test_it_outlives_the_sip_role_and_the_daemon(office, audio):
    o, a = office("always"), audio()
    caller, callee = o.phone(), o.phone()
    o.choose(callee, "never")
    o.daemon.kill_role("sip")
    assert not is_moved(caller, callee, a.describe())
    o.daemon.stop()
    o.daemon.start()
    assert not is_moved(caller, callee, a.describe())


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_description_that_is_none_is_refused_only_where_audio_is_anchored(office, who):
    o = office("always")
    caller, callee = o.phone(), o.phone()
    assert caller.call(callee.aor, body=NONSENSE).final().status == 488
    o.choose(caller if who == "caller" else callee, "never")
    assert not is_moved(caller, callee, NONSENSE)
    o.choose(callee if who == "caller" else caller, "always")
    assert caller.call(callee.aor, body=NONSENSE).final().status == 488
    callee.silence(0.2, "INVITE")


def test_a_call_that_needs_no_ports_is_let_through_when_there_are_none(office, audio):
    first = random.randrange(24000, 32000, 2)
    o = office("always", f'ports = "{first}-{first + 3}"')
    caller, callee, other = o.phone(), o.phone(), o.phone()
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    assert other.call(callee.aor, body=a.describe()).final().status == 503
    o.choose(other, "never")
    assert not is_moved(other, callee, a.describe())
    hang_up(call, there)
