"""Registered phones that misbehave, and users who forward in circles: no loop, no crash, and the
right final answer."""

import socket
import time

import pytest
from offhook_flow import connected, hang_up

# a hundred phones that ring at once would need two hundred pairs of ports
DAEMON = {"config": 'media { anchor = "never" }'}


def invited(caller, callee):
    """A call that rings at the callee: both its sides."""
    call = caller.call(callee.aor)
    return call, callee.expect_call()


def redirect(there, contacts, status=302):
    there.phone.respond(there.request, status, "Moved", tag=there.local_tag,
                        extra=[f"Contact: {c}" for c in contacts])


def requests(daemon):
    return daemon.status()["counters"]["sip.requests"]


@pytest.fixture(autouse=True)
def few_requests(daemon):
    """Whatever circle there is, it is no storm."""
    before = requests(daemon)
    yield
    assert requests(daemon) - before < 200


def redirects(daemon):
    return daemon.status()["counters"]["proxy.redirects"]


def test_a_302_with_1000_contacts(phone):
    """100 of them are tried; the answer of the last is the caller's."""
    caller, callee, other = phone().registered(), phone(transport="tcp").registered(), phone()
    call, there = invited(caller, callee)
    contacts = [f"<sip:x{n}@127.0.0.1:{other.port}>" for n in range(1000)]
    redirect(there, [",".join(contacts)])
    assert 90 <= refuse_all(other, 1) <= 100
    assert call.final().status == 486


