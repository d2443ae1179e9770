"""Clients that nobody here wrote talk through the relay, from networks that meet in the server
alone: each counts what it sends and hears, and what it exchanges with others, which is nothing."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from baresip_client import Baresip, wait_registered
from linphone_client import Linphone
from offhook_flow import Daemon, free_port, until
from offhook_flow.network import Network, possible
from sound import heard, tone

pytestmark = [pytest.mark.skipif(not possible(), reason="needs root, ip, nft and conntrack"),
              pytest.mark.skipif(not shutil.which("baresip"), reason="baresip is not installed")]

PORT = 5060
PORTS = "20000-29999"  # of the relay
FOLDER = os.path.dirname(os.path.abspath(__file__))
REGISTER = os.path.join(FOLDER, "..", "flows", "sipp", "register.xml")
SIPP = pytest.mark.skipif(not shutil.which("sipp"), reason="sipp is not installed")


class Place:
    """Where a client is: a namespace, its address, the server's as it sees it."""

    def __init__(self, network, name, ipv6=False):
        self.network = network
        self.name, self.host, self.server = network.apart(name, ipv6)
        self.enter = ["nsenter", f"--net=/run/netns/{self.name}"]
        self.inside = network.inside(self.name)
        network.count(self.name, self.server, PORTS)

    def counted(self):
        return self.network.counted(self.name)


@pytest.fixture(scope="module")
def network():
    with Network() as n:
        n.one, n.two = Place(n, "one"), Place(n, "two")
        n.six = Place(n, "six", ipv6=True)
        yield n


@pytest.fixture(scope="module")
def daemon(network):
    hosts = [network.one.server, network.two.server, f"[{network.six.server}]"]
    with Daemon(port=PORT, namespace=network.server, listen=[f"udp:{h}:{PORT}" for h in hosts],
                config=f'auth {{ algorithms = {{"MD5"}} }}\nmedia {{ ports = "{PORTS}" }}') as d:
        yield d


@pytest.fixture
def baresip(daemon, tmp_path):
    made = []

    def make(place, **more):
        number, password = daemon.user_add()
        host = f"[{place.host}]" if ":" in place.host else place.host
        server = f"[{place.server}]" if ":" in place.server else place.server
        made.append(Baresip(tmp_path / number, f"{server}:{PORT}", daemon.domain, number, password,
                            "udp", "", host=host, enter=place.enter, place=place.inside, **more))
        made[-1].number = number
        wait_registered(daemon, made[-1])
        return made[-1]

    yield make
    for b in made:
        b.close()


@pytest.fixture
def linphone(daemon, tmp_path):
    made = []

    def make(place, **more):
        number, password = daemon.user_add()
        p = Linphone(tmp_path / number, "udp", "", enter=place.enter, **more)
        made.append(p)
        p.number, p.home = number, tmp_path / number
        p.command(f"register sip:{number}@{daemon.domain} sip:{place.server}:{PORT} {password}")
        until(lambda: daemon.registrations(number), 12)
        return p

    yield make
    for p in made:
        p.close()


def is_taken(place, port):
    with place.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind((place.host, port))
        except OSError:
            return True
    return False


