"""The guard: who guesses waits and is banned, who floods is dropped, and the others never notice."""

import json
import os
import re
import signal
import time

import pytest
from offhook_flow import Daemon, Phone, connected, hang_up, until
from offhook_flow.command import done

DAEMON = {"config": "guard { users = 10 ban = 600 }"}


def answered_badly(p, number=None, call_id=None, password="guess"):
    """Has itself challenged and answers with a wrong password; whose answer does not come yet."""
    number, call_id = number or p.number, call_id or f"guess-{os.urandom(4).hex()}"
    aor = f"sip:{number}@{p.domain}"
    same = {"to": f"<{aor}>", "frm": f"<{aor}>;tag=1", "call_id": call_id}
    first = p.exchange(p.register_request(1, **same), call_id, 1, "REGISTER")
    if first.status != 401:
        return call_id, first
    p.credentials.username, p.credentials.password = number, password
    line = p.answer(first, "REGISTER", f"sip:{p.domain}")
    p.send(p.register_request(2, extra=[line], **same))
    return call_id, None


def counters(daemon):
    return daemon.status()["counters"]


def banned(daemon):
    return sorted(b["address"] for b in daemon.ask("ban list"))


@pytest.fixture
def guesser(daemon):
    """A stranger at an address of his own, which nobody else has used."""
    made = []

    def make(host):
        made.append(Phone(daemon, "5559000", "guess", host=host))
        return made[-1]

    yield make
    for p in made:
        p.close()


def test_a_refusal_is_held_back_ever_longer(daemon, guesser):
    p = guesser("127.0.1.1")
    for seconds in (1, 2):
        call_id, _ = answered_badly(p)
        began = time.monotonic()
        assert p.final(call_id, 2, "REGISTER", 10).status == 401
        took = time.monotonic() - began
        print(f"refused after {took:.2f} s")
        assert seconds - 0.1 < took < seconds + 1


def test_who_does_not_wait_is_refused_unseen(daemon, guesser):
    p = guesser("127.0.1.2")
    before = counters(daemon)
    answered_badly(p)
    time.sleep(0.1)
    call_id, _ = answered_badly(p)
    r = p.final(call_id, 2, "REGISTER")
    assert r.status == 503 and 1 <= int(r.get("retry-after")) <= 2, str(r)
    for _ in range(5):
        answered_badly(p)
    time.sleep(0.1)
    now = counters(daemon)
    assert now["guard.failures"] == before["guard.failures"] + 1
    assert now["guard.refused"] >= before["guard.refused"] + 6


def test_existing_and_unknown_users_are_refused_alike(daemon, guesser):
    known, _ = daemon.user_add()
    answers = []
    for number, host in ((known, "127.0.1.3"), ("5559999", "127.0.1.4")):
        p = guesser(host)
        call_id, _ = answered_badly(p, number)
        began = time.monotonic()
        r = p.final(call_id, 2, "REGISTER", 10)
        challenge = re.sub(r'nonce="\w+"', "", " ".join(r.all("www-authenticate")))
        answers.append((r.start, [name for name, _ in r.headers], challenge,
                        round(time.monotonic() - began)))
    assert answers[0] == answers[1]


def test_200_phones_behind_one_address_never_notice_the_one_that_is_wrong(daemon, phone, guesser):
    """One of 200 tries a wrong password for ever; then somebody guesses from elsewhere."""
    daemon.users_import([str(5560000 + n) for n in range(200)], "office")
    phones = [phone(str(5560000 + n), "office") for n in range(199)]
    wrong = phone("5560199", "mistyped")
    for p in phones:
        p.registered(seconds=8)
    slowest, end = 0, time.monotonic() + 6
    for round_ in range(100):
        answered_badly(wrong, password="mistyped")
        for p in phones[round_ % 4::4]:
            began = time.monotonic()
            assert p.register(seconds=4).status == 200
            slowest = max(slowest, time.monotonic() - began)
        if time.monotonic() > end:
            break
    print(f"slowest refresh beside the wrong phone: {slowest * 1000:.0f} ms")
    assert slowest < 1
    call = phones[0].call(phones[1].aor)
    other = phones[1].expect_call()
    other.answer()
    call.answered()
    other.expect_ack()

    crack = guesser("127.0.0.2")
    for n in range(10):
        answered_badly(crack, str(5560000 + n))
    until(lambda: banned(daemon) == ["127.0.0.2"])
    crack.inbox.clear()
    crack.send(crack.request("OPTIONS", f"sip:{crack.domain}", frm=f"<{crack.aor}>;tag=1",
                             to=f"<sip:{crack.domain}>", call_id="banned", cseq=1))
    crack.silence(0.3)
    assert counters(daemon)["guard.dropped"] >= 1
    for p in phones[:20]:
        assert p.register().status == 200
    assert daemon.status()["bans"] == 1
    assert "127.0.0.2 is banned for 600 s: 10 users failed from it" in daemon.stderr()
    done(daemon.offhook("ban", "remove", "127.0.0.2"))
    assert crack.ask("OPTIONS", f"sip:{crack.domain}", frm="<sip:x@other.example>;tag=1",
                     authorize=False).status == 200


