"""What ICMP says: a phone whose port is closed is known to be gone at once."""

import pytest

from offhook_flow.daemon import Daemon
from offhook_flow.phone import Phone, hang_up

from test_nat import talk


@pytest.mark.parametrize("ipv6", [False, True])
def test_a_call_to_a_closed_port_ends_at_once(daemon, phone, ipv6):
    a, b, c = phone(ipv6=ipv6).registered(), phone(ipv6=ipv6).registered(), phone().registered()
    hang_up(*talk(a, b))
    b.close()
    out = a.call(f"sip:{b.number}@{b.domain}")
    assert out.final(seconds=3).status in (480, 500, 503)  # timer B would take 32 s
    # nobody else is harmed: the socket's error was not theirs
    hang_up(*talk(a, c))
    assert daemon.status()["counters"]["sip.icmp.unreachable"] >= 1


def test_a_user_whose_phone_has_gone_is_forwarded(daemon, phone):
    a, b, c = phone().registered(), phone().registered(), phone().registered()
    daemon.ask("forward set", number=b.number, kinds=["unreachable"], target=c.number)
    b.close()
    out = a.call(f"sip:{b.number}@{b.domain}")
    there = c.expect_call()
    there.answer()
    out.answered()
    there.expect_ack()
    hang_up(there, out)


__all__ = ["Daemon", "Phone"]
