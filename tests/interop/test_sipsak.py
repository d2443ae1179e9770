"""sipsak pings, registers and sends a message (Debian package sipsak)."""

import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("sipsak"), reason="sipsak is not installed")

DAEMON = {"config": 'auth { algorithms = {"MD5"} }'}  # sipsak knows no other


# sipsak cuts a port of five digits in a URI short, and makes up a user name without -u
def sipsak(daemon, *args, transport="udp"):
    r = subprocess.run(["sipsak", "-vv", "-H", "127.0.0.1", "-E", transport, "-p", f"127.0.0.1:{daemon.port}",
                        *args], capture_output=True, text=True, timeout=15,
                       stdin=subprocess.DEVNULL)
    assert r.returncode == 0, r.stdout + r.stderr
    return r.stdout


def register(daemon, number, password, transport):
    sipsak(daemon, "-U", "-i", "-u", number, "-a", password, "-C", "sip:there@127.0.0.1:9",
           "-x", "600", "-s", f"sip:{number}@{daemon.domain}", transport=transport)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipsak_pings_the_server(daemon, transport):
    assert " 200 " in sipsak(daemon, "-s", f"sip:{daemon.domain}", transport=transport)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipsak_registers(daemon, transport):
    number, password = daemon.user_add()
    register(daemon, number, password, transport)
    assert [row["contact"] for row in daemon.registrations(number)] == ["sip:there@127.0.0.1:9"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_wrong_password_is_refused(daemon, transport):
    number, _ = daemon.user_add()
    with pytest.raises(AssertionError):
        register(daemon, number, "wrong", transport)
    assert daemon.registrations(number) == []
