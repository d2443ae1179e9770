"""Names: the sip role is lent sockets to ask name servers with, and its servers are a setting."""

import os
import re
import time

from offhook_flow.daemon import Daemon
from offhook_flow.dns_server import DnsServer


def sockets_unbound(pid):
    """Sockets of a process that are in no table of the kernel: made, and not used so far."""
    known = set()
    for table in ("udp", "udp6", "tcp", "tcp6", "unix"):
        with open(f"/proc/net/{table}") as f:
            known |= set(re.findall(r"\b\d+\b", f.read()))
    links = (os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
    return [link for link in links if link.startswith("socket:") and link[8:-1] not in known]


def test_the_sip_role_is_lent_sockets_for_its_name_servers():
    server = DnsServer()
    server.start()
    try:
        with Daemon(config=f'dns {{ servers = {{"{server.address}"}} }}') as d:
            end = time.monotonic() + 5
            while len(sockets_unbound(d.role("sip")["pid"])) < 10 and time.monotonic() < end:
                time.sleep(0.05)
            assert len(sockets_unbound(d.role("sip")["pid"])) == 10  # eight datagrams, two streams
            counters = d.status()["counters"]
            assert counters["dns.queries"] == counters["dns.cache-hits"] == 0
            assert counters["dns.failures"] == counters["dns.timeouts"] == 0
    finally:
        server.stop()


def test_other_name_servers_take_a_restart():
    with Daemon() as d:
        d.write('dns { servers = {"192.0.2.53", "[2001:db8::53]:5353"} }')
        r = d.offhook("reload")
        assert r.returncode == 0
        assert 'dns.servers: {} -> {"192.0.2.53", "[2001:db8::53]:5353"} ' \
            "(takes effect at the next restart)" in r.stdout


def test_a_name_server_that_is_no_address_is_refused():
    with Daemon() as d:
        d.write('dns { servers = {"ns.example"} }')
        r = d.offhook("check")
        assert r.returncode == 1
        assert '"ns.example" is not the address of a name server; write it as' in r.stderr
        d.write("")
