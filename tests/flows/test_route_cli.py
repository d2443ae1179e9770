"""`offhook route`: with the daemon and without it."""

import json

import pytest
from offhook_flow import Daemon, Phone
from offhook_flow.command import done, failed


@pytest.fixture
def gateways(either):
    """Two gateways, one and two."""
    for name in ("one", "two"):
        done(either.offhook("gateway", "add", name, "sip:192.0.2.1"))
    yield
    for name in ("one", "two"):
        done(either.offhook("gateway", "remove", name))


def routes(d):
    return {r["prefix"]: r for r in json.loads(done(d.offhook("route", "list", "--json")))}


def test_routes_are_added_listed_and_removed(either, gateways):
    d = either
    done(d.offhook("route", "add", "00", "--gateway", "one,two", "--strip", "2", "--prepend", "+"))
    done(d.offhook("route", "add", "default", "--gateway=two"))
    assert routes(d) == {
        "00": {"prefix": "00", "gateways": ["one", "two"], "strip": 2, "prepend": "+"},
        "default": {"prefix": "default", "gateways": ["two"], "strip": 0, "prepend": ""}}
    assert "one, two" in done(d.offhook("route", "list"))
    assert "already" in failed(d.offhook("route", "add", "00", "--gateway", "one"))
    assert "route 00 leads" in failed(d.offhook("gateway", "remove", "one"))
    assert "removed" in done(d.offhook("route", "remove", "00"))
    done(d.offhook("route", "remove", "default"))
    assert routes(d) == {}


def test_what_makes_no_sense_is_failed(either, gateways):
    d = either
    assert "no gateway three" in failed(d.offhook("route", "add", "0", "--gateway", "one,three"))
    assert "prefix" in failed(d.offhook("route", "add", "x", "--gateway", "one"))
    assert "prepended" in failed(d.offhook("route", "add", "0", "--gateway", "one", "--prepend",
                                            "x"))
    assert "no route 0" in failed(d.offhook("route", "remove", "0"))
    assert routes(d) == {}


def test_the_way_of_a_call_is_told(daemon):
    with Phone(daemon) as p, Phone(daemon) as other:
        p.registered()
        done(daemon.offhook("alias", "add", "604", p.number))
        done(daemon.offhook("gateway", "add", "carrier", "sip:192.0.2.1;transport=tcp"))
        done(daemon.offhook("route", "add", "00", "--gateway", "carrier", "--strip", "2",
                            "--prepend", "+"))
        done(daemon.offhook("forward", "set", p.number, "--no-answer", "0049301", "--after", "9"))
        text = done(daemon.offhook("route", "test", other.number, "604"))
        assert [line.strip() for line in text.splitlines()] == [
            f"{other.number}@{daemon.domain} is a user, and has to prove it",
            f"604 is an alias of {p.number}",
            f"{p.number}@{daemon.domain} is a user with 1 registered phone",
            f"rings at {p.contact}",
            "if nobody answers within 9 s, it is forwarded to 0049301",
            "nobody here has 0049301, the route 00 fits: +49301 is dialled there",
            "1. carrier, sip:192.0.2.1;transport=tcp (priority 10, weight 10)"]
        told = json.loads(done(daemon.offhook("route", "test", "sip:x@192.0.2.7", "0049301",
                                              "--json")))
        assert [s["step"] for s in told["steps"]] == ["from", "route", "end"]
        assert "403" in told["steps"][-1]["text"]
        assert [s["step"] for s in daemon.ask("route test", **{"from": p.number, "to": "112"})] == [
            "from", "emergency", "end"]
        assert "URIs" in failed(daemon.offhook("route", "test", p.number, "sip:"))
        done(daemon.offhook("forward", "clear", p.number))
        done(daemon.offhook("route", "remove", "00"))
        assert "no route fits" in done(daemon.offhook("route", "test", other.number, "0049301"))
        done(daemon.offhook("gateway", "remove", "carrier"))
        done(daemon.offhook("alias", "remove", "604"))


def test_routes_outlive_the_sip_role():
    with Daemon() as d:
        number, _ = d.user_add()
        done(d.offhook("gateway", "add", "g", "sip:192.0.2.1", "--username", "me", "--password",
                       "x"))
        done(d.offhook("route", "add", "default", "--gateway", "g"))
        done(d.offhook("forward", "set", number, "--always", "4711"))
        done(d.offhook("user", "limit", number, "2"))
        before = done(d.offhook("route", "test", number, number))
        assert "limit is 2 calls" in before and "forwarded to 4711" in before and "sip:192.0.2.1" in before
        d.kill_role("sip")
        assert done(d.offhook("route", "test", number, number)) == before


def test_without_a_daemon_the_way_is_not_told(idle):
    assert "does not run" in failed(idle.offhook("route", "test", "1", "2"))


@pytest.mark.parametrize("words", [
    ["test", "1"], ["add"], ["add", "0"], ["add", "0", "--gateway"], ["add", "0", "--gateway="],
    ["add", "0", "--gateway", "g", "--strip", "33"], ["list", "x"], ["remove"], []])
def test_wrong_usage_is_2(daemon, words):
    assert daemon.offhook("route", *words).returncode == 2
