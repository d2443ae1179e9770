"""The registrar: RFC 3261 section 10, RFC 3581, RFC 3327, and what 79xx phones need."""

import socket
import time

import pytest
from offhook_flow import Daemon, Phone

WAYS = [("udp", False), ("udp", True), ("tcp", False), ("tcp", True)]


def seconds(response, uri):
    """The granted expiry of one binding in a 200."""
    return int(response.contacts()[uri]["expires"])


@pytest.mark.parametrize("transport,ipv6", WAYS)
def test_a_phone_registers_through_a_401(daemon, phone, transport, ipv6):
    p = phone(transport=transport, ipv6=ipv6)
    first = p.exchange(p.register_request(1), p.register_call_id, 1, "REGISTER")
    assert first.status == 401 and first.tag("to")
    r = p.register(cseq=2)
    assert r.status == 200, str(r)
    assert list(r.contacts()) == [p.contact]
    assert seconds(r, p.contact) == 3600
    rows = daemon.registrations(p.number)
    assert [row["contact"] for row in rows] == [p.contact]
    assert rows[0]["call-id"] == p.register_call_id and rows[0]["user-agent"] == "flow"


def test_an_unauthenticated_register_binds_nothing(daemon, phone):
    p = phone()
    assert p.exchange(p.register_request(1), p.register_call_id, 1, "REGISTER").status == 401
    assert daemon.registrations(p.number) == []


def test_a_register_without_contact_lists_the_bindings(phone):
    p = phone()
    p.registered(contacts=["<sip:a@192.0.2.1>;q=0.7", "<sip:b@192.0.2.2>;q=0.3"])
    r = p.register(contacts=[], expires=None)
    assert r.status == 200
    assert set(r.contacts()) == {"sip:a@192.0.2.1", "sip:b@192.0.2.2"}
    assert float(r.contacts()["sip:a@192.0.2.1"]["q"]) == 0.7
    assert float(r.contacts()["sip:b@192.0.2.2"]["q"]) == 0.3


def test_several_contacts_keep_their_q(daemon, phone):
    p = phone()
    r = p.register(contacts=["<sip:a@192.0.2.1>;q=0.7", "<sip:b@192.0.2.2>;q=0.25"])
    assert r.status == 200
    expected = {"sip:a@192.0.2.1": 0.7, "sip:b@192.0.2.2": 0.25}
    assert {uri: float(given["q"]) for uri, given in r.contacts().items()} == expected
    assert {row["contact"]: row["q"] for row in daemon.registrations(p.number)} == expected


def test_a_refresh_keeps_one_binding(daemon, phone):
    p = phone().registered(expires=600)
    r = p.register(expires=1200)
    assert list(r.contacts()) == [p.contact] and seconds(r, p.contact) == 1200
    assert len(daemon.registrations(p.number)) == 1


def test_expires_0_removes_one_binding(daemon, phone):
    p = phone()
    p.registered(contacts=["<sip:a@192.0.2.1>", "<sip:b@192.0.2.2>"])
    r = p.register(contacts=["<sip:a@192.0.2.1>;expires=0"])
    assert set(r.contacts()) == {"sip:b@192.0.2.2"}
    r = p.register(contacts=["<sip:b@192.0.2.2>"], expires=0)
    assert r.status == 200 and r.contacts() == {}
    assert daemon.registrations(p.number) == []


def test_star_removes_all_bindings(daemon, phone):
    p = phone()
    p.registered(contacts=["<sip:a@192.0.2.1>", "<sip:b@192.0.2.2>"])
    r = p.register(contacts=["*"], expires=0)
    assert r.status == 200 and r.contacts() == {}
    assert daemon.registrations(p.number) == []


def test_star_without_expires_0_is_400(daemon, phone):
    p = phone().registered()
    assert p.register(contacts=["*"], expires=3600).status == 400
    assert p.register(contacts=["*"], expires=None).status == 400
    assert len(daemon.registrations(p.number)) == 1


def test_star_beside_another_contact_is_400(daemon, phone):
    p = phone().registered()
    assert p.register(contacts=["*", "<sip:a@192.0.2.1>"], expires=0).status == 400
    assert len(daemon.registrations(p.number)) == 1


def test_the_expires_parameter_wins_over_the_header(phone):
    p = phone()
    r = p.register(contacts=[f"<{p.contact}>;expires=300"], expires=900)
    assert seconds(r, p.contact) == 300