def refuse_all(p, seconds):
    """Refuses every INVITE that arrives; how many."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        p.pump(end - time.monotonic())
        for m in [m for m in p.inbox if m.method == "INVITE"]:
            p.inbox.remove(m)
            p.respond(m, 486, "Busy", tag="b")
            count += 1
    return count


def test_a_302_with_1000_contact_lines_is_no_answer(daemon, phone):
    """More header lines than a message may have: it is dropped, and the caller can hang up."""
    caller, callee, other = phone().registered(), phone(transport="tcp").registered(), phone()
    before = daemon.status()["counters"]["sip.hopeless"]
    call, there = invited(caller, callee)
    redirect(there, [f"<sip:x{n}@127.0.0.1:{other.port}>" for n in range(1000)])
    other.silence(0.2)
    assert daemon.status()["counters"]["sip.hopeless"] == before + 1
    there.ring()
    call.progress(180)
    assert call.cancel().status == 200
    callee.respond(callee.expect("CANCEL"), 200, "OK")
    there.reject(487)
    assert call.final().status == 487


NOWHERE = {
    "us": "sip:nobody@127.0.0.1:{port}",
    "us by name": "sip:nobody@companyb.com",
    "us, IPv6": "sip:nobody@[::1]:{port}",
    "us, mapped": "sip:nobody@[::ffff:127.0.0.1]:{port}",
    "us, TCP": "sip:nobody@127.0.0.1:{port};transport=tcp",
    "no address": "sip:nobody@0.0.0.0:{port}",
    "no port": "sip:nobody@0.0.0.0",
    "multicast": "sip:nobody@224.0.1.75:{port}",
    "multicast, TCP": "sip:nobody@224.0.1.75:{port};transport=tcp",
    "multicast, IPv6": "sip:nobody@[ff02::1]:{port}",
    "broadcast": "sip:nobody@255.255.255.255:{port}",
    "loopback's broadcast": "sip:nobody@127.255.255.255:{port}",
    "nothing there": "sip:nobody@127.0.0.1:9;transport=tcp",
    "port 0": "sip:nobody@127.0.0.1:0",
    "no scheme": "nobody",
    "another scheme": "http://127.0.0.1/",
    "headers": "sip:nobody@companyb.com?Subject=x",
}
HIMSELF = {
    "number": "sip:{number}@companyb.com",
    "number, address": "sip:{number}@127.0.0.1:{port}",
    "phone": "{contact}",
}


@pytest.mark.parametrize("to", [*NOWHERE, *HIMSELF])
def test_a_302_that_leads_nowhere_is_the_answer(daemon, phone, to):
    caller, callee = phone().registered(), phone().registered()
    uri = {**NOWHERE, **HIMSELF}[to].format(port=daemon.port, number=callee.number,
                                            contact=callee.contact)
    call, there = invited(caller, callee)
    redirect(there, [f"<{uri}>"])
    assert call.final().status == (500 if to == "nothing there" else 302)
    callee.expect("ACK", call_id=there.call_id)
    callee.silence(0.05, "INVITE")


@pytest.mark.parametrize("to", NOWHERE)
def test_a_call_that_leads_nowhere_is_refused(daemon, phone, to):
    caller = phone().registered()
    uri = NOWHERE[to].format(port=daemon.port)
    if to == "no scheme":
        uri = "sip:companyb.com"
    expected = {"nothing there": 500, "port 0": 400, "headers": 400, "another scheme": 416}
    assert caller.call(uri).final().status == expected.get(to, 404)


def test_302s_in_a_circle_end(daemon, phone):
    """Ten phones, each sends the call on to the next: five are followed."""
    caller, phones = phone().registered(), [phone().registered() for _ in range(10)]
    before = redirects(daemon)
    call = caller.call(phones[0].aor)
    for n in range(6):
        there = phones[n].expect_call()
        redirect(there, [f"<{phones[(n + 1) % 10].aor}>"])
    assert call.final().status == 302
    phones[6].silence(0.1, "INVITE")
    assert redirects(daemon) - before == 5


@pytest.mark.parametrize("kind", ["always", "unreachable", "busy"])
def test_forwards_in_a_circle_of_10_users_are_482(daemon, phone, kind):
    caller = phone().registered()
    phones = [phone() for _ in range(10)]
    for n, p in enumerate(phones):
        r = daemon.offhook("forward", "set", p.number, f"--{kind}", phones[(n + 1) % 10].number)
        assert r.returncode == 0, r
    if kind == "busy":
        for p in phones:
            p.registered()
    call = caller.call(phones[0].aor)
    if kind == "busy":
        for p in phones[:6]:
            p.expect_call().reject(486)
    assert call.final().status == 482
    phones[6].silence(0.05, "INVITE")


@pytest.mark.parametrize("kind", ["always", "unreachable", "busy"])
def test_a_user_who_forwards_to_himself_by_an_alias(daemon, phone, kind):
    caller, callee = phone().registered(), phone()
    alias = "77" + callee.number
    daemon.ask("alias add", number=alias, target=callee.number)
    assert daemon.offhook("forward", "set", callee.number, f"--{kind}", alias).returncode == 0
    if kind == "busy":
        callee.registered()
    call = caller.call(callee.aor)
    if kind == "busy":
        callee.expect_call().reject(486)
        callee.silence(0.1, "INVITE")
    assert call.final().status == 482


def test_aliases_in_a_circle_are_refused_or_404(daemon, phone):
    """An alias that leads to itself over another one, and one to our own address."""
    caller = phone().registered()
    for number, target in (("7701", "7702"), ("7702", "7701"), ("7703", "7703"),
                           ("7704", f"sip:7704@127.0.0.1:{daemon.port}"),
                           ("7705", "sip:7705@companyb.com")):
        daemon.control("alias add", number=number, target=target)
        assert caller.call(f"sip:{number}@companyb.com").final().status == 404, number


def test_a_phone_with_reg_id_goes_in_the_middle_of_a_call(daemon, phone):
    """RFC 5626: the caller is told at once; a second flow takes new calls."""
    caller, callee = phone().registered(), phone(transport="tcp")
    contact = f'<{callee.contact}>;reg-id={{}};+sip.instance="<urn:uuid:{callee.number}>"'
    extra = ["Supported: path, outbound"]
    assert callee.register([contact.format(1)], extra=extra).status == 200
    call, there = connected(caller, callee)
    ringing = caller.call(callee.aor)
    callee.expect_call().ring()
    ringing.progress(180)
    callee.close()
    assert ringing.final().status in (430, 480, 500)
    assert call.ask("INFO").status in (430, 500)  # its Contact is tried, in vain
    assert caller.call(callee.aor).final().status in (430, 480)
    callee.open()
    assert callee.register([contact.format(2)], extra=extra).status == 200
    again, there = connected(caller, callee)
    hang_up(again, there)
    assert call.ask("BYE").status in (430, 500)


def test_a_phone_that_answers_every_invite_twice(daemon, phone):
    """Two 200 with different tags: both reach the caller, who ends one of the two dialogs."""
    caller, callee = phone().registered(), phone().registered()
    for _ in range(3):
        call, there = invited(caller, callee)
        tags = ["one", "two"]
        for tag in tags:
            callee.respond(there.request, 180, "Ringing", tag=tag)
            callee.respond(there.request, 200, "OK", tag=tag,
                           extra=[f"Contact: <{callee.contact}>"])
        got = {}
        for _ in tags:
            r = caller.expect(200, call_id=call.call_id, method="INVITE")
            got[r.tag("to")] = r
        assert sorted(got) == tags
        for tag, r in got.items():
            call.remote_tag, call.to = tag, r.get("to")
            call.route = list(reversed(r.values("record-route")))
            call.remote = callee.contact
            call.ack()
            assert callee.expect("ACK", call_id=call.call_id).tag("to") == tag
            cseq = call.send("BYE")
            bye = callee.expect("BYE", call_id=call.call_id)
            assert bye.tag("to") == tag
            callee.respond(bye, 200, "OK")
            assert caller.final(call.call_id, cseq, "BYE").status == 200
    assert daemon.status()["counters"]["calls.setting-up"] == 0


def test_200_and_then_a_refusal_of_the_same_branch(phone):
    """The first final answer stands."""
    caller, callee = phone().registered(), phone().registered()
    for first, second in ((486, 200), (200, 486), (486, 603)):
        call, there = invited(caller, callee)
        for status in (first, second):
            callee.respond(there.request, status, "X", tag="t",
                           extra=[f"Contact: <{callee.contact}>"])
        assert call.final().status == first
        caller.silence(0.1, {second}, call_id=call.call_id, method="INVITE")


def test_a_flood_of_cancels(daemon, phone):
    """100 of an INVITE that rings, 50 that match nothing: one reaches the phone, one 487 comes."""
    caller, callee = phone().registered(), phone().registered()
    call, there = invited(caller, callee)
    there.ring()
    call.progress(180)
    cancel = caller.request("CANCEL", call.uri, frm=f"{call.frm};tag={call.local_tag}", to=call.to,
                            call_id=call.call_id, cseq=call.cseq, via=call.via)
    for n in range(100):
        caller.sender.sendto(cancel, caller.server)
        if n % 2:
            caller.sender.sendto(cancel.replace(b"branch=z9hG4bK", b"branch=z9hG4bK%d" % n),
                                 caller.server)
    callee.respond(callee.expect("CANCEL"), 200, "OK")
    there.reject(487)
    assert call.final().status == 487
    callee.silence(0.2, "CANCEL")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_prack_update_and_unknown_methods_pass_inside_dialogs(phone, transport):
    caller, callee = phone(transport=transport).registered(), phone().registered()
    call, there = connected(caller, callee)
    for asker, other in ((call, callee), (there, caller)):
        for method in ("PRACK", "UPDATE", "INFO", "PUBLISH", "x-Unheard.Of!", "refer", "INVITe"):
            cseq = asker.send(method, extra=["RAck: 1 1 INVITE", "X-Unknown: kept \t as it is"])
            got = other.expect(method, call_id=call.call_id)
            assert got.get("x-unknown") == "kept \t as it is" and not got.get("route")
            other.respond(got, 299, "Odd")
            assert asker.phone.final(call.call_id, cseq, method).status == 299
    hang_up(call, there)


def test_a_request_too_large_for_a_datagram_ends_no_other_call(daemon, phone):
    """It comes over TCP, and would have to go on over UDP with some 270 bytes more."""
    caller, callee = phone().registered(), phone().registered()
    call, there = invited(caller, callee)
    there.ring()
    call.progress(180)
    for size in range(65100, 65420, 20):
        with socket.create_connection(("127.0.0.1", daemon.port)) as s:
            s.settimeout(5)
            head = (f"INVITE {callee.aor} SIP/2.0\r\n"
                    f"Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK-large-{size}\r\n"
                    "From: <sip:x@elsewhere.test>;tag=x\r\n"
                    f"To: <{callee.aor}>\r\nCall-ID: large-{size}\r\nCSeq: 1 INVITE\r\n"
                    "Contact: <sip:x@127.0.0.1>\r\nContent-Type: text/plain\r\n")
            rest = size - len(head) - len("Content-Length: 12345\r\n\r\n")
            s.sendall((f"{head}Content-Length: {rest:05}\r\n\r\n" + "x" * rest).encode())
            assert s.recv(4096).startswith(b"SIP/2.0 ")
    there.answer()
    call.answered()
    there.expect_ack()
    hang_up(call, there)
