"""Name servers that are late, silent or boundless, a gateway that turns out to be ourselves, and
roles that die while calls are set up by all of that."""

import time

import pytest
from offhook_flow import Phone, connected, hang_up, until
from offhook_flow.command import done
from offhook_flow.daemon import Daemon, free_port
from offhook_flow.fixtures import asking
from offhook_flow.phone import token

CALLS = 200


@pytest.fixture(scope="module")
def daemon(names):
    """Its roles are killed here."""
    with Daemon(config=asking(names)) as d:
        yield d


@pytest.fixture
def gateway(daemon):
    """Adds a gateway with a route of its own: the prefix that leads to it."""
    made = []

    def make(uri):
        name, prefix = f"g{len(made)}x{token()}", str(880 + len(made))
        assert daemon.offhook("gateway", "add", name, uri).returncode == 0
        assert daemon.offhook("route", "add", prefix, "--gateway", name).returncode == 0
        made.append((name, prefix))
        return prefix

    yield make
    for name, prefix in made:
        daemon.offhook("route", "remove", prefix)
        daemon.offhook("gateway", "remove", name)


def calls_to_names(p, count, where):
    """Sends that many INVITEs to names."""
    answer = []
    for n in range(count):
        uri, call_id = f"sip:x@n{n}.{where}.test", f"names-{where}-{n}"

        def invite(cseq):
            p.send(p.request("INVITE", uri, frm=f"<{p.aor}>;tag=1", to=f"<{uri}>",
                             call_id=call_id, cseq=cseq, extra=answer))

        if n == 0:
            invite(1)
            challenge = p.expect(407, call_id=call_id)
        answer = [p.answer(challenge, "INVITE", uri)]
        invite(2)


def late(names):
    names.delay = 0.05  # of each of the hundreds of answers that are wanted, one after the other


def silent(names):
    names.drop = True


def boundless(names):
    names.truncate = names.fill = names.lie = True


@pytest.mark.parametrize("how", [late, silent, boundless])
def test_200_calls_to_names_do_not_hold_up_phones(daemon, names, phone, how):
    """While each of them waits for its name, calls between phones are set up and end."""
    caller, a, b = phone().registered(), phone().registered(), phone().registered()
    for n in range(CALLS):
        names.add(f"n{n}.boundless.test", "SRV", 1, 0, 9, "nowhere.test")
        names.add(f"n{n}.boundless.test", "A", "127.0.0.1")
    how(names)
    try:
        calls_to_names(caller, CALLS, how.__name__)
        until(lambda: daemon.status()["transactions"] > CALLS * 3 // 4)
        took = []
        for _ in range(15):
            began = time.monotonic()
            hang_up(*connected(a, b))
            took.append(time.monotonic() - began)
        print(f"{how.__name__}: calls took {1e3 * sum(took) / 15:.0f} ms, at most "
              f"{1e3 * max(took):.0f} ms; {len(names.questions)} questions so far")
        assert max(took) < 1.5 and sum(took) < 5
    finally:
        names.delay = 0
        names.drop = names.truncate = names.fill = names.lie = False


def test_a_gateway_whose_name_is_our_own_address_is_no_loop(daemon, names, phone, gateway):
    """By A, by SRV, by a numeric URI: nobody is reached, and nobody is trusted for it."""
    caller = phone().registered()
    names.add("ourselves.test", "A", "127.0.0.1")
    names.add("_sip._udp.us.test", "SRV", 1, 1, daemon.port, "ourselves.test")
    before = daemon.status()["counters"]["sip.requests"]
    for uri in (f"sip:ourselves.test:{daemon.port}", "sip:us.test", f"sip:127.0.0.1:{daemon.port}",
                f"sip:0.0.0.0:{daemon.port}", f"sip:[::1]:{daemon.port}"):
        prefix = gateway(uri)
        status = caller.call(f"sip:{prefix}555@{daemon.domain}").final().status
        assert status == (500 if "us.test" in uri or "ourselves" in uri else 503), uri
    assert daemon.status()["counters"]["sip.requests"] - before < 60
    time.sleep(0.3)  # the gateways are asked whether they answer, 100 ms after they were added
    r = caller.ask("OPTIONS", f"sip:1@{daemon.domain}", authorize=False)
    assert r.status == 407, r


@pytest.fixture
def two_ways(names):
    """A daemon of its own, a phone that others forward to, a gateway, and a caller."""
    port = free_port()
    d = Daemon(port=port, config=asking(names),
               listen=[f"udp:127.0.0.1:{port}", f"tcp:127.0.0.1:{port}"])
    try:
        d.start()
        with Phone(d) as caller, Phone(d) as callee, Phone(d, "gw", "x", host="127.0.0.2") as gw:
            caller.registered()
            callee.registered()
            first, second = d.user_add()[0], d.user_add()[0]
            done(d.offhook("forward", "set", first, "--always", second))
            done(d.offhook("forward", "set", second, "--unreachable", callee.number))
            names.add("gw.test", "A", "127.0.0.2")
            done(d.offhook("gateway", "add", "gw", f"sip:gw.test:{gw.port}"))
            done(d.offhook("route", "add", "0", "--gateway", "gw"))
            yield d, caller, (f"sip:{first}@{d.domain}", callee), (f"sip:0049@{d.domain}", gw)
        d.stop()
    finally:
        d.close()


@pytest.mark.parametrize("role", ["sip", "keeper"])
def test_kill_9_while_calls_are_set_up_by_forwards_and_to_a_gateway(two_ways, role):
    """What rang is lost with the sip role, not with the keeper; either comes back and goes on."""
    d, caller, *ways = two_ways
    ringing = []
    for uri, there in ways:
        for _ in range(10):
            call = caller.call(uri)
            other = there.expect_call()
            ringing.append((call, other))
            if len(ringing) % 2:
                other.ring()
                call.progress(180)
    d.kill_role(role)
    for call, other in ringing[::5] if role == "keeper" else []:
        other.answer()
        call.answered(8)
        other.expect_ack()
        hang_up(call, other)
    for uri, there in ways:
        call = caller.call(uri)
        while (other := there.expect_call()).call_id in {c.call_id for c, _ in ringing}:
            pass  # sent once more when the caller had heard nothing
        other.answer()
        call.answered()
        other.expect_ack()
        hang_up(other, call)
    assert d.starts()[role] == 2
