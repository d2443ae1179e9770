"""Digest authentication: RFC 2617, 7616 and 8760, and what a 7960 can do of it."""

import os
import statistics
import time

import pytest
from offhook_flow import Daemon, Phone, challenges, connected, hang_up

DAEMON = {"config": 'auth { algorithms = {"SHA-512-256", "SHA-256", "MD5"} }'}


def offered(p, agent=None):
    return p.exchange(p.register_request(1), p.register_call_id, 1, "REGISTER")


def with_answer(p, response, **change):
    """A REGISTER that answers the given 401."""
    line = p.answer(response, "REGISTER", f"sip:{p.domain}", **change)
    cseq = p.next_cseq(p.register_call_id) + 10
    return p.exchange(p.register_request(cseq, extra=[line]), p.register_call_id, cseq, "REGISTER")


def test_the_challenge_offers_each_algorithm_with_qop(daemon, phone):
    found = challenges(offered(phone()))
    assert [c["algorithm"] for c in found] == ["SHA-512-256", "SHA-256", "MD5"]
    assert all(c["qop"] == "auth" and c["realm"] == daemon.domain for c in found)


def test_by_default_sha_256_comes_before_md5():
    with Daemon() as d, Phone(d) as p:
        assert [c["algorithm"] for c in challenges(offered(p))] == ["SHA-256", "MD5"]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_each_algorithm_proves_the_password(phone, algorithm):
    p = phone()
    p.credentials.algorithm = algorithm
    assert p.register().status == 200


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_with_each_algorithm_a_wrong_password_is_refused(daemon, phone, algorithm):
    p = phone()
    p.credentials.algorithm, p.credentials.password = algorithm, "wrong"
    assert p.register().status in (401, 403)
    assert daemon.registrations(p.number) == []


@pytest.mark.parametrize("agent", ["Cisco-SIP-IP-Phone/3", "CSCO/4", "CSCO/7",
                                   "Cisco-CP7960G/8.0"])
def test_a_7960_gets_exactly_one_plain_md5_challenge(phone, agent):
    found = challenges(offered(phone(agent=agent)))
    assert len(found) == 1
    assert found[0].get("algorithm", "MD5") == "MD5" and "qop" not in found[0]
    nonce = found[0]["nonce"]
    assert len(nonce) <= 32 and set(nonce) <= set("0123456789abcdef")


def test_a_peer_without_the_branch_cookie_gets_the_plain_challenge(phone):
    p = phone(style="7960", agent="an old phone")
    found = challenges(offered(p))
    assert len(found) == 1 and "qop" not in found[0]


DESK = "Cisco-SIP-IP-Phone/3"


@pytest.mark.parametrize("setting,agent,count,qop", [
    ('qop = "never"', "flow", 2, False), ('qop = "always"', "flow", 2, True),
    ('legacy = "always"', "flow", 1, False), ('legacy = "never"', DESK, 2, True)])
def test_qop_and_legacy_may_be_set(setting, agent, count, qop):
    with Daemon(f"auth {{ {setting} }}") as d, Phone(d, agent=agent) as p:
        found = challenges(offered(p))
        assert len(found) == count
        assert all(("qop" in c) == qop for c in found)
        assert p.register().status == 200


def test_the_password_itself_is_nowhere_on_disk(daemon):
    _, password = daemon.user_add(password="correct-horse-battery-staple")
    files = [os.path.join(folder, name) for folder, _, names in os.walk(daemon.folder)
             for name in names]
    assert any(path.startswith(daemon.database) for path in files)
    for path in files:
        if os.path.isfile(path):
            with open(path, "rb") as f:
                assert password.encode() not in f.read(), path


def test_an_answer_without_qop_is_accepted(phone):
    p = phone(agent="CSCO/7")
    assert p.register().status == 200


def test_algorithm_in_lower_case_is_accepted(phone):
    p = phone(agent="Cisco-CP7960G/8.0")
    assert p.register(change={"algorithm": "md5"}).status == 200