def test_a_user_is_not_locked_out_by_guesses_from_elsewhere(daemon, phone, guesser):
    victim, p = phone().registered(), guesser("127.0.1.5")
    for _ in range(3):
        answered_badly(p, victim.number)
    new = Phone(daemon, victim.number, victim.credentials.password)
    with new:
        assert victim.register().status == 200
        assert new.register().status == 200


@pytest.mark.parametrize("address,shown", [
    ("192.0.2.7", "192.0.2.7"), ("192.0.2.0/24", "192.0.2.0/24"),
    ("2001:db8::9", "2001:db8::/64"), ("2001:db8::/48", "2001:db8::/48")])
def test_bans_by_hand(daemon, address, shown):
    assert "added" in done(daemon.offhook("ban", "add", address, "--seconds", "30"))
    rows = json.loads(done(daemon.offhook("ban", "list", "--json")))
    row = next(r for r in rows if r["address"] == shown)
    assert 25 <= row["expires"] <= 30 and row["users"] == 0 and row["reason"] == "by hand"
    assert shown in done(daemon.offhook("ban", "list"))
    assert "removed" in done(daemon.offhook("ban", "remove", address))
    assert daemon.ask("ban list") == []


@pytest.mark.parametrize("words", [
    ["add", "nowhere"], ["add", "192.0.2.1/24"], ["add", "192.0.2.1", "--seconds", "0"],
    ["add", "192.0.2.1", "--seconds", "x"], ["remove", "192.0.2.1"]])
def test_a_ban_that_cannot_be_is_1_with_one_line(daemon, words):
    r = daemon.offhook("ban", *words)
    assert r.returncode == 1 and r.stderr.count("\n") == 1, r


def test_a_banned_network_is_heard_no_more_over_udp_and_tcp(daemon, phone, guesser):
    p = guesser("127.0.2.1")
    same = {"frm": "<sip:x@other.example>;tag=1", "authorize": False}
    assert p.ask("OPTIONS", f"sip:{p.domain}", **same).status == 200
    before = counters(daemon)["guard.dropped"]
    done(daemon.offhook("ban", "add", "127.0.2.0/24"))
    with pytest.raises(AssertionError):
        p.ask("OPTIONS", f"sip:{p.domain}", seconds=0.3, **same)
    with pytest.raises((ConnectionError, AssertionError)):
        with Phone(daemon, "5559000", "x", transport="tcp", host="127.0.2.1") as tcp:
            tcp.ask("OPTIONS", f"sip:{p.domain}", seconds=1, **same)
    assert counters(daemon)["guard.dropped"] >= before + 2
    assert phone().register().status == 200
    done(daemon.offhook("ban", "remove", "127.0.2.0/24"))
    assert p.ask("OPTIONS", f"sip:{p.domain}", **same).status == 200


def test_bans_outlive_restarts_of_any_role_and_of_the_daemon():
    d = Daemon("guard { users = 1 ban = 600 }")
    try:
        d.start()
        p = Phone(d, "5559000", "guess", host="127.0.0.9")
        answered_badly(p)
        until(lambda: banned(d))
        done(d.offhook("ban", "add", "127.0.0.10", "--seconds", "600"))

        def still_banned():
            assert banned(d) == ["127.0.0.10", "127.0.0.9"]
            assert d.status()["bans"] == 2
            p.inbox.clear()
            p.send(p.request("OPTIONS", f"sip:{p.domain}", frm="<sip:x@other.example>;tag=1",
                             to=f"<sip:{p.domain}>", call_id="banned", cseq=1))
            p.silence(0.3)

        still_banned()
        d.kill_role("sip")
        still_banned()
        d.kill_role("keeper")
        still_banned()
        d.stop()
        assert "127.0.0.9" in done(d.offhook("ban", "list"))  # without a daemon as well
        d.start()
        still_banned()
        p.close()
        d.stop()
    finally:
        d.close()


