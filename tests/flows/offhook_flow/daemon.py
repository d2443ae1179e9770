"""A real offhookd in a temporary folder, and everything a test may do to it."""

import contextlib
import json
import os
import pwd
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .authority import Authority

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.environ.get("OFFHOOK_BUILD", TREE)
OFFHOOKD = os.environ.get("OFFHOOKD", os.path.join(BUILD, "server", "offhookd"))
OFFHOOK = os.environ.get("OFFHOOK", os.path.join(BUILD, "cli", "offhook"))
# what tests do wrong from loopback is judged by the guard only if the test is about it
TRUSTED = 'guard { trusted = {"127.0.0.0/8", "::1"} }'
# away from the ports that phones of tests name without having them, and from the host's interfaces
MEDIA = 'media { ports = "45000-60998" kernel = "never" }'
SANDBOX = os.environ.get("OFFHOOK_SANDBOX", "off")
WORKERS = os.environ.get("OFFHOOK_WORKERS", "1")


def free_port():
    """A port below those of audio that is free on UDP and TCP, IPv4 and IPv6."""
    for _ in range(200):
        port = random.randrange(10000, 16384)
        taken = []
        try:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    s = socket.socket(family, kind)
                    taken.append(s)
                    s.bind((host, port))
            return port
        except OSError:
            continue
        finally:
            for s in taken:
                s.close()
    raise AssertionError("no free port")


