"""Audio by the kernel: it relays what user space has locked, and nothing else. What crosses while
the media role is asleep, only the kernel can have relayed."""

import contextlib
import os
import signal
import time

import pytest
from offhook_flow import (Daemon, Phone, converse, flows, hang_up, relayed, reoffer, reported,
                          stream, talk, until)
from offhook_flow.audio import PACE

DAEMON = {"config": 'media { ports = "45000-60998" kernel = "always" }'}
LEASE = 2.0  # s that the kernel goes on without the media role


def obstacle():
    """Why there can be no kernel path here, or None."""
    if os.geteuid() != 0:
        return "only root may load the program"
    d = Daemon(**DAEMON)
    try:
        d.start()
        d.stop()
    except AssertionError as problem:
        if "media.kernel is always" in str(problem):
            return str(problem).strip().splitlines()[-1]
        raise
    finally:
        d.close()
    return None


@pytest.fixture(scope="module", autouse=True)
def possible():
    why = obstacle()
    if why:
        pytest.skip(why)


@pytest.fixture
def two(phone):
    return phone().registered(), phone().registered()


@pytest.fixture
def own():
    """A daemon of the test's own, whose roles may die, and two phones of it."""
    with contextlib.closing(Daemon(**DAEMON)) as d:
        d.start()
        with Phone(d) as one, Phone(d) as other:
            yield d, one.registered(), other.registered()


@contextlib.contextmanager
def asleep(daemon):
    pid = daemon.role("media")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def crosses(daemon, a, b):
    """Do packets cross both ways while the media role is asleep, after a second of talking?"""
    converse(a, b, 60)
    with asleep(daemon):
        a.drain(), b.drain()
        crossed = b.hears(a) and a.hears(b)
    a.drain(0.1), b.drain()
    return crossed


def fast(daemon, a, b):
    """The call's audio is with the kernel, and that is what is said of it."""
    until(lambda: crosses(daemon, a, b), seconds=20)
    converse(a, b)
    assert stream(daemon)["kernel"] is True
    a.drain(0.1), b.drain()


def slow(daemon, a, b):
    """It stays in user space however long it lasts."""
    for _ in range(8):
        converse(a, b)
        assert stream(daemon)["kernel"] is False
    a.drain(0.1), b.drain()
    with asleep(daemon):
        assert not b.hears(a) and not a.hears(b)
    until(lambda: a.drain(0.1) + b.drain(0.1))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_audio_crosses_while_the_media_role_is_asleep(daemon, phone, audio, host):
    caller, callee = (phone(ipv6=":" in host).registered() for _ in range(2))
    a, b = audio(host), audio(host)
    call, there = talk(caller, callee, a, b)
    flows(a, b)
    before, begun = stream(daemon), (a.sequence, b.sequence)
    fast(daemon, a, b)
    relayed(a, b)
    reported(a, b)
    after = stream(daemon)
    for side, sent in (("caller", a.sequence - begun[0]), ("callee", b.sequence - begun[1])):
        packets = after[side]["packets"] - before[side]["packets"]
        assert packets == sent & 0xffff
        assert after[side]["bytes"] - before[side]["bytes"] == 172 * packets
        assert after[side]["lost"] == before[side]["lost"]
        assert after[side]["reordered"] == 0 and after[side]["strangers"] == 0
        assert after[side]["reports"] == 1 and after[side]["mos"] > 1
    hang_up(call, there)


def test_audio_between_ip4_and_ip6_stays_in_user_space(daemon, phone, audio):
    caller, callee = phone().registered(), phone(ipv6=True).registered()
    a, b = audio(), audio("::1")
    call, there = talk(caller, callee, a, b)
    slow(daemon, a, b)
    relayed(a, b, 3)
    hang_up(call, there)