def test_without_expires_the_default_of_3600_is_granted(phone):
    p = phone()
    assert seconds(p.register(expires=None), p.contact) == 3600


def test_more_than_7200_s_is_cut_to_7200(phone):
    p = phone()
    assert seconds(p.register(expires=86400), p.contact) == 7200


def test_too_short_an_expiry_is_423_with_min_expires(daemon, phone):
    p = phone()
    r = p.register(expires=10)
    assert r.status == 423 and r.get("min-expires") == "60"
    assert daemon.registrations(p.number) == []
    assert p.register(expires=60).status == 200


@pytest.mark.parametrize("agent", ["Cisco-SIP-IP-Phone/3", "CSCO/7", "Cisco-CP7960G/8.0"])
def test_a_79xx_never_gets_less_than_120_s(phone, agent):
    p = phone(agent=agent)
    r = p.register(expires=60)
    assert r.status == 200 and 120 <= seconds(r, p.contact) <= 3600


def test_an_older_cseq_of_the_same_call_id_changes_nothing(daemon, phone):
    p = phone()
    assert p.register(cseq=50).status == 200
    r = p.register(cseq=20, contacts=[f"<{p.contact}>"], expires=0)
    assert r.status >= 400, str(r)
    assert len(daemon.registrations(p.number)) == 1


def test_a_new_call_id_replaces_the_same_contact(daemon, phone):
    p = phone()
    assert p.register(cseq=5000).status == 200
    r = p.register(cseq=101, call_id="another-call-id", expires=300)
    assert r.status == 200 and seconds(r, p.contact) == 300
    rows = daemon.registrations(p.number)
    assert [row["call-id"] for row in rows] == ["another-call-id"]


def test_bindings_belong_to_contact_uris_not_to_addresses(daemon, phone):
    a = phone().registered()
    b = phone()
    other = f"sip:{b.number}@{a.address}"
    b.registered(contacts=[f"<{other}>"])
    assert [row["contact"] for row in daemon.registrations(a.number)] == [a.contact]
    assert [row["contact"] for row in daemon.registrations(b.number)] == [other]


def test_path_is_kept_and_returned(daemon, phone):
    p = phone()
    r = p.register(extra=["Supported: path", "Path: <sip:edge.example.net;lr>"])
    assert r.status == 200 and r.values("path") == ["<sip:edge.example.net;lr>"]
    assert daemon.registrations(p.number)[0]["path"] == "<sip:edge.example.net;lr>"


def test_the_same_instance_replaces_its_older_contact(daemon, phone):
    p = phone()
    mark = ';+sip.instance="<urn:uuid:00000000-0000-0000-0000-00005e005341>"'
    p.registered(contacts=["<sip:a@192.0.2.1>" + mark])
    p.registered(contacts=["<sip:a@192.0.2.9>" + mark], call_id="after-reboot")
    rows = daemon.registrations(p.number)
    assert [row["contact"] for row in rows] == ["sip:a@192.0.2.9"]
    assert rows[0]["instance"] == "<urn:uuid:00000000-0000-0000-0000-00005e005341>"


def test_two_instances_are_two_bindings(daemon, phone):
    p = phone()
    for n in (1, 2):
        p.registered(contacts=[f'<sip:a@192.0.2.{n}>;+sip.instance="<urn:uuid:0000000{n}>"'])
    assert len(daemon.registrations(p.number)) == 2


def test_the_eleventh_contact_is_refused_and_the_ten_stay(daemon, phone):
    p = phone()
    p.registered(contacts=[f"<sip:c{n}@192.0.2.1>" for n in range(5)])
    p.registered(contacts=[f"<sip:c{n}@192.0.2.1>" for n in range(5, 10)])
    r = p.register(contacts=["<sip:c10@192.0.2.1>"])
    assert 400 <= r.status < 600, str(r)
    assert len(daemon.registrations(p.number)) == 10
    assert p.register(contacts=["<sip:c3@192.0.2.1>"]).status == 200


def test_a_register_is_carried_out_whole_or_not_at_all(daemon, phone):
    p = phone()
    r = p.register(contacts=["<sip:a@192.0.2.1>", "<sip:b@192.0.2.2>;expires=5"])
    assert r.status == 423
    assert daemon.registrations(p.number) == []


