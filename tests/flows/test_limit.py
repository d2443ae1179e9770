"""`offhook user limit`: so many calls at a time, and what `status` says of them."""

from offhook_flow import Daemon, Phone, connected, hang_up


def calls(daemon):
    c = daemon.status()["counters"]
    return c["calls.standing"], c["calls.setting-up"], c["calls.limited"]


def test_a_user_makes_as_many_calls_as_he_may(daemon, phone):
    caller, callee = phone().registered(), phone().registered()
    assert daemon.offhook("user", "limit", caller.number, "1").returncode == 0
    call, there = connected(caller, callee)
    assert calls(daemon) == (1, 0, 0)
    refused = caller.call(callee.aor).final()
    assert refused.status == 403
    assert refused.get("Warning") == '399 offhook "this number may make 1 call at a time"'
    assert calls(daemon) == (1, 0, 1)
    # he may be called, and hang up from the other side as well
    connected(callee, caller)
    assert calls(daemon)[0] == 2
    hang_up(there, call)
    assert calls(daemon)[0] == 1
    ringing = caller.call(callee.aor)
    callee.expect_call().ring()
    ringing.progress(180)
    assert calls(daemon) == (1, 1, 1)
    assert daemon.offhook("user", "limit", caller.number, "none").returncode == 0
    connected(caller, callee)
    assert calls(daemon) == (2, 1, 1)


def test_calls_are_counted_while_the_keeper_and_after_the_sip_role_was_away():
    with Daemon() as d, Phone(d) as caller, Phone(d) as callee:
        caller.registered()
        callee.registered()
        assert d.offhook("user", "limit", caller.number, "1").returncode == 0
        call, there = connected(caller, callee)
        d.kill_role("keeper")
        assert caller.call(callee.aor).final().status == 403
        d.kill_role("sip")
        assert calls(d) == (1, 0, 0)  # the media role has told of it
        assert caller.call(callee.aor).final().status == 403
        hang_up(there, call)
        connected(caller, callee)
        assert calls(d) == (1, 0, 1)


def test_calls_without_audio_of_ours_are_counted_anew_after_the_sip_role():
    with Daemon(config='media { anchor = "never" }') as d, Phone(d) as caller, Phone(d) as callee:
        caller.registered()
        callee.registered()
        call, there = connected(caller, callee)
        d.kill_role("sip")
        assert calls(d) == (0, 0, 0)
        hang_up(there, call)  # a call that nobody knows
        connected(caller, callee)
        assert calls(d) == (1, 0, 0)