def test_behind_a_nat_of_our_own_audio_stays_in_user_space(audio):
    """The address that phones are told is not one of this host."""
    config = DAEMON["config"].replace("media {", 'media { address = "203.0.113.7"')
    with Daemon(config=config) as d, Phone(d) as one, Phone(d) as other:
        a, b = audio(), audio()
        call, there = talk(one.registered(), other.registered(), a, b)
        for x in (a, b):
            assert x.to[0] == "203.0.113.7"
            x.to = ("127.0.0.1", *x.to[1:])
        slow(d, a, b)
        hang_up(call, there)


def test_hold_ends_it_and_resume_begins_it_again(daemon, two, audio):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    fast(daemon, a, b)
    reoffer(call, there, a.describe("0.0.0.0", version=2), b.describe(version=2))
    until(lambda: b.send() and a.drain(0.05) == [])  # the kernel is told of it a moment later
    converse(a, b, 60)
    assert a.drain(0.1) == [], "nothing is sent to who wants to hear nothing"
    request, answer = reoffer(call, there, a.describe(version=3), b.describe(version=2))
    a.answer_to(answer.body), b.answer_to(request.body)
    b.drain()
    relayed(a, b, 3)
    fast(daemon, a, b)
    hang_up(call, there)


def test_a_phone_may_go_on_from_another_port(daemon, two, audio):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    fast(daemon, a, b)
    a.moved()
    until(lambda: b.hears(a))
    converse(a, b)
    port = a.rtp.getsockname()[1]
    reoffer(call, there, a.describe(port=port, version=2), b.describe(version=2))
    b.drain()
    flows(a, b)
    fast(daemon, a, b)
    hang_up(call, there)


def test_another_source_of_the_same_phone_is_counted_apart(daemon, two, audio):
    """Music on hold, a transfer inside the phone: another SSRC from the same address."""
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    flows(a, b)
    fast(daemon, a, b)
    before = stream(daemon)["caller"]
    a.ssrc, a.sequence = a.ssrc ^ 1, a.sequence + 20000 & 0xffff
    relayed(a, b, 20)
    fast(daemon, a, b)
    after = stream(daemon)["caller"]
    assert after["packets"] > before["packets"] + 20
    assert after["lost"] == before["lost"] and after["reordered"] == 0
    hang_up(call, there)


def test_after_the_end_nothing_crosses(daemon, two, audio):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    fast(daemon, a, b)
    hang_up(call, there)
    until(lambda: not b.hears(a) and not a.hears(b))
    with asleep(daemon):
        converse(a, b)
    converse(a, b)
    assert a.drain(0.1) == [] and b.drain() == []


def test_a_stranger_gets_nothing_in_and_hears_nothing(daemon, two, audio):
    a, b, stranger = audio(), audio(), audio("127.0.0.9")
    call, there = talk(*two, a, b)
    fast(daemon, a, b)
    for _ in range(20):
        relayed(a, b, 1)
        for victim in (a, b):
            stranger.ssrc, stranger.sequence = victim.ssrc, victim.sequence
            for _ in range(5):
                stranger.send(b"evil", victim.to[:2])
        stranger.ssrc = 0xbad
        stranger.send(b"evil", a.to[:2])
    assert a.drain(0.1) == [] and b.drain() == [] and stranger.drain() == []
    hang_up(call, there)


def test_another_source_behind_the_phones_address_stays_in_user_space(daemon, two, audio):
    """The same address and port, forged: only the SSRC differs."""
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    fast(daemon, a, b)
    with asleep(daemon):
        a.ssrc ^= 1
        assert not b.hears(a)
        a.ssrc ^= 1
        assert b.hears(a)
    hang_up(call, there)


def test_a_media_role_that_dies_is_not_heard_of(own, audio):
    d, caller, callee = own
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    flows(a, b)
    before, begun = stream(d)["caller"], a.sequence
    fast(d, a, b)
    sent = []
    for n in range(100):
        if n == 10:
            os.kill(d.role("media")["pid"], signal.SIGKILL)
        sent.append(a.send())
        b.send()
        time.sleep(PACE)
    until(lambda: d.starts()["media"] == 2)
    heard = b.drain(0.5)
    assert sorted(heard) == sorted(sent), f"{len(sent) - len(heard)} of {len(sent)} were lost"
    a.drain()
    fast(d, a, b)
    after = stream(d)["caller"]
    assert after["packets"] - before["packets"] == a.sequence - begun & 0xffff
    assert after["lost"] == before["lost"]
    hang_up(call, there)


