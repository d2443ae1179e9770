"""linphone registers and calls (Debian package linphone-cli), driven over linphonec."""

import os
import re
import shutil
import subprocess
import threading
import time

import pytest
from offhook_flow import free_port

pytestmark = pytest.mark.skipif(not shutil.which("linphonec"), reason="linphonec is not installed")


DAEMON = {"tls": True}


class Linphone:
    """A linphonec with a home of its own; audio comes from and goes to files."""

    def __init__(self, home, transport, ca, auto=False):
        (home / ".local" / "share" / "linphone").mkdir(parents=True)
        (home / ".config" / "linphone").mkdir(parents=True)
        port = free_port()
        ports = {name: port if name == transport else 0 for name in ("udp", "tcp", "tls")}
        rtp = free_port() & ~1
        # its TLS library knows no addresses in certificates, so their names are not compared
        (home / "rc").write_text(
            f"[sip]\nsip_port={ports['udp']}\nroot_ca={ca}\nverify_server_cn=0\n"
            + "".join(f"sip_{name}_port={n}\n" for name, n in ports.items()) +
            f"default_proxy=-1\n[rtp]\naudio_rtp_port={rtp}\n[net]\nfirewall_policy=0\n")
        command = ["linphonec", "-c", str(home / "rc")] + (["-a"] if auto else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, bufsize=1,
                                        errors="replace", cwd=home,
                                        env={**os.environ, "HOME": str(home), "TERM": "dumb"})
        self.text, self.changed = "", threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.expect("linphonec> ")
        self.command("soundcard use files")

    def read(self):
        while True:
            piece = self.process.stdout.read(1)
            with self.changed:
                self.text += piece
                self.changed.notify()
            if not piece:
                return

    def expect(self, pattern, seconds=12):
        """Waits until the pattern was printed; drops the text up to it."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                found = re.search(pattern, self.text)
                if found:
                    self.text = self.text[found.end():]
                    return found
                left = end - time.monotonic()
                assert left > 0, f"linphonec printed no {pattern}:\n{self.text}"
                self.changed.wait(left)

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def close(self):
        try:
            self.command("quit")
            self.process.wait(6)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.reader.join(2)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def linphone(daemon, tmp_path):
    made = []

    def make(transport, **more):
        number, password = daemon.user_add()
        home = tmp_path / number
        made.append(Linphone(home, transport, daemon.authority.ca, **more))
        port = daemon.tls_port if transport == "tls" else daemon.port
        made[-1].number = number
        made[-1].command(f"register sip:{number}@{daemon.domain} "
                         f"sip:127.0.0.1:{port};transport={transport} {password}")
        end = time.monotonic() + 12
        while not daemon.registrations(number):
            assert time.monotonic() < end, made[-1].text
            time.sleep(0.05)
        return made[-1]

    yield make
    for p in made:
        p.close()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_linphone_registers(daemon, linphone, transport):
    p = linphone(transport)
    row = daemon.registrations(p.number)[0]
    assert "linphone" in row["user-agent"].lower()
    if transport != "udp":
        assert f"transport={transport}" in row["contact"].lower()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_linphone_calls_a_phone_and_hangs_up(daemon, linphone, phone, transport):
    caller, callee = linphone(transport), phone().registered()
    # linphone asks the DNS for a domain even behind a proxy, so the address is dialled
    port = daemon.tls_port if transport == "tls" else daemon.port
    caller.command(f"call sip:{callee.number}@127.0.0.1:{port};transport={transport}")
    there = callee.expect_call(10)
    assert not there.request.all("proxy-authorization")
    there.ring()
    there.answer()
    there.expect_ack()
    caller.expect("(?i)connected|established|answered")
    caller.command("terminate")
    bye = callee.expect("BYE", 8)
    callee.respond(bye, 200, "OK")


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_phone_calls_linphone(linphone, phone, transport):
    callee, caller = linphone(transport, auto=True), phone().registered()
    call = caller.call(f"sip:{callee.number}@{caller.domain}")
    call.answered(10)
    assert call.ask("BYE").status == 200
