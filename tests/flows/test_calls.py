"""Calls that stand: listed, shown, hung up by the operator, ended for want of audio; and the history."""

import json
import os
import random
import signal

from offhook_flow import Audio, Daemon, Phone, hang_up, relayed, reported, talk, until


def listed(daemon):
    return json.loads(daemon.offhook("call", "list", "--json").stdout)


def shown(daemon, call):
    return json.loads(daemon.offhook("call", "show", call["id"], "--json").stdout)


def test_a_call_is_listed_and_shown_with_its_audio(daemon, phone, audio):
    caller, callee = phone().registered(), phone().registered()
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    [row] = listed(daemon)
    assert row["from"] == caller.aor and row["to"] == callee.aor
    assert row["caller"] == caller.number and row["route"] == f"phone {callee.number}"
    relayed(a, b, 20)
    reported(a, b)
    [stream] = shown(daemon, row)["audio"]
    for side in ("caller", "callee"):
        assert stream[side]["packets"] == 20 and stream[side]["lost"] == 0
        assert stream[side]["codec"] == "PCMU" and stream[side]["reports"] == 1
        assert stream[side]["mos"] > 4
    text = daemon.offhook("call", "show", row["id"]).stdout
    assert "from the caller  PCMU 20 packets, 0 lost" in text
    hang_up(call, there)
    assert listed(daemon) == []


def test_comfort_noise_and_digits_are_no_codec(daemon, phone, audio):
    caller, callee = phone().registered(), phone().registered()
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    relayed(a, b, 20)
    before = shown(daemon, listed(daemon)[0])["audio"][0]["caller"]
    for kind in (13, 101):  # CN, telephone-event
        a.rtp.sendto(a.packet(b"\x0a\0\0\xa0", kind), a.to[:2])
    assert len(b.drain(0.2)) == 2
    after = shown(daemon, listed(daemon)[0])["audio"][0]["caller"]
    assert after["packets"] == before["packets"] + 2
    assert after["codec"] == before["codec"] == "PCMU" and after["mos"] == before["mos"]
    hang_up(call, there)


def test_who_asks_for_audio_is_answered_by_the_next_media_role(audio):
    with Daemon() as daemon, Phone(daemon).registered() as caller, Phone(daemon).registered() as callee:
        call, there = talk(caller, callee, audio(), audio())
        [row] = listed(daemon)
        pid = daemon.role("media")["pid"]
        os.kill(pid, signal.SIGSTOP)
        with daemon.question("call show", id=row["id"]) as show, daemon.question("status") as status:
            listed(daemon)  # answered after the others were asked
            os.kill(pid, signal.SIGKILL)
            assert status()[1]["ok"]
            [item], closing = show()  # of the next one
            assert closing["ok"] and item["id"] == row["id"] and item["audio"]
        hang_up(call, there)


def byes_answered(call, there):
    """Both sides are told by a BYE that fits their dialog, and take it."""
    for side in (call, there):
        bye = side.phone.expect("BYE", call_id=call.call_id)
        assert bye.tag("to") == side.local_tag and bye.tag("from") == side.remote_tag
        assert bye.uri == side.phone.contact
        side.phone.respond(bye, 200)


def test_the_operator_hangs_up(daemon, phone, audio):
    caller, callee = phone().registered(), phone(style="7960").registered()
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    [row] = listed(daemon)
    r = daemon.offhook("call", "hangup", row["id"])
    assert r.returncode == 0, r.stderr
    there.remote_tag = there.request.tag("from")
    byes_answered(call, there)
    assert listed(daemon) == []
    until(lambda: a.send() and b.drain(0.05) == [])  # its audio has ended