def lease_ends(daemon, a, b):
    """False: the kernel did not have the audio when the media role fell asleep."""
    converse(a, b, 60)
    with asleep(daemon):
        a.drain(), b.drain()
        if not (b.hears(a) and a.hears(b)):
            return False
        until(lambda: not b.hears(a) and not a.hears(b), seconds=LEASE + 10)
        converse(a, b)
        assert a.drain() == [] and b.drain() == []
    return True


def test_without_a_media_role_the_lease_ends(daemon, two, audio):
    a, b = audio(), audio()
    call, there = talk(*two, a, b)
    until(lambda: lease_ends(daemon, a, b), seconds=30)
    until(lambda: a.drain(0.1) + b.drain(0.1))  # what has waited in the sockets
    a.drain(0.3), b.drain()
    fast(daemon, a, b)
    hang_up(call, there)


def test_when_all_die_nothing_is_relayed_any_more(own, audio):
    d, caller, callee = own
    a, b = audio(), audio()
    talk(caller, callee, a, b)
    fast(d, a, b)
    os.killpg(d.process.pid, signal.SIGKILL)
    until(lambda: not b.hears(a) and not a.hears(b), seconds=LEASE + 10)
    with contextlib.suppress(ConnectionRefusedError):
        converse(a, b)
    assert a.drain(0.1) == [] and b.drain() == []


def test_status_says_which_way_audio_goes(daemon):
    media = daemon.status()["media"]
    assert media["kernel"] in ("tcx", "clsact") and media["why"] == "media.kernel is always"
    text = daemon.offhook("status").stdout
    assert f"audio         by the kernel, attached by {media['kernel']} (" in text
    with Daemon(config='media { kernel = "never" }') as d:
        media = d.status()["media"]
        assert media["kernel"] == "off" and media["why"] == "media.kernel is never"
        assert "audio         in user space (media.kernel is never)\n" in d.offhook("status").stdout


def test_only_the_parent_has_rights_for_it_and_no_others_than_it_takes(daemon):
    def rights(pid):
        with open(f"/proc/{pid}/status") as f:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        return int(fields["CapEff"], 16) | int(fields["CapPrm"], 16)

    kernel = 1 << 12 | 1 << 39  # NET_ADMIN, BPF
    assert rights(daemon.process.pid) & kernel == kernel
    assert rights(daemon.process.pid) & 1 << 21 == 0, "SYS_ADMIN"
    if daemon.lines["sandbox"] == "on":
        assert [rights(r["pid"]) for r in daemon.status()["roles"]] == [0, 0, 0]


def without_rights(use):
    d = Daemon(config=f'media {{ ports = "45000-60998" kernel = "{use}" }}')
    d.enter = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
    return d


def test_without_rights_auto_says_so_once(audio):
    with without_rights("auto") as d, Phone(d) as one, Phone(d) as other:
        media = d.status()["media"]
        assert media["kernel"] == "off" and "CAP_BPF" in media["why"]
        said = [line for line in d.stderr().splitlines() if media["why"] in line]
        assert len(said) == 1 and "audio is relayed in user space" in said[0]
        assert "warning" not in said[0] and "error" not in said[0]
        a, b = audio(), audio()
        call, there = talk(one.registered(), other.registered(), a, b)
        relayed(a, b)
        hang_up(call, there)


def test_without_rights_always_does_not_start():
    with contextlib.closing(without_rights("always")) as d:
        d.start(wait=False)
        assert d.process.wait(15) == 1
        line, = d.stderr().splitlines()
        assert line.startswith("offhookd: media.kernel is always, but ") and "CAP_BPF" in line
