"""The roles as processes: closed in while they work, missed when they hang, given up when they die
again and again."""

import ctypes
import os
import platform
import pwd
import re
import signal
import struct
from contextlib import closing

import pytest
from offhook_flow import Daemon, Phone, connected, hang_up

# CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT
PARENT_KEEPS = sum(1 << bit for bit in (2, 5, 6, 7, 10, 18))


def proc(pid):
    """/proc/PID/status as a dictionary."""
    with open(f"/proc/{pid}/status") as f:
        return {k: v.strip() for k, _, v in (line.partition(":") for line in f)}


def capabilities(pid):
    return int(proc(pid)["CapEff"], 16) | int(proc(pid)["CapPrm"], 16)


def slice_ns(pid):
    """For how long it may run before others have their turn (sched_getattr(2))."""
    number = {"x86_64": 315, "aarch64": 275}.get(platform.machine())
    if number is None or tuple(map(int, re.findall(r"\d+", platform.release())[:2])) < (6, 12):
        pytest.skip("this kernel tells no slices")
    attr = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(number, pid, attr, len(attr), 0) == 0
    return struct.unpack_from("<Q", attr, 24)[0]


def test_audio_comes_before_longer_work(daemon):
    assert slice_ns(daemon.role("media")["pid"]) < slice_ns(daemon.role("sip")["pid"])


def closed_in():
    """A daemon whose sip role is "nobody" and whose keeper is "daemon"."""
    d = Daemon(sandbox="on", user="daemon")
    d.lines["user"] = '"nobody"'
    d.write()
    try:
        d.start()
    except AssertionError as problem:
        d.close()
        if "sanitizers" in str(problem):
            pytest.skip("built with sanitizers")
        raise
    return d


@pytest.mark.skipif(os.geteuid() != 0, reason="the sandbox is whole only when started as root")
def test_each_role_works_without_rights():
    with closing(closed_in()) as d, Phone(d) as p:
        p.registered()
        accounts = {"sip": "nobody", "keeper": "daemon"}
        for name, account in accounts.items():
            pid = d.role(name)["pid"]
            status = proc(pid)
            assert status["Uid"].split() == [str(pwd.getpwnam(account).pw_uid)] * 4, name
            assert status["Groups"] == "", name
            assert capabilities(pid) == 0, name
            assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", name
            assert os.stat(f"/proc/{pid}/root").st_ino != os.stat("/").st_ino, name
        assert os.listdir(f"/proc/{d.role('sip')['pid']}/root") == []
        assert capabilities(d.process.pid) & ~PARENT_KEEPS == 0
        database = os.stat(d.database)
        assert database.st_mode & 0o777 == 0o600
        assert database.st_uid == pwd.getpwnam("daemon").pw_uid
        d.stop()


def test_a_role_comes_back_ever_later_and_five_deaths_end_the_daemon():
    with closing(Daemon()) as d:
        d.start()
        for _ in range(4):
            d.kill_role("sip")
        os.kill(d.role("sip")["pid"], signal.SIGKILL)
        assert d.process.wait(10) == 1
        said = d.stderr().strip().splitlines()[-5:]
        assert any("sip" in line and "5 times" in line and "Killed" in line for line in said), said
        waits = [int(ms) for ms in re.findall(r"started again in (\d+) ms", d.stderr())]
        assert waits == [100, 200, 400, 800]
        assert not d.wait_gone(d.process.pid)


def test_while_the_keeper_hangs_registers_get_503_and_calls_end():
    with Daemon() as d, Phone(d) as a, Phone(d) as b:
        a.registered()
        b.registered()
        call, there = connected(a, b)
        keeper = d.role("keeper")["pid"]
        os.kill(keeper, signal.SIGSTOP)
        try:
            r = a.register(seconds=8)
            assert r.status == 503 and r.get("retry-after"), str(r)
            hang_up(call, there)
        finally:
            os.kill(keeper, signal.SIGCONT)
        assert a.register(seconds=8).status == 200