def test_a_ban_that_the_keeper_took_to_its_grave_is_told_to_the_next_one():
    with Daemon("guard { users = 1 ban = 600 }") as d:
        with Phone(d, "5559000", "guess", host="127.0.0.9") as p:
            answered_badly(p)
            d.kill_role("keeper")  # before or after the verdict, before or after it stored the ban
            until(lambda: banned(d) == ["127.0.0.9"] and d.status()["bans"] == 1)


def test_settings_change_by_reload():
    with Daemon("guard { users = 0 }") as d, Phone(d, "5559000", "x", host="127.0.0.9") as p:
        for n in range(3):
            answered_badly(p, str(5559100 + n))
        time.sleep(0.2)
        assert d.ask("ban list") == []
        d.write('guard { users = 10 trusted = {"127.0.0.9"} }')
        assert "guard.trusted" in done(d.offhook("reload"))
        for _ in range(4):  # at once, again and again
            call_id, _ = answered_badly(p)
            assert p.final(call_id, 2, "REGISTER", 0.8).status == 401
        d.write("guard { users = 2 ban = 60 }")
        done(d.offhook("reload"))
        answered_badly(p, "5559200")  # three failed before
        until(lambda: banned(d) == ["127.0.0.9"])


def test_a_wrong_network_is_told_with_its_line():
    d = Daemon('guard { trusted = {"192.0.2.1/24"} }')
    try:
        r = d.offhook("check")
        assert r.returncode == 1 and "guard.trusted" in r.stderr and "192.0.2.0/24" in r.stderr
    finally:
        d.close()


def test_a_flood_is_dropped_and_phones_go_on(daemon, phone, guesser):
    """Even those at the very address that it comes from: refresh, call, and end of a call."""
    caller, callee, p = phone(host="127.0.3.1"), phone().registered(), guesser("127.0.3.1")
    standing = connected(caller.registered(), callee)
    before = counters(daemon)["guard.rate-limited"]
    for n in range(4000):
        p.sender.sendto(p.register_request(1, call_id=f"flood-{n}"), p.server)
        if n % 100 == 0:
            time.sleep(0.01)
        if n % 1000 == 0:
            assert caller.register().status == 200
    now = counters(daemon)["guard.rate-limited"]
    print(f"{now - before} of 4000 were dropped")
    assert now - before > 1000
    hang_up(*standing)
    hang_up(*connected(caller, callee))
    assert caller.register().status == 200


def test_status_tells_the_load(daemon):
    assert daemon.status()["overload"]["state"] == "normal"
    assert "normal" in done(daemon.offhook("status"))


def late(daemon):
    """Keeps the sip role from working, again and again, with too little time in between to be well."""
    pid = daemon.role("sip")["pid"]
    for _ in range(4):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.8)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)


def test_overload_sheds_new_calls_lets_those_that_stand_end_and_passes():
    with Daemon() as d, Phone(d).registered() as caller, Phone(d).registered() as callee:
        call, other = connected(caller, callee)
        late(d)
        until(lambda: d.status()["overload"]["state"] != "normal", 2)
        shed = caller.request("INVITE", callee.aor, frm=f"<{caller.aor}>;tag=1",
                              to=f"<{callee.aor}>", call_id="shed", cseq=1)
        caller.send(shed)
        r = caller.expect(503, call_id="shed")
        assert 2 <= int(r.get("retry-after")) <= 10
        for number in ("112", "911"):
            uri = f"sip:{number}@{d.domain}"
            caller.send(caller.request("INVITE", uri, frm=f"<{caller.aor}>;tag=1", to=f"<{uri}>",
                                       call_id=number, cseq=1))
            assert caller.final(number, 1, "INVITE").status == 407
        hang_up(call, other)
        assert caller.register().status == 200
        assert "shedding calls" in done(d.offhook("status"))
        assert d.status()["counters"]["overload.shed"] >= 1
        until(lambda: d.status()["overload"]["state"] == "normal", 15)
        again = caller.call(callee.aor)
        callee.expect_call().reject(486)
        assert again.final().status == 486