def test_a_bye_of_the_operator_has_a_higher_cseq_than_the_phones_have_used(daemon, phone, audio):
    caller, callee = phone().registered(), phone().registered()
    call, there = talk(caller, callee, audio(), audio())
    cseq = there.send("OPTIONS")
    caller.respond(caller.expect("OPTIONS"), 200)
    callee.expect(200, method="OPTIONS")
    used = call.cseq
    daemon.offhook("call", "hangup", listed(daemon)[0]["id"])
    bye = caller.expect("BYE")
    assert bye.cseq > cseq
    caller.respond(bye, 200)
    bye = callee.expect("BYE")
    assert bye.cseq > used
    callee.respond(bye, 200)


def test_a_call_that_is_not_there(daemon):
    for verb in ("show", "hangup"):
        r = daemon.offhook("call", verb, "0123456789abcdef")
        assert r.returncode == 1
        assert "there is no call with this id now" in r.stderr and r.stderr.count("\n") == 1


def history(daemon, count):
    """The last `count` calls of the history, once they are there."""
    def rows():
        return json.loads(daemon.offhook("call", "history", "--json").stdout)[:count]
    return until(lambda: len(r := rows()) == count and r)


def test_the_history_tells_who_hung_up_and_how_it_sounded(phone, daemon, audio):
    caller, callee = phone().registered(), phone().registered()
    a, b = audio(), audio()
    for end in ("caller", "callee"):
        call, there = talk(caller, callee, a, b)
        relayed(a, b, 5)
        hang_up(*((call, there) if end == "caller" else (there, call)))
        [row] = [r for r in history(daemon, 1) if r["call-id"] == call.call_id] or until(
            lambda: [r for r in history(daemon, 1) if r["call-id"] == call.call_id])
        assert (row["status"], row["ended-by"], row["caller"]) == (200, end, caller.number)
        assert row["route"] == f"phone {callee.number}"
        assert row["begun"] <= row["answered"] <= row["ended"]
        assert [row["audio"][0][side]["packets"] for side in ("caller", "callee")] == [5, 5]
        a.drain(), b.drain()


def test_the_history_knows_calls_that_nobody_answered(phone, daemon):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor)
    callee.expect_call().reject(486)
    call.final()
    cancelled = caller.call(callee.aor)
    there = callee.expect_call()
    there.ring()
    cancelled.progress(180)
    cancelled.cancel()
    callee.respond(callee.expect("CANCEL"), 200)
    there.reject(487)
    cancelled.final()
    ended = until(lambda: {r["call-id"]: (r["status"], r["ended-by"], r["answered"])
                           for r in history(daemon, 2)}.items() >= {
        call.call_id: (486, "callee", None), cancelled.call_id: (487, "caller", None)}.items())
    assert ended


def test_a_silent_call_is_ended_and_its_ports_are_free():
    first = random.randrange(46000, 60000, 8)
    with Daemon(config=f'media {{ timeout = 1 ports = "{first}-{first + 7}" }}') as daemon:
        for _ in range(3):  # ports for two calls at a time
            with Phone(daemon) as caller, Phone(daemon) as callee, Audio() as a, Audio() as b:
                caller.registered(), callee.registered()
                call, there = talk(caller, callee, a, b)
                there.remote_tag = there.request.tag("from")
                relayed(a, b, 2)
                byes_answered(call, there)


def test_a_bye_is_not_lost_while_the_sip_role_starts(audio):
    """Nobody may answer it who cannot know its dialog yet; it is repeated (RFC 3261 17.1.2.2)."""
    with Daemon() as daemon, Phone(daemon).registered() as caller, Phone(daemon).registered() as callee:
        call, there = talk(caller, callee, audio(), audio())
        pid = daemon.role("sip")["pid"]
        cseq = caller.next_cseq(call.call_id)
        bye = call.in_dialog("BYE", cseq, via=caller.via())
        os.kill(pid, signal.SIGKILL)

        def arrives():
            caller.send(bye)
            callee.pump(0.1)
            return [m for m in callee.inbox if m.method == "BYE"]
        callee.respond(until(arrives)[0], 200)
        assert caller.final(call.call_id, cseq, "BYE").status == 200
        daemon.wait_back("sip", pid)
        assert listed(daemon) == []
