"""`offhook forward`: with the daemon and without it."""

import json

import pytest
from offhook_flow.command import done, failed


def forwards(d, *number):
    return {(f["number"], f["when"]): (f["target"], f.get("after"))
            for f in json.loads(done(d.offhook("forward", "show", *number, "--json")))}


def test_forwards_are_set_shown_and_cleared(either):
    d = either
    done(d.offhook("user", "add", "5552001", "--password", "x"))
    assert "set" in done(d.offhook("forward", "set", "555-2001", "--busy", "--unreachable", "600"))
    done(d.offhook("forward", "set", "5552001", "--no-answer", "sip:desk@198.51.100.1",
                   "--after", "5"))
    assert forwards(d, "5552001") == {
        ("5552001", "busy"): ("600", None), ("5552001", "unreachable"): ("600", None),
        ("5552001", "no-answer"): ("sip:desk@198.51.100.1", 5)}
    done(d.offhook("forward", "set", "5552001", "--no-answer", "601"))
    assert forwards(d)["5552001", "no-answer"] == ("601", 20)
    text = done(d.offhook("forward", "show", "5552001"))
    assert "no-answer" in text and "20s" in text
    assert "1 forward " in done(d.offhook("forward", "clear", "5552001", "--busy"))
    assert ("5552001", "busy") not in forwards(d)
    assert "2 forwards" in done(d.offhook("forward", "clear", "5552001"))
    assert forwards(d, "5552001") == {}
    done(d.offhook("user", "remove", "5552001"))


def test_the_forwards_of_a_removed_user_go(either):
    d = either
    done(d.offhook("user", "add", "5552002", "--password", "x"))
    done(d.offhook("forward", "set", "5552002", "--always", "600"))
    done(d.offhook("user", "remove", "5552002"))
    assert ("5552002", "always") not in forwards(d)


def test_what_makes_no_sense_is_failed(either):
    d = either
    done(d.offhook("user", "add", "5552003", "--password", "x"))
    assert "itself" in failed(d.offhook("forward", "set", "5552003", "--busy", "555-2003"))
    assert "itself" in failed(d.offhook("forward", "set", "5552003", "--busy",
                                         f"sip:5552003@{d.domain}"))
    assert "no user" in failed(d.offhook("forward", "set", "5552999", "--busy", "600"))
    assert "no user" in failed(d.offhook("forward", "clear", "5552999"))
    assert "no user" in failed(d.offhook("forward", "show", "5552999"))
    assert "target" in failed(d.offhook("forward", "set", "5552003", "--busy", "http://x"))
    done(d.offhook("user", "remove", "5552003"))


@pytest.mark.parametrize("words", [
    ["set", "1"], ["set", "1", "2"], ["set", "1", "2", "--busy", "--after", "5"],
    ["set", "1", "2", "--no-answer", "--after", "0"],
    ["set", "1", "2", "--no-answer", "--after", "181"], ["clear"], ["show", "1", "2"], []])
def test_wrong_usage_is_2(daemon, words):
    assert daemon.offhook("forward", *words).returncode == 2


def test_all_forwards_come_in_pages(daemon):
    numbers = [f"5553{n:03d}" for n in range(30)]
    daemon.users_import(numbers, "x")
    for n in numbers:
        daemon.ask("forward set", number=n, kinds=["busy", "no-answer"], target="600")
    found = daemon.ask("forward show", limit=7)
    assert len({(f["number"], f["when"]) for f in found if f["number"] in numbers}) == 60
