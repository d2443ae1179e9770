"""Audio of calls that find their way by names, and of calls that come by here twice."""

from offhook_flow import Daemon, Phone, flows, hang_up, place, reoffer, talk, until
from offhook_flow.command import done
from offhook_flow.phone import token

NAMES = True
HEADERS_MOST = 34  # that are ours to take out: more than a request may have changed


def test_a_request_that_cannot_be_written_leaves_no_ports_taken(daemon, names, phone, audio):
    names.add("victim.test", "A", "127.0.0.1")
    p, a, uri = phone().registered(), audio(), "sip:x@victim.test:5999"
    for _ in range(3):
        call_id = token()

        def invite(cseq, *extra):
            p.send(p.request("INVITE", uri, frm=f"<{p.aor}>;tag=1", to=f"<{uri}>", call_id=call_id,
                             cseq=cseq, extra=[f"Contact: <{p.contact}>", *extra],
                             body=a.describe()))

        invite(1)
        answer = p.answer(p.expect(407, call_id=call_id), "INVITE", uri)
        invite(2, answer, *['Proxy-Authorization: Digest realm="companyb.com"'] * HEADERS_MOST)
        assert p.final(call_id, 2, "INVITE").status >= 500
    until(lambda: daemon.status()["counters"]["media.pairs.used"] == 0)


def test_audio_that_comes_later_is_known_to_the_media_role(audio):
    """A call that begins without streams, as another one sets it up for its phones (RFC 3725)."""
    empty = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    a, b = audio(), audio()
    with Daemon() as d, Phone(d).registered() as caller, Phone(d).registered() as callee:
        call = caller.call(callee.aor, body=empty)
        there = callee.expect_call()
        there.answer(empty)
        call.answered(), there.expect_ack()
        request, answer = reoffer(call, there, a.describe(version=2), b.describe(version=2))
        a.answer_to(answer.body), b.answer_to(request.body)
        flows(a, b)
        d.kill_role("sip")
        assert len(d.ask("call list")) == 1
        flows(a, b)
        hang_up(call, there)


def test_an_offer_that_is_refused_leaves_the_one_that_crosses_it(daemon, phone, audio):
    """B's is lost on its way to A, who makes one himself; B refuses that, his own is repeated."""
    p, q, a, b, moved = phone().registered(), phone().registered(), audio(), audio(), audio()
    call, there = talk(p, q, a, b)
    flows(a, b)
    cseq, via = q.next_cseq(there.call_id), q.via()
    q.send(there.in_dialog("INVITE", cseq, [f"Contact: <{q.contact}>"], moved.describe(version=2),
                           via=via))
    repeated = p.expect("INVITE", call_id=call.call_id)
    other, other_via = p.next_cseq(call.call_id), p.via()
    p.send(call.in_dialog("INVITE", other, [f"Contact: <{p.contact}>"], a.describe(version=2),
                          via=other_via))
    q.respond(q.expect("INVITE", call_id=call.call_id), 491, "Request Pending", tag=there.local_tag)
    assert p.final(call.call_id, other, "INVITE").status == 491
    p.send(call.in_dialog("ACK", other, via=other_via))
    q.expect("ACK", call_id=call.call_id)
    p.respond(repeated, 200, "OK", tag=call.local_tag, body=a.describe(version=3),
              extra=[f"Contact: <{p.contact}>"])
    assert q.final(there.call_id, cseq, "INVITE").status == 200
    q.send(there.in_dialog("ACK", cseq))
    p.expect("ACK")
    moved.to = b.to
    flows(a, moved)
    hang_up(call, there)


class Spiral:
    """A carrier's proxy that sends what we send it back to us, for another user."""

    def __init__(self, daemon, target):
        self.phone, self.target = Phone(daemon, host="127.0.0.9"), target
        self.route = f"<sip:127.0.0.9:{self.phone.port};lr>"

    def request(self):
        m = self.phone.expect("INVITE")
        self.via = f"Via: SIP/2.0/UDP 127.0.0.9:{self.phone.port};branch=z9hG4bK{token()}"
        lines = [f"INVITE {self.target} SIP/2.0", self.via, f"Record-Route: {self.route}",
                 *(line for line in self.head(m) if not line.startswith("Route:"))]
        self.phone.send("\r\n".join(lines).encode() + b"\r\n\r\n" + m.body)
        return m

    def answer(self, status):
        m = self.phone.expect(status)
        lines = [m.start, *(line for line in self.head(m) if not line.startswith(self.via))]
        self.phone.send("\r\n".join(lines).encode() + b"\r\n\r\n" + m.body)
        return m

    @staticmethod
    def head(m):
        return m.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]


def test_a_call_that_comes_by_twice_is_anchored_once(daemon, phone, audio):
    callee = phone()
    spiral = Spiral(daemon, callee.aor)
    with spiral.phone:
        done(daemon.offhook("gateway", "add", "carrier", f"sip:127.0.0.9:{spiral.phone.port}"))
        done(daemon.offhook("route", "add", "77", "--gateway", "carrier"))
        caller, a, b = phone().registered(), audio(), audio()
        until(lambda: spiral.phone.ask("OPTIONS", callee.aor, authorize=False).status != 407)
        callee.registered()
        call = caller.call(f"sip:7712345@{daemon.domain}", body=a.describe())
        first = spiral.request()
        there = callee.expect_call()
        assert place(there.request.body) == place(first.body) != place(a.describe())
        b.answer_to(there.request.body)
        there.answer(b.describe())
        assert place(spiral.answer(200).body)[:2] == (b.host, b.port)
        r = caller.expect(200, call_id=call.call_id)
        a.answer_to(r.body)
        flows(a, b)
