"""`offhook route`: with the daemon and without it."""

import json

import pytest
from offhook_flow import Daemon


def done(r):
    assert r.returncode == 0, r
    return r.stdout


def refused(r):
    """It could not be done, and one line on stderr says why; returns it."""
    assert r.returncode == 1 and len(r.stderr.strip().splitlines()) == 1, r
    return r.stderr


@pytest.fixture(scope="module")
def idle():
    """A configuration whose daemon does not run."""
    d = Daemon()
    yield d
    d.close()


@pytest.fixture(params=["daemon", "idle"])
def either(request):
    return request.getfixturevalue(request.param)


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
    assert "already" in refused(d.offhook("route", "add", "00", "--gateway", "one"))
    assert "route 00 leads" in refused(d.offhook("gateway", "remove", "one"))
    assert "removed" in done(d.offhook("route", "remove", "00"))
    done(d.offhook("route", "remove", "default"))
    assert routes(d) == {}


def test_what_makes_no_sense_is_refused(either, gateways):
    d = either
    assert "no gateway three" in refused(d.offhook("route", "add", "0", "--gateway", "one,three"))
    assert "prefix" in refused(d.offhook("route", "add", "x", "--gateway", "one"))
    assert "prepended" in refused(d.offhook("route", "add", "0", "--gateway", "one", "--prepend",
                                            "x"))
    assert "no route 0" in refused(d.offhook("route", "remove", "0"))
    assert routes(d) == {}


@pytest.mark.parametrize("words", [
    ["add"], ["add", "0"], ["add", "0", "--gateway"], ["add", "0", "--gateway="],
    ["add", "0", "--gateway", "g", "--strip", "33"], ["list", "x"], ["remove"], []])
def test_wrong_usage_is_2(daemon, words):
    assert daemon.offhook("route", *words).returncode == 2
