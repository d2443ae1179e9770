"""What a person reads in the log: registrations, calls and refusals, a line each."""

from offhook_flow import Phone, connected, hang_up


def lines(daemon, *parts):
    return [line for line in daemon.stderr().splitlines() if all(p in line for p in parts)]


def test_a_registration_is_told_once_and_its_refresh_is_not(daemon, phone):
    p = phone().registered()
    p.registered()
    told = lines(daemon, "sip:", f"{p.number} registered {p.contact} from udp:")
    assert len(told) == 1 and "for 3600 s" in told[0]
    assert p.register(expires=0).status == 200
    assert len(lines(daemon, f"{p.number} unregistered {p.contact}")) == 1


def test_a_call_is_told_with_its_answer_and_its_end(daemon, phone):
    caller, callee = phone().registered(), phone().registered()
    call, there = connected(caller, callee)
    hang_up(call, there)
    begun = lines(daemon, f"call {caller.number} -> {callee.number}: 200")
    assert len(begun) == 1
    call_id = begun[0].rpartition("Call-ID ")[2]
    assert len(lines(daemon, f"call ended by {caller.number}, Call-ID {call_id}")) == 1


def test_refusals_are_told_once_in_a_while_for_a_source(daemon):
    number, password = daemon.user_add()
    with Phone(daemon, number, "not the password") as p:
        for _ in range(5):
            assert p.register().status == 401
    assert len(lines(daemon, "refused: no such user, or a wrong password")) == 1


def test_no_credential_is_in_the_log(daemon, phone):
    p = phone().registered()
    text = daemon.stderr()
    assert p.number in text
    for secret in ("response=", "nonce=", "secret" + p.number, "Authorization"):
        assert secret not in text