@pytest.fixture
def sipp(daemon, tmp_path):
    """Runs SIPp at a place; a user of its own is registered at its port before. It echoes audio."""
    made = []

    def start(place, scenario, port, user, target="x", contact=0):
        table = tmp_path / f"{len(made)}.csv"
        table.write_text(f"SEQUENTIAL\n{user[0]};[authentication username={user[0]} "
                         f"password={user[1]}];{target}\n")
        made.append(subprocess.Popen(
            [*place.enter, "sipp", f"{place.server}:{PORT}", "-sf", scenario, "-i", place.host,
             "-mi", place.host, "-p", str(port), "-mp", str(free_port() & ~3), "-rtp_echo", "-m",
             "1", "-nostdin", "-timeout", "30s", "-timeout_error", "-key", "domain", daemon.domain,
             "-key", "contact", str(contact), "-inf", str(table), "-auth_uri",
             f"{target}@{daemon.domain}", "-trace_err", "-error_file",
             str(tmp_path / f"{len(made)}.err")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=tmp_path))
        return made[-1]

    def make(place, scenario, target="x"):
        user, port = daemon.user_add(), free_port()
        assert start(place, REGISTER, free_port(), user, contact=port).wait(20) == 0
        process = start(place, os.path.join(FOLDER, "sipp", scenario + ".xml"), port, user, target)
        process.number = user[0]
        until(lambda: is_taken(place, port))
        return process

    yield make
    for p in made:
        p.kill()
        p.wait()


def crosses(one, two, count=50):
    """So many packets more go from one side to the other, and back; each that is sent is heard."""
    def both():
        return one.counted()[0], two.counted()[1], two.counted()[0], one.counted()[1]

    def grown():
        return [now - then for now, then in zip(both(), before)]

    until(lambda: all(both()))
    before = both()
    until(lambda: min(grown()) >= count, 15)
    there, heard_there, back, heard_back = grown()
    assert abs(there - heard_there) <= 3, "but for those on their way"
    assert abs(back - heard_back) <= 3
    assert one.counted()[2] == two.counted()[2] == 0, "something went another way"


def dialled(daemon, caller, callee):
    caller.command("dial", f"sip:{callee.number}@{daemon.domain}")
    caller.event("CALL_ESTABLISHED")


def hung_up(caller, callee):
    caller.command("hangup")
    callee.event("CALL_CLOSED")


@pytest.mark.parametrize("encryption", [None, "srtp-mand"])
@pytest.mark.parametrize("there", ["two", "six"])
def test_baresip_hears_baresip(daemon, network, baresip, there, encryption):
    one, other = network.one, getattr(network, there)
    caller = baresip(one, encryption=encryption)
    callee = baresip(other, auto=True, encryption=encryption)
    dialled(daemon, caller, callee)
    crosses(one, other)
    hung_up(caller, callee)
    for b in (caller, callee):
        until(lambda: b.heard() > 0.3)
        assert ("a=crypto:" in b.said()) == bool(encryption)


@pytest.mark.skipif(not shutil.which("linphonec"), reason="linphonec is not installed")
@pytest.mark.parametrize("first", ["baresip", "linphone"])
def test_baresip_and_linphone_hear_each_other(daemon, network, baresip, linphone, first):
    b = baresip(network.one, auto=first == "linphone")
    p = linphone(network.two, auto=first == "baresip")
    tone(p.home / "speak.wav")
    if first == "baresip":
        dialled(daemon, b, p)
    else:
        p.command(f"call sip:{b.number}@{network.two.server}:{PORT}")
        b.event("CALL_ESTABLISHED")
    p.command(f"play {p.home}/speak.wav")
    p.command(f"record {p.home}/heard.wav")
    crosses(network.one, network.two)
    p.command("terminate")
    b.event("CALL_CLOSED")
    until(lambda: b.heard() > 0.3)
    until(lambda: heard(p.home / "heard.wav") > 0.3)


@SIPP
def test_baresip_hears_its_echo_from_sipp(daemon, network, baresip, sipp):
    b, echo = baresip(network.one), sipp(network.two, "echo")
    dialled(daemon, b, echo)
    crosses(network.one, network.two)
    b.command("hangup")
    assert echo.wait(10) == 0
    until(lambda: b.heard() > 0.3)


@SIPP
def test_audio_comes_again_after_both_forms_of_hold(network, baresip, sipp):
    """SIPp calls, holds, resumes, holds in the other form and resumes."""
    def came(seconds):
        before = network.two.counted()[1]
        time.sleep(seconds)
        return network.two.counted()[1] - before

    b = baresip(network.one, auto=True)
    hold = sipp(network.two, "hold", b.number)
    b.event("CALL_ESTABLISHED")
    crosses(network.one, network.two, 20)
    for _ in range(2):
        until(lambda: came(0.3) == 0)
        until(lambda: came(0.3) > 5)
    crosses(network.one, network.two, 20)
    assert hold.wait(15) == 0
    b.event("CALL_CLOSED")
    until(lambda: b.heard() > 0.3)
