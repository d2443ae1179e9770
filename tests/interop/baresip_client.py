"""A baresip as a test drives it (Debian package baresip-core)."""

import contextlib
import json
import os
import select
import socket
import subprocess
import time

import pytest
from offhook_flow import free_port
from sound import heard, tone

CONFIG = """
sip_listen {host}:{sip}
sip_cafile {ca}
ctrl_tcp_listen 127.0.0.1:{control}
audio_source aufile,{folder}/speak.wav
audio_player aubridge,nobody
snd_path {folder}
audio_alert aufile,{folder}/alert.wav
rtp_ports {rtp}-{rtp_end}
module_path {modules}
module g711.so
module srtp.so
module aufile.so
module aubridge.so
module sndfile.so
module ctrl_tcp.so
module_app account.so
module_app menu.so
"""


def module_path():
    for folder in ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules",
                   "/usr/local/lib/baresip/modules"):
        if os.path.isdir(folder):
            return folder
    pytest.skip("baresip's modules are not installed")


class Baresip:
    """A baresip of its own folder, driven over its control socket. It sends a tone and keeps
    what it hears. encryption: as in its accounts; enter: a command before its own, which
    puts it where sockets made in place() are."""

    def __init__(self, folder, server, domain, user, password, transport, ca, auto=False,
                 host="127.0.0.1", encryption=None, enter=(), place=contextlib.nullcontext):
        folder.mkdir()
        tone(folder / "speak.wav")
        self.folder = folder
        sip, control, rtp = free_port(), free_port(), free_port() & ~1
        (folder / "config").write_text(CONFIG.format(
            host=host, sip=sip, control=control, rtp=rtp, rtp_end=rtp + 20, folder=folder, ca=ca,
            modules=module_path()))
        (folder / "accounts").write_text(
            f"<sip:{user}@{domain};transport={transport}>;auth_user={user};auth_pass={password};"
            f'outbound="sip:{server};transport={transport}";regint=600'
            + (f";mediaenc={encryption}" if encryption else "")
            + (";answermode=auto" if auto else "") + "\n")
        (folder / "contacts").write_text("")
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([*enter, "baresip", "-f", str(folder), "-s"],
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env={**os.environ, "HOME": str(folder)})
        self.buffer, self.events = b"", []
        end = time.monotonic() + 10
        while True:
            try:
                with place():
                    self.sock = socket.create_connection(("127.0.0.1", control), 5)
                break
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, self.said()
                time.sleep(0.05)

    def said(self):
        self.log.flush()
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def heard(self):
        """Seconds of sound that it has heard in calls that are over."""
        return sum(heard(path) for path in self.folder.glob("dump-*-dec.wav"))

    def command(self, command, params=""):
        text = json.dumps({"command": command, "params": params}).encode()
        self.sock.sendall(b"%d:%s," % (len(text), text))

    def event(self, kind, seconds=10):
        """Waits for an event of this type; earlier ones are dropped."""
        end = time.monotonic() + seconds
        while True:
            while self.events:
                found = self.events.pop(0)
                if found.get("type") == kind:
                    return found
            left = end - time.monotonic()
            assert left > 0, f"no {kind} from baresip:\n{self.said()}"
            if not select.select([self.sock], [], [], left)[0]:
                continue
            data = self.sock.recv(65536)
            assert data, f"baresip closed its control socket:\n{self.said()}"
            self.buffer += data
            while b":" in self.buffer:
                size, _, rest = self.buffer.partition(b":")
                if len(rest) < int(size) + 1:
                    break
                self.events.append(json.loads(rest[:int(size)]))
                self.buffer = rest[int(size) + 1:]

    def close(self):
        self.sock.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def wait_registered(daemon, b, seconds=10):
    """Waits until the daemon lists the phone (its own event may be over before we listen)."""
    end = time.monotonic() + seconds
    while not daemon.registrations(b.number):
        assert time.monotonic() < end, b.said()
        time.sleep(0.05)
