"""SIPp registers and calls through the daemon, over UDP and TCP (Debian package sip-tester)."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from offhook_flow import free_port

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sipp")
CALLS = 20
DAEMON = {"config": 'auth { algorithms = {"MD5"} }'}  # this SIPp knows no other

pytestmark = pytest.mark.skipif(not shutil.which("sipp"), reason="sipp is not installed")


def sipp(daemon, scenario, port, transport, tmp_path, users=None, calls=1, contact=0, uri=None):
    """A SIPp process that plays the scenario so many times."""
    command = ["sipp", f"127.0.0.1:{daemon.port}", "-sf", os.path.join(FOLDER, scenario + ".xml"),
               "-i", "127.0.0.1", "-p", str(port), "-m", str(calls), "-l", str(calls),
               "-r", "20", "-t", {"udp": "u1", "tcp": "t1"}[transport], "-nostdin",
               "-timeout", "20s", "-timeout_error", "-max_socket", "64", "-trace_err",
               "-error_file", str(tmp_path / f"{scenario}.err"), "-key", "domain", daemon.domain,
               "-key", "contact", str(contact)]
    if uri:
        command += ["-auth_uri", uri]  # else SIPp's answer names the server's address
    if users:
        table = tmp_path / f"{scenario}.csv"
        table.write_text("SEQUENTIAL\n" + "".join(
            f"{number};[authentication username={number} password={password}];{target}\n"
            for number, password, target in users))
        command += ["-inf", str(table)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL, cwd=tmp_path)


def succeeds(process, tmp_path):
    try:
        text = process.communicate(timeout=30)[0]
    finally:
        process.kill()
    errors = "".join(f.read_text() for f in tmp_path.glob("*.err"))
    assert process.returncode == 0, f"sipp: {process.returncode}\n{errors}\n{text[-3000:]}"


def listening(port, transport):
    """Waits until somebody holds the port."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    end = time.monotonic() + 5
    while time.monotonic() < end:
        with socket.socket(socket.AF_INET, kind) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on {port}")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipp_registers_many_users(daemon, tmp_path, transport):
    users = [(*daemon.user_add(), "x") for _ in range(CALLS)]
    port = free_port()
    succeeds(sipp(daemon, "register", port, transport, tmp_path, users, CALLS, port), tmp_path)
    for number, _, _ in users:
        assert len(daemon.registrations(number)) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipp_calls_through_the_407(daemon, tmp_path, transport):
    caller, callee = daemon.user_add(), daemon.user_add()
    there, here = free_port(), free_port()
    for user, port in ((callee, there), (caller, here)):
        succeeds(sipp(daemon, "register", free_port(), transport, tmp_path, [(*user, "x")], 1,
                      port), tmp_path)
    far = sipp(daemon, "callee", there, transport, tmp_path, calls=CALLS)
    try:
        listening(there, transport)
        succeeds(sipp(daemon, "caller", here, transport, tmp_path, [(*caller, callee[0])], CALLS,
                      uri=f"{callee[0]}@{daemon.domain}"), tmp_path)
        succeeds(far, tmp_path)
    finally:
        far.kill()
        far.wait()
