"""Audio through the server: every packet crosses its own ports."""

import re

import pytest
from offhook_flow import hang_up, place, relayed, reoffer, reported, talk


@pytest.mark.parametrize("hosts", [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "::1"),
                                   ("::1", "127.0.0.1"), ("::1", "::1")], ids=str)
def test_audio_and_reports_cross_the_server_both_ways(phone, audio, hosts):
    caller, callee = (phone(ipv6=":" in h).registered() for h in hosts)
    a, b = (audio(h) for h in hosts)
    call, there = talk(caller, callee, a, b)
    assert a.to[0] == hosts[0] and b.to[0] == hosts[1], "each hears of us in its own family"
    assert f"IN {b.ip}".encode() in there.request.body.partition(b"s=")[0], "as o= says"
    assert a.to[1] % 2 == 0 and b.to[1] % 2 == 0
    assert a.to[1] not in (a.port, b.port) and b.to[1] not in (a.port, b.port)
    relayed(a, b)
    reported(a, b)
    hang_up(call, there)


def test_nothing_of_a_description_changes_but_where_audio_goes(phone, audio):
    caller, callee = phone().registered(), phone().registered()
    a, b = audio(), audio()
    offer = a.describe(more="a=silenceSupp:off - - - -\r\na=fmtp:101 0-15\r\na=ptime:20\r\n")
    call, there = talk(caller, callee, a, b, offer)
    host, port, _ = place(there.request.body)
    assert there.request.body == offer.replace(f"m=audio {a.port} ".encode(),
                                               f"m=audio {port} ".encode())
    assert int(there.request.get("content-length")) == len(there.request.body)
    hang_up(call, there)


def test_the_ports_of_a_call_are_free_again_when_it_is_over(daemon, phone, audio):
    caller, callee = phone().registered(), phone().registered()
    a, b = audio(), audio()
    for end in ("caller", "callee", "refused", "cancelled"):
        if end in ("caller", "callee"):
            call, there = talk(caller, callee, a, b)
            relayed(a, b, 2)
            hang_up(*((call, there) if end == "caller" else (there, call)))
        else:
            call = caller.call(callee.aor, body=a.describe())
            there = callee.expect_call()
            there.ring()
            call.progress(180)
            if end == "refused":
                there.reject(486)
            else:
                call.cancel()
                callee.respond(callee.expect("CANCEL"), 200)
                there.reject(487)
            call.final()
        a.drain(), b.drain()


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("form", ["c=0.0.0.0", "sendonly", "inactive"])
def test_hold_and_resume(phone, audio, who, form):
    caller, callee = phone().registered(), phone(style="7960").registered()
    a, b = audio(), audio()
    call, there = talk(caller, callee, a, b)
    relayed(a, b, 3)
    holder, held = (a, b) if who == "caller" else (b, a)
    sides = (call, there) if who == "caller" else (there, call)
    body = (holder.describe("0.0.0.0", version=2) if form == "c=0.0.0.0"
            else holder.describe(more=f"a={form}\r\n", version=2))
    request, answer = reoffer(*sides, body, held.describe(version=2))
    if form == "c=0.0.0.0":
        assert b"c=IN IP4 0.0.0.0\r\n" in request.body
        held.send()
        assert holder.drain(0.2) == [], "nothing is sent to who wants to hear nothing"
    else:
        assert f"a={form}\r\n".encode() in request.body
    assert place(request.body)[1] == held.to[1], "the ports stay"
    request, answer = reoffer(*sides, holder.describe(version=3), held.describe(version=2))
    holder.answer_to(answer.body)
    held.answer_to(request.body)
    relayed(a, b, 3)
    hang_up(call, there)


def test_a_description_that_is_none_is_refused(phone):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor, body=b"v=0\r\nm=audio nonsense\r\n")
    r = call.final()
    assert r.status == 488
    assert re.match(r'399 offhook ".+"$', r.get("warning"))
    callee.silence()


def test_a_body_that_is_no_description_passes(phone):
    caller, callee = phone().registered(), phone().registered()
    call = caller.call(callee.aor, body=b"", extra=["Content-Type: text/plain"])
    there = callee.expect_call()
    assert there.request.body == b""
    there.reject(486)
    call.final()


def test_the_offer_may_come_in_the_200_and_the_answer_in_the_ack(phone, audio):
    caller, callee = phone().registered(), phone().registered()
    a, b = audio(), audio()
    call = caller.call(callee.aor, body=b"")
    there = callee.expect_call()
    there.ring()
    there.answer(b.describe())
    r = caller.final(call.call_id, call.cseq, "INVITE")
    call.remote_tag, call.to = r.tag("to"), r.get("to")
    call.route = list(reversed(r.values("record-route")))
    call.remote = callee.contact
    a.answer_to(r.body)
    caller.send(call.in_dialog("ACK", call.cseq, body=a.describe()))
    b.answer_to(there.expect_ack().body)
    relayed(a, b, 3)
    hang_up(call, there)