def test_user_phone_and_separators_do_not_make_another_address_of_record(daemon, phone):
    number, password = daemon.user_add("555-7001")
    p = phone(number, password)
    p.credentials.username = "5557001"
    aor = f"<sip:555-7001@{p.domain};user=phone>"
    assert p.register(to=aor, frm=aor + ";tag=1").status == 200
    aor = f"<sip:5557001@{p.domain}>"
    r = p.register(to=aor, frm=aor + ";tag=1", contacts=[])
    assert list(r.contacts()) == [p.contact]


def test_compact_header_names_are_accepted(phone):
    p = phone()

    def compact(credentials):
        return (f"REGISTER sip:{p.domain} SIP/2.0\r\nv: SIP/2.0/UDP {p.address}\r\n"
                f"f: <{p.aor}>;tag=c\r\nt: <{p.aor}>\r\ni: compact-{p.number}\r\n"
                f"CSeq: {2 if credentials else 1} REGISTER\r\nm: <{p.contact}>\r\n"
                f"{credentials}l: 0\r\n\r\n")

    r = p.exchange(compact("").encode(), f"compact-{p.number}", 1, "REGISTER")
    line = p.answer(r, "REGISTER", f"sip:{p.domain}") + "\r\n"
    assert p.exchange(compact(line).encode(), f"compact-{p.number}", 2, "REGISTER").status == 200


def test_an_unknown_require_is_420_with_unsupported(phone):
    p = phone()
    r = p.register(extra=["Require: levitation"])
    assert r.status == 420 and "levitation" in (r.get("unsupported") or "")


def test_a_foreign_domain_is_not_registered(daemon, phone):
    p = phone(domain="elsewhere.example")
    assert p.register(uri=f"sip:{p.domain}").status in (403, 404)
    assert daemon.registrations(p.number) == []


def test_the_numeric_address_of_the_server_is_served(phone):
    p = phone()
    assert p.register(uri=f"sip:127.0.0.1:{p.daemon.port}").status == 200
    assert p.register(uri="sip:127.0.0.1").status == 200


def test_received_is_added_when_the_via_host_differs(phone):
    p = phone()
    via = f"Via: SIP/2.0/UDP 192.0.2.77:{p.port};branch=z9hG4bKreceived"
    r = p.register(via=via)
    assert f"192.0.2.77:{p.port}" in r.get("via") and "received=127.0.0.1" in r.get("via")


def test_rport_is_filled_in_when_asked_for(phone):
    p = phone()
    via = f"Via: SIP/2.0/UDP {p.host}:9;branch=z9hG4bKrport{p.number};rport"
    r = p.register(via=via)
    assert f"rport={p.port}" in r.get("via") and f"received={p.host}" in r.get("via")


def test_without_rport_the_answer_goes_to_the_via_port(phone):
    p = phone()
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    with other:
        other.sendto(p.register_request(1, via=p.via(rport=False)), p.server)
        r = p.expect(401)
    assert "rport" not in r.get("via")


def test_a_repeated_register_gets_the_same_answer_and_is_written_once(daemon, phone):
    p = phone()
    first = p.exchange(p.register_request(1), p.register_call_id, 1, "REGISTER")
    data = p.register_request(2, extra=[p.answer(first, "REGISTER", f"sip:{p.domain}")])
    for _ in range(3):
        p.send(data)
    assert p.expect(200, cseq=2).status == 200
    p.silence(0.4, {401, 400, 500})
    assert len(daemon.registrations(p.number)) == 1


def test_an_expired_binding_leaves_the_lists(phone, daemon):
    with Daemon("registrar { min-expires = 1 }") as short, Phone(short) as p:
        p.registered(contacts=[f"<{p.contact}>;expires=1", "<sip:stay@192.0.2.1>"])
        end = time.monotonic() + 6
        while len(short.registrations(p.number)) > 1 and time.monotonic() < end:
            time.sleep(0.1)
        rows = short.registrations(p.number)
        assert [row["contact"] for row in rows] == ["sip:stay@192.0.2.1"]
        assert set(p.register(contacts=[]).contacts()) == {"sip:stay@192.0.2.1"}
        end = time.monotonic() + 6
        while short.status()["bindings"] != 1 and time.monotonic() < end:
            time.sleep(0.1)
        assert short.status()["bindings"] == 1


def test_a_removed_registration_is_gone_at_once(daemon, phone):
    p = phone().registered()
    daemon.ask("registration remove", number=p.number)
    assert daemon.registrations(p.number) == []
    assert p.register(contacts=[]).contacts() == {}
