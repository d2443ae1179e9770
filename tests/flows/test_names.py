"""Calls to host names: through NAPTR, SRV and addresses, past servers that are not there, and with
name servers that do not answer (RFC 3263)."""

import time

import pytest

from offhook_flow.daemon import free_port

NAMES = True


@pytest.fixture
def alias(daemon):
    """Makes an alias that leads to a URI, and tells how it is called."""
    def make(uri):
        daemon.numbers += 1
        daemon.ask("alias add", number=str(daemon.numbers), target=uri)
        return f"sip:{daemon.numbers}@{daemon.domain}"
    return make


def serve(names, domain, *ports):
    """SRV records of domain, for UDP on loopback, in the order of ports."""
    for priority, port in enumerate(ports):
        names.add(f"_sip._udp.{domain}", "SRV", priority, 0, port, f"a.{domain}")
    names.add(f"a.{domain}", "A", "127.0.0.1")


def test_a_call_follows_naptr_srv_and_address(names, phone, alias):
    caller, callee = phone(), phone()
    names.add("one.test", "NAPTR", 10, 50, "s", "SIP+D2U", "", "there.one.test")
    names.add("there.one.test", "SRV", 1, 0, callee.port, "a.one.test")
    names.add("a.one.test", "A", "127.0.0.1")
    call = caller.call(alias("sip:77@one.test"))
    there = callee.expect_call()
    assert there.request.uri == "sip:77@one.test"
    there.answer()
    call.answered()
    there.expect_ack()


def test_a_host_with_a_port_is_asked_for_its_address_only(names, phone, alias):
    caller, callee = phone(), phone()
    names.add("two.test", "A", "127.0.0.1")
    caller.call(alias(f"sip:77@two.test:{callee.port}"))
    callee.expect_call()
    assert names.asked("two.test", "NAPTR") == names.asked("_sip._udp.two.test", "SRV") == 0


def test_a_server_that_is_not_there_is_passed_over(names, phone, alias):
    caller, callee = phone(), phone()
    serve(names, "three.test", free_port(), callee.port)
    uri = alias("sip:77@three.test")
    caller.call(uri)
    callee.expect_call()
    begun = time.monotonic()
    caller.call(uri)  # the one that failed is tried last now
    callee.expect_call()
    assert time.monotonic() - begun < 1


def test_a_server_that_is_silent_is_passed_over_after_4_s(names, phone, alias):
    caller, deaf, callee = phone(), phone(), phone()
    serve(names, "four.test", deaf.port, callee.port)
    uri = alias("sip:77@four.test")
    caller.call(uri)
    callee.expect_call(seconds=6)
    begun = time.monotonic()
    caller.call(uri)
    callee.expect_call()
    assert time.monotonic() - begun < 1


def test_a_silent_name_server_holds_nobody_up(names, phone, alias):
    caller, other, callee = phone(), phone(), phone().registered()
    names.drop = True
    try:
        begun = time.monotonic()
        waits = [caller.call(alias(f"sip:77@silent{i}.test")) for i in range(5)]
        other.call(callee.aor)
        callee.expect_call(seconds=1)
        assert [w.final(seconds=8).status for w in waits] == [500] * 5  # 503 is not passed on
        assert time.monotonic() - begun < 7
    finally:
        names.drop = False


def test_answers_that_lie_mislead_nobody(names, phone, alias):
    caller, callee = phone(), phone()
    serve(names, "five.test", callee.port)
    names.lie = names.truncate = names.fill = True
    try:
        caller.call(alias("sip:77@five.test"))
        callee.expect_call()
    finally:
        names.lie = names.truncate = names.fill = False