def test_one_nonce_serves_many_requests_with_rising_nc(phone):
    p = phone()
    first = offered(p)
    assert [with_answer(p, first).status for _ in range(5)] == [200] * 5


def test_a_used_nc_is_not_accepted_again(phone):
    p = phone()
    first = offered(p)
    assert with_answer(p, first, count=1).status == 200
    assert with_answer(p, first, count=1).status == 401


def test_nc_may_arrive_out_of_order(phone):
    p = phone()
    first = offered(p)
    assert [with_answer(p, first, count=n).status for n in (1, 4, 2, 3)] == [200] * 4
    assert with_answer(p, first, count=2).status == 401


def test_a_made_up_nonce_is_challenged_again(daemon, phone):
    p = phone()
    r = with_answer(p, offered(p), nonce="0123456789abcdef0123456789abcdef")
    assert r.status == 401
    assert daemon.registrations(p.number) == []


def test_an_expired_nonce_is_stale_and_the_new_one_works():
    with Daemon("auth { nonce-lifetime = 1 }") as d, Phone(d) as p:
        first = offered(p)
        end = time.monotonic() + 8
        while True:
            r = with_answer(p, first)
            if r.status == 401 or time.monotonic() > end:
                break
            time.sleep(0.2)
        assert r.status == 401 and challenges(r)[0]["stale"].lower() == "true"
        assert with_answer(p, r).status == 200


def test_without_qop_a_nonce_is_bound_to_the_source_address(daemon, phone):
    p = phone(agent="CSCO/7")
    first = offered(p)
    with Phone(daemon, p.number, p.credentials.password, host="127.0.0.2", agent="CSCO/7") as q:
        assert with_answer(q, first).status == 401
        assert q.register(call_id="its-own").status == 200


def test_the_digest_uri_has_to_name_the_same_resource(daemon, phone):
    p = phone()
    r = with_answer(p, offered(p), uri="sip:elsewhere.example")
    assert r.status in (400, 401, 403)
    assert daemon.registrations(p.number) == []


def test_the_digest_uri_may_be_spelled_differently(phone):
    p = phone()
    assert with_answer(p, offered(p), uri=f"sip:{p.domain.upper()}").status == 200


def test_unknown_user_and_wrong_password_look_the_same(daemon, phone):
    wrong = phone()
    wrong.credentials.password = "wrong"
    nobody = phone("9990001", "wrong")
    answers = []
    for p in (wrong, nobody):
        r = p.register()
        answers.append((r.start, [n for n, _ in r.headers], len(challenges(r))))
    assert answers[0] == answers[1]


def test_unknown_user_and_wrong_password_take_the_same_time(phone):
    times = {}
    for number in (None, "9990002"):
        p = phone(number, "wrong")
        p.credentials.password = "wrong"
        took = []
        for _ in range(40):
            r = offered(p)
            p.seen.clear()
            start = time.monotonic()
            with_answer(p, r, count=1)
            took.append(time.monotonic() - start)
        times[number] = statistics.median(took)
    known, unknown = times[None], times["9990002"]
    print(f"median: known user {known * 1e3:.2f} ms, unknown {unknown * 1e3:.2f} ms")
    assert abs(known - unknown) < 0.005


@pytest.mark.parametrize("form", ["{0}", "sip:{0}@{1}", "sip:{0}@{1}:5060"])
def test_a_7960_may_put_number_or_uri_into_the_username(phone, form):
    p = phone(agent="CSCO/4")
    p.credentials.username = form.format(p.number, p.domain)
    assert p.register().status == 200


def test_the_auth_name_is_accepted(daemon, phone):
    number, password = daemon.user_add(auth_name="desk-12")
    p = phone(number, password)
    p.credentials.username = "desk-12"
    assert p.register().status == 200


