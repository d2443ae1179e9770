"""A linphonec as a test drives it (Debian package linphone-cli)."""

import os
import re
import subprocess
import threading
import time

from offhook_flow import free_port


class Linphone:
    """A linphonec with a home of its own; audio comes from and goes to files."""

    def __init__(self, home, transport, ca, auto=False, enter=()):
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
        command = [*enter, "linphonec", "-c", str(home / "rc")] + (["-a"] if auto else [])
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
