"""Networks of our own: a server and phones in network namespaces, NAT routers between them."""

import contextlib
import ctypes
import json
import os
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SERVER = "198.51.100.1"
PHONE = "10.0.0.2"  # the same behind every NAT, as in the field

NAT = """
table ip offhook {
    chain after { type nat hook postrouting priority srcnat; oifname "wan" masquerade random; }
    chain before { type nat hook prerouting priority dstnat; }
}
"""

# signalling may go to another address of the server; questions to name servers are no audio
COUNT = """
table inet count {{
    counter sent {{ }}
    counter heard {{ }}
    counter astray {{ }}
    chain out {{
        type filter hook output priority 0;
        meta l4proto != udp accept
        oifname "lo" accept
        {family} daddr {server} udp dport {ports} counter name sent accept
        {family} daddr {server} accept
        udp dport != {{ 53, 5060 }} counter name astray
    }}
    chain in {{
        type filter hook input priority 0;
        meta l4proto != udp accept
        iifname "lo" accept
        {family} saddr {server} udp sport {ports} counter name heard accept
        {family} saddr {server} accept
        udp sport != {{ 53, 5060 }} counter name astray
    }}
}}
"""


def run(*command, **more):
    subprocess.run(command, check=True, capture_output=True, text=True, **more)


def possible():
    """May this process make networks, and are the tools there?"""
    if os.geteuid() != 0:
        return False
    try:
        run("ip", "netns", "add", "offhook-probe")
        try:
            run("ip", "netns", "exec", "offhook-probe", "nft", "-f", "-", input=NAT)
            run("ip", "netns", "exec", "offhook-probe", "conntrack", "-F")
        finally:
            run("ip", "netns", "del", "offhook-probe")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


class Network:
    """The server at 198.51.100.1, and whoever is added."""

    def __init__(self):
        self.prefix = f"offhook-{os.getpid()}-"
        self.names = []
        self.server = self.add("server")
        self.ip(self.server, "link", "add", "lan", "type", "bridge")
        self.ip(self.server, "address", "add", SERVER + "/24", "dev", "lan")
        self.ip(self.server, "link", "set", "lan", "up")
        self.hosts = 10

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def add(self, name):
        name = self.prefix + name
        run("ip", "netns", "add", name)
        self.names.append(name)
        self.ip(name, "link", "set", "lo", "up")
        return name

    def ip(self, name, *words):
        run("ip", "-n", name, *words)

    def wire(self, one, device, other, peer):
        """A cable from device of one to peer of other."""
        self.ip(one, "link", "add", device, "type", "veth", "peer", "name", peer, "netns", other)
        for name, end in ((one, device), (other, peer)):
            self.ip(name, "link", "set", end, "up")

    def public(self, name):
        """A host in the server's own network: (namespace, address)."""
        host = self.add(name)
        self.hosts += 1
        address = f"198.51.100.{self.hosts}"
        self.wire(self.server, f"to{self.hosts}", host, "wan")
        self.ip(self.server, "link", "set", f"to{self.hosts}", "master", "lan")
        self.ip(host, "address", "add", address + "/24", "dev", "wan")
        return host, address

    def apart(self, name, ipv6=False):
        """A host at the end of a cable of its own, which the server joins to no other one:
        (namespace, its address, the server's)."""
        host = self.add(name)
        self.hosts += 1
        net, bits = (f"2001:db8:{self.hosts}::", 64) if ipv6 else (f"192.0.{self.hosts}.", 24)
        self.wire(self.server, f"to{self.hosts}", host, "lan")
        more = ["nodad"] if ipv6 else []
        self.ip(self.server, "address", "add", f"{net}1/{bits}", "dev", f"to{self.hosts}", *more)
        self.ip(host, "address", "add", f"{net}2/{bits}", "dev", "lan", *more)
        self.ip(host, "route", "add", "default", "via", f"{net}1")
        return host, f"{net}2", f"{net}1"

    def count(self, name, server, ports):
        """Counts the datagrams of a host from now on: counted()."""
        family = "ip6" if ":" in server else "ip"
        run("ip", "netns", "exec", name, "nft", "-f", "-", input=COUNT.format(
            family=family, server=server, ports=ports))

    def counted(self, name):
        """The datagrams of audio that the host has sent to the server and got from it, and those
        that it has exchanged with anybody else."""
        r = subprocess.run(["ip", "netns", "exec", name, "nft", "-j", "list", "counters"],
                           check=True, capture_output=True, text=True)
        found = {c["counter"]["name"]: c["counter"]["packets"]
                 for c in json.loads(r.stdout)["nftables"] if "counter" in c}
        return found["sent"], found["heard"], found["astray"]

    def behind_nat(self, name):
        """A phone's namespace behind a NAT of its own: (namespace, the router's, its address)."""
        router, address = self.public(name + "-nat")
        phone = self.add(name)
        self.wire(router, "lan", phone, "lan")
        self.ip(router, "address", "add", "10.0.0.1/24", "dev", "lan")
        self.ip(phone, "address", "add", PHONE + "/24", "dev", "lan")
        self.ip(phone, "route", "add", "default", "via", "10.0.0.1")
        with self.inside(router)():
            with open("/proc/sys/net/ipv4/ip_forward", "w") as f:
                f.write("1")
        run("ip", "netns", "exec", router, "nft", "-f", "-", input=NAT)
        return phone, router, address

    def forget(self, router, port=None):
        """The NAT forgets its mappings, or that of one UDP port of the phone: what goes out next
        gets another port."""
        which = ["-F"] if port is None else ["-D", "-p", "udp", "--orig-port-src", str(port)]
        run("ip", "netns", "exec", router, "conntrack", *which)

    def forward(self, router, port):
        """A port of the router that leads to the phone: what people set up for old phones."""
        run("ip", "netns", "exec", router, "nft", "add", "rule", "ip", "offhook", "before", "iifname",
            "wan", "udp", "dport", str(port), "dnat", "to", PHONE)

    def inside(self, name):
        """A context manager for code that makes sockets there."""
        @contextlib.contextmanager
        def place():
            with open("/proc/self/ns/net") as here, open(f"/run/netns/{name}") as there:
                if LIBC.setns(there.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
                try:
                    yield
                finally:
                    LIBC.setns(here.fileno(), CLONE_NEWNET)
        return place