def test_a_foreign_to_in_register_is_forbidden(daemon, phone):
    victim, thief = phone(), phone()
    r = thief.register(to=f"<{victim.aor}>")
    assert r.status == 403
    assert daemon.registrations(victim.number) == []


def test_a_foreign_from_in_invite_is_forbidden(phone):
    caller, callee, other = phone().registered(), phone().registered(), phone()
    call = caller.call(callee.aor, frm=f"<{other.aor}>")
    assert call.final().status == 403
    callee.silence(0.2, "INVITE")


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE"])
def test_requests_to_users_are_challenged_with_407(phone, method):
    caller, callee = phone().registered(), phone().registered()
    if method == "INVITE":
        call = caller.call(callee.aor)
        assert call.challenged.status == 407
        callee.expect("INVITE")
        call.cancel()
        return
    r = caller.ask(method, callee.aor, authorize=False)
    assert r.status == 407 and challenges(r)
    callee.silence(0.2, method)


def test_a_user_cannot_drop_the_challenge_by_hiding_behind_a_foreign_from_of_our_domain(phone):
    caller, callee = phone(), phone().registered()
    r = caller.ask("MESSAGE", callee.aor, frm=f"<sip:9999@{caller.domain}>;tag=1", authorize=False)
    assert r.status == 407


def test_ack_is_never_challenged_nor_answered(phone):
    p, callee = phone(), phone().registered()
    p.send(p.request("ACK", callee.aor, frm=f"<{p.aor}>;tag=1", to=f"<{callee.aor}>;tag=2",
                     call_id="stray-ack", cseq=1))
    p.silence(0.4)


def test_cancel_is_never_challenged(phone):
    p, callee = phone(), phone().registered()
    r = p.exchange(p.request("CANCEL", callee.aor, frm=f"<{p.aor}>;tag=1", to=f"<{callee.aor}>",
                             call_id="stray-cancel", cseq=1), "stray-cancel", 1, "CANCEL")
    assert r.status == 481


def test_a_407_is_sent_once_and_its_ack_absorbed(phone):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor, authorize=False)
    r = caller.expect(407)
    before = caller.received
    caller.silence(1.2)
    assert caller.received == before, "the 407 was repeated on its own"
    call.ack_failure(r)
    caller.silence(0.3)
    callee.silence(0.1, "ACK")


def test_a_repeated_invite_is_challenged_again(phone):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor, authorize=False)
    tag = caller.expect(407).tag("to")
    caller.seen.clear()
    caller.send(call.data)
    assert caller.expect(407).tag("to") == tag


def test_our_credentials_are_removed_and_others_stay(phone):
    caller, callee = phone().registered(), phone().registered()
    other = 'Digest username="x", realm="elsewhere.example", nonce="1", uri="sip:x", response="1"'
    caller.call(callee.aor, extra=[f"Proxy-Authorization: {other}"])
    there = callee.expect("INVITE")
    assert there.all("proxy-authorization") == [other]


def test_in_dialog_requests_are_not_challenged(phone):
    caller, callee = phone().registered(), phone().registered()
    call, there = connected(caller, callee)
    bye = hang_up(call, there)
    assert not bye.all("proxy-authorization")


def test_strangers_may_call_users_but_nobody_else(phone):
    callee, stranger = phone().registered(), phone("bob", "none", domain="elsewhere.example")
    call = stranger.call(callee.aor, authorize=False)
    there = callee.expect_call()
    there.reject(486)
    assert call.final().status == 486
    r = stranger.ask("MESSAGE", "sip:carol@third.example", authorize=False)
    assert r.status in (403, 404, 407)


def test_strangers_never_is_obeyed():
    with Daemon('auth { strangers = "never" }') as d, Phone(d) as callee, \
            Phone(d, "bob", "none", domain="elsewhere.example") as stranger:
        callee.registered()
        r = stranger.ask("MESSAGE", callee.aor, authorize=False)
        assert r.status in (403, 407)
        callee.silence(0.2, "MESSAGE")
