"""`offhook gateway`: with the daemon and without it."""

import json
import os

import pytest
from offhook_flow.command import done, failed


def gateways(d):
    return {g["name"]: g for g in json.loads(done(d.offhook("gateway", "list", "--json")))}


def test_gateways_are_added_shown_and_removed(either):
    d = either
    done(d.offhook("gateway", "add", "carrier-1", "sip:sip.carrier.example;transport=tcp",
                   "--username", "me", "--password-stdin", "--priority", "1", "--weight", "70",
                   "--max-calls", "30", "--register", input="top-secret\n"))
    done(d.offhook("gateway", "add", "pbx", "sip:[2001:db8::1]:5080"))
    assert gateways(d) == {
        "carrier-1": {"name": "carrier-1", "uri": "sip:sip.carrier.example;transport=tcp",
                      "username": "me", "password": "set", "priority": 1, "weight": 70,
                      "max-calls": 30, "register": True},
        "pbx": {"name": "pbx", "uri": "sip:[2001:db8::1]:5080", "username": "",
                "password": "none", "priority": 10, "weight": 10, "max-calls": None,
                "register": False}}
    text = done(d.offhook("gateway", "show", "carrier-1"))
    assert "set" in text and "yes" in text and "top-secret" not in text
    assert "top-secret" not in done(d.offhook("gateway", "list"))
    assert "exists already" in failed(d.offhook("gateway", "add", "pbx", "sip:192.0.2.1"))
    done(d.offhook("gateway", "remove", "carrier-1"))
    done(d.offhook("gateway", "remove", "pbx"))
    assert gateways(d) == {}


def test_the_password_is_nowhere_in_plain_and_its_key_is_private(either):
    d = either
    done(d.offhook("gateway", "add", "g", "sip:192.0.2.1", "--username", "me", "--password",
                   "findme-0815"))
    for name in os.listdir(os.path.dirname(d.database)):
        path = os.path.join(os.path.dirname(d.database), name)
        if os.path.isfile(path):
            with open(path, "rb") as f:
                assert b"findme-0815" not in f.read(), path
    key = os.stat(d.database + ".key")
    assert key.st_mode & 0o777 == 0o600 and key.st_size == 32
    assert key.st_uid == os.stat(d.database).st_uid
    done(d.offhook("gateway", "remove", "g"))


def test_a_lost_key_is_told_with_the_gateways_that_need_their_passwords(either):
    d = either
    for name in ("one", "two"):
        done(d.offhook("gateway", "add", name, "sip:192.0.2.1", "--username", "me", "--password",
                       "x"))
    os.remove(d.database + ".key")
    assert gateways(d)["one"]["password"] == "lost"
    assert "gateway two" in d.offhook("database", "check").stdout
    r = d.offhook("gateway", "password", "one", "--password", "y")
    assert r.returncode == 0 and "two" in r.stderr and "anew" in r.stderr
    assert gateways(d)["one"]["password"] == "set" and gateways(d)["two"]["password"] == "lost"
    assert not d.offhook("gateway", "password", "two", "--password", "y").stderr
    assert gateways(d)["two"]["password"] == "set"
    for name in ("one", "two"):
        done(d.offhook("gateway", "remove", name))


@pytest.mark.parametrize("uri", [
    "192.0.2.1", "sip:", "sip:user@192.0.2.1", "sip:192.0.2.1:0", "sip:192.0.2.1:99999",
    "sip:192.0.2.1:", "sip:[2001:db8::1", "sip:[192.0.2.1]", "sip:a b", "tel:1", "sip:h;lr",
    "sip:h;transport=sctp", "sips:h;transport=udp", "sip:" + "h." * 200 + "h"])
def test_a_bad_uri_is_failed(daemon, uri):
    assert "URI of a gateway" in failed(daemon.offhook("gateway", "add", "bad", uri))


def test_what_makes_no_sense_is_failed(either):
    d = either
    assert "name of a gateway" in failed(d.offhook("gateway", "add", "a,b", "sip:h"))
    assert "no gateway none" in failed(d.offhook("gateway", "show", "none"))
    assert "no gateway none" in failed(d.offhook("gateway", "remove", "none"))
    assert "no gateway none" in failed(d.offhook("gateway", "password", "none", "--password", "x"))
    assert "takes a username" in failed(d.offhook("gateway", "add", "g", "sip:h", "--register"))
    done(d.offhook("gateway", "add", "plain", "sip:h"))
    assert "no username" in failed(d.offhook("gateway", "password", "plain", "--password", "x"))
    done(d.offhook("gateway", "remove", "plain"))


@pytest.mark.parametrize("words", [
    ["add", "g"], ["add", "g", "sip:h", "--password", "x"], ["add", "g", "sip:h", "--weight", "-1"],
    ["add", "g", "sip:h", "--priority", "65536"], ["list", "x"], ["show"], ["password", "g"], []])
def test_wrong_usage_is_2(daemon, words):
    assert daemon.offhook("gateway", *words, input="").returncode == 2


def test_a_copy_of_the_database_opens_no_password(daemon, tmp_path):
    done(daemon.offhook("gateway", "add", "g", "sip:192.0.2.1", "--username", "me", "--password",
                        "x"))
    copy = tmp_path / "copy.db"
    done(daemon.offhook("database", "backup", str(copy)))
    assert not os.path.exists(str(copy) + ".key")
    done(daemon.offhook("gateway", "remove", "g"))
