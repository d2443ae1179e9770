"""Who calls, as the called phone is told: P-Asserted-Identity, Remote-Party-ID, Privacy."""

from offhook_flow import Daemon, Phone

SHOWN = "party=calling;id-type=subscriber;privacy=off;screen=yes"


def told(caller, callee, **more):
    """The P-Asserted-Identity and Remote-Party-ID values with which a call arrives."""
    call = caller.call(callee.aor, **more)
    there = callee.expect_call()
    there.reject(486)
    call.final()
    return (there.request.all("p-asserted-identity"), there.request.all("remote-party-id"))


def named(daemon, phone, name):
    number, password = daemon.user_add(name=name)
    return phone(number=number, password=password)


def test_the_name_of_a_user_is_told_and_follows_the_store(daemon, phone):
    caller = named(daemon, phone, 'Anna "Grüße" Berg')
    callee = phone(style="7960").registered()
    who = f'"Anna \\"Grüße\\" Berg" <{caller.aor}>'
    false = ['P-Asserted-Identity: "Boss" <sip:1@x>', 'Remote-Party-ID: "Boss" <sip:1@x>']
    assert told(caller, callee, extra=false) == ([who], [f"{who};{SHOWN}"])
    daemon.ask("user import",
               users=[{"number": caller.number, "password": caller.credentials.password,
                       "name": "Anna Amsel"}])
    who = f'"Anna Amsel" <{caller.aor}>'
    assert told(caller, callee) == ([who], [f"{who};{SHOWN}"])


def test_names_and_kinds_of_phones_outlive_a_restart():
    with Daemon() as d:
        number, password = d.user_add(name="Anna")
        with Phone(d, number, password) as caller, Phone(d, style="7960") as callee:
            callee.registered()
            d.kill_role("sip")
            who = f'"Anna" <{caller.aor}>'
            assert told(caller, callee) == ([who], [f"{who};{SHOWN}"])


def test_who_asks_for_privacy_is_not_named(daemon, phone):
    caller = named(daemon, phone, "Anna")
    plain, cisco = phone().registered(), phone(style="7960").registered()
    assert told(caller, plain, extra=["Privacy: id"]) == ([], [])
    hidden = ('"Anonymous" <sip:anonymous@anonymous.invalid>;'
              "party=calling;id-type=subscriber;privacy=full;screen=yes")
    assert told(caller, cisco, extra=["Privacy: id"]) == ([], [hidden])
    assert told(caller, plain, extra=["Privacy: none"]) == ([f'"Anna" <{caller.aor}>'], [])


def test_a_caller_who_is_removed_meanwhile_is_not_named_to_the_next(daemon, phone):
    caller = named(daemon, phone, "Anna")
    busy, next_one = phone().registered(), phone(style="7960").registered()
    daemon.ask("forward set", number=busy.number, kinds=["busy"], target=next_one.number)
    call = caller.call(busy.aor)
    there = busy.expect_call()
    there.ring()
    assert there.request.get("p-asserted-identity") == f'"Anna" <{caller.aor}>'
    daemon.ask("user remove", number=caller.number)
    there.reject(486)
    there = next_one.expect_call()
    assert there.request.get("diversion")
    assert not there.request.get("p-asserted-identity")
    assert not there.request.get("remote-party-id")
    there.reject(486)
    call.final()
