"""What bodies hold beside audio on two ports: other parts, RTCP elsewhere, ICE, keys, fax."""

import secrets
import select

import pytest
from offhook_flow import flows, hang_up, place, reoffer, reported, talk, until
from offhook_flow.audio import WAIT

ICE = ["a=ice-ufrag:8hhY", "a=ice-pwd:asd88fgpdd777uzjYhagZg",
       "a=candidate:1 1 UDP 2130706431 127.0.0.1 {port} typ host",
       "a=candidate:2 1 UDP 1694498815 192.0.2.3 {port} typ srflx raddr 127.0.0.1 rport {port}"]
FINGERPRINT = ("a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:"
               "3F:82:18:3B:54:02:12:DF:3E:5D:49:6B")
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"


@pytest.fixture
def pair(phone):
    return phone().registered(), phone().registered()


def lines(*text):
    return "".join(line + "\r\n" for line in text)


def moved(body, audio, host, port):
    """The description with the port of its stream changed, as the server is to write it."""
    return body.replace(f"m=audio {audio.port} ".encode(), f"m=audio {port} ".encode()).replace(
        audio.host.encode(), host.encode())


ISUP = lines("--edge", "Content-Type: application/isup;version=x", "", "\0\1m=audio 1").encode()


@pytest.mark.parametrize("before", [b"", ISUP], ids=["first", "second"])
def test_only_the_description_in_a_multipart_body_changes(pair, audio, before):
    caller, callee = pair
    a, b = audio(), audio()
    offer = a.describe()
    part = b"--edge\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n"
    after = lines("", "--edge", "Content-Type: application/pidf+xml", "",
                  f"<presence port='{a.port}'/>", "--edge--").encode()
    kind = 'Content-Type: multipart/mixed; boundary="edge"'
    call = caller.call(callee.aor, body=before + part + offer + after, extra=[kind])
    there = callee.expect_call()
    got = there.request
    assert got.body.startswith(before + part) and got.body.endswith(after)
    inner = got.body[len(before + part):-len(after)]
    assert inner == moved(offer, a, *place(inner)[:2]) != offer
    assert int(got.get("content-length")) == len(got.body)
    assert got.get("content-type") == kind.partition(": ")[2]
    b.answer_to(inner)
    there.answer(part + b.describe() + after, extra=[kind])
    r = call.answered()
    a.answer_to(r.body[len(part):-len(after)])
    there.expect_ack()
    flows(a, b)
    hang_up(call, there)


def test_a_multipart_body_without_its_parts_is_refused(pair):
    caller, callee = pair
    call = caller.call(callee.aor, body=b"v=0\r\n", extra=["Content-Type: multipart/mixed"])
    assert call.final().status == 488
    callee.silence()


def test_rtcp_goes_where_the_phone_wants_it(pair, audio):
    """a=rtcp (RFC 3605) of one phone; the other knows it not."""
    a, b, other = audio(), audio(), audio()
    a.rtcp, other.rtp = other.rtp, a.rtcp
    offer = a.describe(more=f"a=rtcp:{other.port}\r\n")
    call, there = talk(*pair, a, b, offer)
    assert f"a=rtcp:{b.to[1] + 1}\r\n".encode() in there.request.body
    flows(a, b)
    reported(a, b)
    hang_up(call, there)


def test_rtcp_may_come_by_the_port_of_the_audio(pair, audio):
    """a=rtcp-mux (RFC 5761) of both."""
    a, b = audio(), audio()
    mux = "a=rtcp-mux\r\n"
    call, there = talk(*pair, a, b, a.describe(more=mux), b.describe(more=mux))
    flows(a, b)
    for one, two in ((a, b), (b, a)):
        sent = one.report(to=one.to[:2], sock=one.rtp)
        assert two.hear() == (sent, two.to[:2])
    hang_up(call, there)


def test_who_knows_no_mux_gets_rtcp_on_its_own_port(pair, audio):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b, a.describe(more="a=rtcp-mux\r\n"))
    flows(a, b)
    reported(a, b)
    hang_up(call, there)


def test_what_leads_past_the_server_vanishes_and_keys_stay(pair, audio):
    a, b = audio(), audio()
    ice = lines(*ICE).format(port=a.port)
    keys = lines(FINGERPRINT, "a=setup:actpass", "a=mid:0")
    session = lines("a=ice-options:trickle", "a=ice-lite", "a=group:BUNDLE 0")
    offer = a.describe(more=ice + keys, session=session).replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF")
    call, there = talk(*pair, a, b, offer)
    want = a.describe(more=keys).replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF")
    assert there.request.body == moved(want, a, *place(there.request.body)[:2])
    hang_up(call, there)


def test_the_keys_of_srtp_pass_untouched(pair, audio):
    a, b = audio(), audio()
    offer, answer = (x.describe(more=lines(CRYPTO)).replace(b"RTP/AVP", b"RTP/SAVP")
                     for x in (a, b))
    call, there = talk(*pair, a, b, offer, answer)
    assert there.request.body == moved(offer, a, *b.to[:2])
    assert CRYPTO.encode() in there.request.body
    flows(a, b)
    hang_up(call, there)


def fax(f):
    """A fax takes the place of the audio (T.38)."""
    return (f"v=0\r\no=- 1 9 IN IP4 {f.host}\r\ns=-\r\nc=IN IP4 {f.host}\r\nt=0 0\r\n"
            f"m=image {f.port} udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
            ).encode()


def faxed(one, other, number, seconds=0.1):
    """Does a datagram of UDPTL come across? Its sequence number is first."""
    sent = number.to_bytes(2, "big") + secrets.token_bytes(40)
    one.rtp.sendto(sent, one.to[:2])
    if not select.select([other.rtp], [], [], seconds)[0]:
        return False
    assert other.hear() == (sent, other.to[:2])
    return True


def test_a_call_turns_into_a_fax(pair, audio):
    a, b = audio(), audio()
    call, there = talk(*pair, a, b)
    flows(a, b)
    request, answer = reoffer(there, call, fax(b), fax(a))
    assert b"m=image " in request.body
    for body, to in ((answer.body, b), (request.body, a)):
        to.answer_to(body)
    for one, other in ((a, b), (b, a)):
        until(lambda: faxed(one, other, 0))
        assert all(faxed(one, other, number, WAIT) for number in range(1, 6))
    hang_up(call, there)


def test_a_bad_description_in_the_200_ends_the_attempt(pair, audio):
    caller, callee = pair
    a = audio()
    call = caller.call(callee.aor, body=a.describe())
    there = callee.expect_call()
    there.answer(b"v=0\r\nm=audio nonsense\r\n")
    r = call.final()
    assert r.status == 500 and not r.body
