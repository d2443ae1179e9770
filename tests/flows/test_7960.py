"""The messages of 7960-class phones, from the fixtures, sent as these phones send them: from
another port than the one they listen on, without rport, without a branch in the old images."""

import os
import re

import pytest
from offhook_flow import Message, Phone, connected, hang_up

FOLDER = os.path.join(os.path.dirname(__file__), "..", "fixtures", "7960")
DAEMON = {"config": 'media { anchor = "never" }'}  # bodies are compared byte by byte


class Desk(Phone):
    """A 7960 that sends fixtures with its own names put in."""

    def __init__(self, daemon, peer=None, agent=None):
        daemon.numbers += 1
        number = f"554-{daemon.numbers % 10000:04d}"
        daemon.user_add(number, "pw", auth_name=number)
        super().__init__(daemon, number, "pw", style="7960")
        self.credentials.username = self.number
        self.peer, self.ids = peer, {}

    def fixture(self, name, **put):
        """The text of a fixture with this phone's names; put: more replacements."""
        with open(os.path.join(FOLDER, name + ".sip"), newline="") as f:
            text = f.read()
        peer = self.peer
        words = {"192.0.2.40:5060": self.address, "192.0.2.40": self.host,
                 "192.0.2.4": "127.0.0.1", "555-0141": self.number, "example.test": self.domain,
                 "00005e00-53410": f"{self.port:08d}-53410", **put}
        if peer:
            words["192.0.2.41:5060"] = peer.address
            words["555-0142"] = peer.number
        for old in sorted(words, key=len, reverse=True):
            text = text.replace(old, words[old])
        head, gap, body = text.partition("\r\n\r\n")
        head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(body)}", head)
        return head + gap + body

    def credit(self, text, response):
        """Puts the answer to a challenge into the place of the fixture's own."""
        method, uri = text.split(" ", 1)[0], text[text.index(" ") + 1:text.index(" SIP/2.0")]
        line = self.answer(response, method, uri)
        return re.sub(r"(Proxy-)?Authorization: [^\r]*", line.replace("\\", r"\\"), text, count=1)


@pytest.fixture
def desk(daemon):
    made = []

    def make(**more):
        made.append(Desk(daemon, **more))
        return made[-1]

    yield make
    for d in made:
        d.close()


def register(d, name="register-3x", credentials="register-3x-credentials"):
    d.send(d.fixture(name))
    r = d.expect(401)
    if credentials:
        text = d.credit(d.fixture(credentials), r)
    else:
        line = d.answer(r, "REGISTER", f"sip:{d.domain}")
        text = d.fixture(name).replace("Content-Length", line + "\r\nContent-Length")
        text = re.sub(r"CSeq: (\d+)", lambda m: f"CSeq: {int(m[1]) + 1}", text)
    d.send(text)
    return d.expect(200, method="REGISTER")


@pytest.mark.parametrize("name,credentials", [
    ("register-3x", "register-3x-credentials"), ("register-3x", "register-4x-credentials"),
    ("register-7x-user-phone", None), ("register-8x-instance", None)])
def test_each_image_registers(daemon, desk, name, credentials):
    d = desk()
    r = register(d, name, credentials)
    contact = Message(d.fixture(name).encode()).values("contact")[0].split(";expires")[0]
    uri = contact.partition("<")[2].partition(">")[0] or contact
    assert uri in r.contacts() and r.contacts()[uri]["expires"] == "3600"
    assert r.get("expires") == "3600"
    assert [row["contact"] for row in daemon.registrations(d.number)] == [uri]


def test_a_register_with_a_new_call_id_replaces_the_same_contact(daemon, desk):
    d = desk()
    register(d)
    d.send(d.fixture("register-3x", **{"30c4a9e1": "99999999"}))
    r = d.expect(401)
    d.send(d.credit(d.fixture("register-3x-credentials", **{"30c4a9e1": "99999999"}), r))
    d.expect(200)
    rows = daemon.registrations(d.number)
    assert len(rows) == 1 and "99999999" in rows[0]["call-id"]


@pytest.mark.parametrize("name", ["unregister-7x", "unregister-star"])
def test_each_form_of_unregistering(daemon, desk, name):
    d = desk()
    register(d)
    text = d.fixture(name)
    d.send(text)
    r = d.expect(401)
    line = d.answer(r, "REGISTER", f"sip:{d.domain}")
    d.send(text.replace("Content-Length", line + "\r\nContent-Length")
           .replace("CSeq: 1040", "CSeq: 1050").replace("z9hG4bK6ab3", "z9hG4bK6ab4"))
    d.expect(200)
    assert daemon.registrations(d.number) == []


