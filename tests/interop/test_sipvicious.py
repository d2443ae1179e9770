"""sipvicious (Debian package of that name) scans, probes numbers and guesses passwords: it learns no
number, is slowed, then banned, and phones at other addresses go on."""

import re
import shutil
import subprocess
import time

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("svcrack"), reason="sipvicious is not installed")

DAEMON = {"config": "guard { users = 3 }\nauth { algorithms = {\"MD5\"} }"}
DESK = "127.0.0.5"  # where the phones are; the scanners cannot be told to be anywhere but 127.0.0.1


def run(daemon, tool, *args, seconds=8):
    """What the tool says within so many seconds."""
    p = subprocess.Popen([tool, "-p", str(daemon.port), *args, "127.0.0.1"], text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    try:
        return p.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        p.terminate()
        return p.communicate()[0]


def test_svmap_finds_a_server_and_no_more(daemon):
    out = run(daemon, "svmap")
    print(out)
    assert str(daemon.port) in out and "companyb" not in out


@pytest.mark.parametrize("method", ["REGISTER", "OPTIONS", "INVITE"])
def test_svwar_learns_no_number(daemon, phone, method):
    daemon.users_import(["100", "105"], "office")
    p = phone("100", "office", host=DESK).registered()
    out = run(daemon, "svwar", "-m", method, "-e", "98-110", "--force")
    print(out)
    rows = {m[1]: m[2] for m in re.finditer(r"(?m)^\|\s*(\d+)\s*\|\s*(\w+)\s*\|", out)}
    assert len(set(rows.values())) <= 1 and (not rows or len(rows) >= 12), out
    p.silence(0.1, "INVITE")


def test_svcrack_is_slowed_and_banned_and_phones_go_on(daemon, phone):
    daemon.users_import(["200", "201", "202", "203"], "77")
    p = phone("200", "77", host=DESK).registered()
    before = daemon.status()["counters"]["guard.failures"]
    for n, user in enumerate(("200", "201", "202", "203")):
        print(run(daemon, "svcrack", "-u", user, "-r", "1-2000", seconds=4)[-300:])
        tried = daemon.status()["counters"]["guard.failures"] - before
        print(f"{tried} passwords tried in {4 * (n + 1)} s")
        assert tried <= 8 * (n + 1)
    assert [b["address"] for b in daemon.ask("ban list")] == ["127.0.0.1"]
    began = time.monotonic()
    assert p.register().status == 200
    assert time.monotonic() - began < 1