def session_of(pid):
    """(session id, state) of a process, or None."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return int(fields[3]), fields[0]
    except (OSError, IndexError):
        return None


class Daemon:
    """offhookd with a configuration of its own. config: more lines for offhook.conf; keys given
    as arguments (domain, sandbox, ...) replace the defaults. file_limit: no file may grow past so
    many bytes, which is what a full disk looks like. environment: more variables for offhookd.
    tls: listens on tls_port too, with a certificate of its own authority. manager: see manager.py.
    With OFFHOOK_SANDBOX=on the roles are closed in under the accounts offhook and offhookdb."""

    def __init__(self, config="", domain=("companyb.com",), sandbox=SANDBOX, user="root", port=None,
                 listen=None, folder=None, file_limit=None, environment=None, namespace=None, tls=False,
                 manager=None, **keys):
        self.folder = folder or tempfile.mkdtemp(prefix="offhook-test-")
        self.domain = domain[0]
        self.port = port or free_port()
        self.file = os.path.join(self.folder, "offhook.conf")
        self.socket = os.path.join(self.folder, "control.sock")
        self.database = os.path.join(self.folder, "offhook.db")
        listen = listen or [f"{t}:{h}:{self.port}" for h in ("127.0.0.1", "[::1]")
                            for t in ("udp", "tcp")]
        if tls:
            self.tls_port = free_port()
            listen += [f"tls:{h}:{self.tls_port}" for h in ("127.0.0.1", "[::1]")]
            self.authority = Authority(os.path.join(self.folder, "certificates"))
            certificate, key = self.authority.issue("server")
            config += (f'\ntls {{ certificate = "{certificate}" key = "{key}" '
                       f'ca = "{self.authority.ca}" }}')
        self.lines = {
            "domain": "{" + ", ".join(f'"{d}"' for d in domain) + "}",
            "listen": "{" + ", ".join(f'"{text}"' for text in listen) + "}",
            "database": f'"{self.database}"',
            "control": f'"{self.socket}"',
            "sandbox": sandbox,
            "workers": WORKERS,
        }
        if os.geteuid() == 0 and user == "root" and sandbox == "on":
            os.chmod(self.folder, 0o755)  # the keeper's account has to get through
            self.database = os.path.join(self.folder, "db", "offhook.db")
            os.makedirs(os.path.dirname(self.database), 0o700, exist_ok=True)
            os.chown(os.path.dirname(self.database), pwd.getpwnam("offhookdb").pw_uid, -1)
            self.lines.update({"database": f'"{self.database}"', "user": '"offhook"',
                               "keeper-user": '"offhookdb"'})
        elif os.geteuid() == 0 and user:
            self.lines["user"] = self.lines["keeper-user"] = f'"{user}"'
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, -1)
        self.lines.update({k.replace("_", "-"): v for k, v in keys.items()})
        self.config, self.file_limit = config, file_limit
        # the network namespace to run in, as made by network.py
        self.enter = ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []
        self.environment = {**os.environ, **(environment or {})}
        self.manager = manager
        self.process = None
        self.numbers = 5540000
        self.write()

    def write(self, config=None):
        """Writes offhook.conf, with other additional lines when config is given."""
        if config is not None:
            self.config = config
        with open(self.file, "w") as f:
            f.writelines(f"{k} = {v}\n" for k, v in self.lines.items())
            f.write(self.config + "\n")
            if "guard" not in self.config:
                f.write(TRUSTED + "\n")
            if "media" not in self.config:
                f.write(MEDIA + "\n")

    # life

    def start(self, wait=True):
        self.log = open(os.path.join(self.folder, "stderr"), "a+b")
        begin = self.manager.start if self.manager else subprocess.Popen
        self.process = begin([*self.enter, OFFHOOKD, "-c", self.file], stdin=subprocess.DEVNULL,
                             env=self.environment, stdout=self.log, stderr=self.log,
                             start_new_session=True, restore_signals=not self.file_limit,
                             preexec_fn=self.limit if self.file_limit else None)
        if wait:
            self.wait_ready()
        return self

    def limit(self):
        # SIGXFSZ is ignored here, and stays so, since restore_signals is off
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_limit, self.file_limit))

    def stderr(self):
        with open(os.path.join(self.folder, "stderr"), errors="replace") as f:
            return f.read()

    def wait_ready(self, seconds=15):
        """Waits until `offhook status` says that the daemon answers SIP."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"offhookd ended with {self.process.returncode}:\n"
                                     + self.stderr())
            if os.path.exists(self.socket) and self.offhook("status").returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f"offhookd is not ready after {seconds} s:\n" + self.stderr())

    def stop(self):
        """SIGTERM; the daemon has to end with 0 and to leave no process behind."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError("offhookd does not end on SIGTERM:\n" + self.stderr()) from None
        self.log.close()
        assert status == 0, f"offhookd ended with {status}:\n{self.stderr()}"
        left = self.wait_gone(process.pid)
        assert not left, f"processes left behind: {left}\n{self.stderr()}"
        assert "Sanitizer" not in self.stderr(), self.stderr()

    def wait_gone(self, session, seconds=5):
        """The processes of the daemon's session that still live after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            left = [int(p) for p in os.listdir("/proc") if p.isdigit()
                    and (session_of(p) or (0, "Z")) [0] == session
                    and (session_of(p) or (0, "Z"))[1] != "Z"]
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.02)

    def close(self):
        """Ends whatever is left and removes the folder."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
        finally:
            self.close()

    def kill_role(self, role):
        """kill -9 of "sip", "keeper" or "parent". The parent's death ends the daemon."""
        if role == "parent":
            pid = self.process.pid
            self.process.kill()
            self.process.wait()
            self.process = None
            left = self.wait_gone(pid)
            assert not left, f"roles outlive the parent: {left}\n{self.stderr()}"
            return
        pid = self.role(role)["pid"]
        os.kill(pid, signal.SIGKILL)
        self.wait_back(role, pid)

    def wait_back(self, role, before):
        """Until the role, whose process was `before`, works again."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                pid = self.role(role)["pid"]
                if pid not in (0, before) and self.offhook("status").returncode == 0:
                    return
            except (OSError, ValueError, KeyError, AssertionError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"{role} does not come back:\n" + self.stderr())

    # control

    def offhook(self, *args, input=None, timeout=20):
        """Runs the command `offhook` on this daemon's configuration."""
        return subprocess.run([OFFHOOK, "-c", self.file, *args], capture_output=True, text=True,
                              input=input, timeout=timeout)

    @contextlib.contextmanager
    def question(self, command, **fields):
        """One request on the control socket, sent; answer() waits for (items, closing line)."""
        def answer():
            items = []
            for line in s.makefile("r"):
                answer = json.loads(line)
                if "item" not in answer:
                    return items, answer
                items.append(answer["item"])
            raise AssertionError(f"no closing line to {command}")

        fields = {k.replace("_", "-"): v for k, v in fields.items()}
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.socket)
            s.sendall(json.dumps({"command": command, **fields}).encode() + b"\n")
            yield answer

    def control(self, command, **fields):
        """One request on the control socket: (items, closing line)."""
        with self.question(command, **fields) as answer:
            return answer()

    def ask(self, command, **fields):
        """As control, but it has to be done: pages through lists and returns all items."""
        found, after = [], None
        while True:
            more = {} if after is None else {"after": after}
            items, closing = self.control(command, **fields, **more)
            assert closing.get("ok"), f"{command}: {closing}"
            found += items
            after = closing.get("next")
            if not after:
                self.closing = closing
                return found

    def status(self):
        self.ask("status")
        return self.closing

    def role(self, name):
        return next(r for r in self.status()["roles"] if r["role"] == name)

    def starts(self):
        """How often each role was started: it grows when one crashed."""
        return {r["role"]: r["starts"] for r in self.status()["roles"]}

    @contextlib.contextmanager
    def unharmed(self):
        """No role may be started a second time."""
        before = self.starts()
        yield
        assert self.starts() == before, "a role was restarted:\n" + self.stderr()

    def user_add(self, number=None, password=None, **fields):
        """A user, with a fresh number unless one is given: (number, password)."""
        if number is None:
            self.numbers += 1
            number = str(self.numbers)
        password = password or "secret" + number.replace("-", "")
        self.ask("user add", number=number, password=password, **fields)
        return number, password

    def users_import(self, numbers, password):
        """Many users at once, all with the same password."""
        self.ask("user import", users=[{"number": n, "password": password} for n in numbers])

    def registrations(self, number=None):
        """The bindings, of one number or of all."""
        return self.ask("registration list", **({"number": number} if number else {}))