def test_the_authenticated_call_of_the_guide(daemon, desk, phone):
    callee = phone().registered()
    d = desk(peer=callee)
    register(d)
    d.send(d.fixture("invite-7x"))
    r = d.expect(407)
    assert len(r.all("proxy-authenticate")) == 1 and "qop" not in r.get("proxy-authenticate")
    d.send(d.fixture("invite-7x-ack-407", **{"px-51": r.tag("to")}))
    text = d.credit(d.fixture("invite-7x-credentials"), r)
    d.send(text)
    there = callee.expect_call()
    assert not there.request.all("proxy-authorization")
    assert there.request.body == Message(text.encode()).body
    d.expect(100)
    there.ring()
    d.expect(180)
    there.answer()
    r = d.expect(200, method="INVITE")

    def inside(name):
        text = d.fixture(name).replace("00005e0053420021604df3b8-7e15c2a9", r.tag("to"))
        text = re.sub(r"Route: [^\r]*", f"Route: {r.get('record-route')}", text)
        return text.replace(f"sip:{callee.number}@{callee.address}", callee.contact)

    d.send(inside("ack-200-7x-credentials"))
    there.expect_ack()
    d.send(inside("reinvite-hold-7x"))
    hold = callee.expect("INVITE")
    assert b"c=IN IP4 0.0.0.0" in hold.body
    callee.respond(hold, 200, "OK", extra=[f"Contact: <{callee.contact}>"])
    d.expect(200, cseq=104)
    d.send(inside("bye-8x-statistics").replace("CSeq: 103", "CSeq: 105"))
    bye = callee.expect("BYE")
    assert bye.get("rtp-rxstat").startswith("Dur=21")
    callee.respond(bye, 200, "OK")
    assert d.expect(200, cseq=105, method="BYE")


@pytest.mark.parametrize("name", ["invite-7x", "invite-1x", "invite-2x-anonymous", "invite-8x",
                                  "invite-blank-user-phone"])
def test_each_invite_form_reaches_the_callee(desk, phone, name):
    callee = phone().registered()
    d = desk(peer=callee)
    register(d)
    text = d.fixture(name)
    d.send(text)
    r = d.expect(407)
    line = d.answer(r, "INVITE", text[7:text.index(" SIP/2.0")])
    text = re.sub(r"branch=z9hG4bK\w+", "branch=z9hG4bKsecond" + str(d.port), text)
    text = text.replace("CSeq: 101", "CSeq: 102").replace("\r\nContent-Length",
                                                         f"\r\n{line}\r\nContent-Length", 1)
    d.send(text)
    there = callee.expect_call()
    there.ring()
    d.expect(180)
    callee.respond(there.request, 486, "Busy here", tag=there.local_tag)
    assert d.expect(486)
    callee.expect("ACK")


def test_answers_go_to_the_via_port_and_not_to_the_source(desk):
    d = desk()
    d.send(d.fixture("register-3x"))
    r = d.expect(401)
    assert "rport" not in r.get("via")
    assert d.sender.getsockname()[1] != d.port


def test_only_100_precedes_the_answer_to_a_register(desk):
    d = desk()
    register(d)
    assert not [m for m in d.inbox if m.status not in (None, 100, 401)]


def test_a_blind_transfer_passes(desk, phone):
    a, b = phone().registered(), phone().registered()
    call, there = connected(a, b)
    cseq = there.send("REFER", extra=[f"Refer-To: sip:5550103@{a.domain}",
                                      f"Referred-By: <{b.aor}>"])
    refer = a.expect("REFER")
    assert refer.get("refer-to") == f"sip:5550103@{a.domain}"
    a.respond(refer, 202, "Accepted")
    assert b.final(call.call_id, cseq, "REFER").status == 202
    bye = hang_up(there, call)
    assert bye


def test_also_in_a_bye_passes(phone):
    a, b = phone().registered(), phone().registered()
    call, there = connected(a, b)
    cseq = there.send("BYE", extra=[f"Also: <sip:555-0143@{a.domain};user=phone>",
                                    f"Requested-By: <{b.aor}>"])
    bye = a.expect("BYE")
    assert bye.get("also") and bye.get("requested-by")
    a.respond(bye, 200, "OK")
    assert b.final(call.call_id, cseq, "BYE").status == 200


def test_the_malformed_bye_gets_a_400(desk, phone):
    d = desk(peer=phone())
    d.send(d.fixture("bye-malformed-user-phone"))
    assert d.expect(400)


@pytest.mark.parametrize("name", ["response-180", "response-200", "response-486", "response-487",
                                  "response-302", "response-options-null-origin"])
def test_a_stray_answer_of_a_phone_is_dropped(desk, phone, name):
    d = desk(peer=phone())
    d.send(d.fixture(name))
    d.silence(0.2)
