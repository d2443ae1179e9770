"""Configuration: what is refused, and how; a second daemon; reload."""

import os
import re
import signal
import subprocess
import time
from contextlib import closing

import pytest
from offhook_flow import Daemon, Phone, connected
from offhook_flow.daemon import OFFHOOKD


@pytest.fixture
def unstarted():
    d = Daemon()
    yield d
    d.close()


def run(d, *args):
    return subprocess.run([OFFHOOKD, "-c", d.file, *args], capture_output=True, text=True,
                          timeout=15, stdin=subprocess.DEVNULL)


def refused(d):
    """Starting fails with 1 and lines of file:line; returns what it said."""
    r = run(d)
    assert r.returncode == 1, r
    assert not os.path.exists(d.socket) and not os.path.exists(d.database)
    return r.stderr


@pytest.mark.parametrize("line,word", [
    ("nonsense = 1", "nonsense"), ('listen = {"udp:nowhere"}', "listen"),
    ('listen = {"sctp:127.0.0.1:5060"}', "listen"),
    ("registrar { max-expires = -5 }", "max-expires"),
    ("registrar { min-expires = soon }", "min-expires"), ('log { level = "loud" }', "level"),
    ('auth { algorithms = {"ROT13"} }', "algorithms"), ("registrar { max-contacts = 0 }",
                                                       "max-contacts"),
    ("registrar { default-expires = 30\n min-expires = 60 }", "expires"), ("auth {", "")])
def test_a_bad_line_is_refused_with_its_place(unstarted, line, word):
    del unstarted.lines["listen"]
    unstarted.lines["listen"] = f'{{"udp:127.0.0.1:{unstarted.port}"}}'
    if line.startswith("listen"):
        del unstarted.lines["listen"]
    unstarted.write(line)
    said = refused(unstarted)
    assert re.search(re.escape(unstarted.file) + r":\d+: ", said), said
    assert word in said
    check = unstarted.offhook("check")
    assert check.returncode == 1 and word in check.stderr + check.stdout


def test_a_missing_file_is_one_line(unstarted):
    os.unlink(unstarted.file)
    r = run(unstarted)
    assert r.returncode == 1 and unstarted.file in r.stderr
    assert len(r.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")
def test_a_missing_account_is_one_line_that_says_what_to_do(unstarted):
    unstarted.lines["user"] = '"nobodyhasthisname"'
    unstarted.write()
    r = run(unstarted)
    assert r.returncode == 1 and "nobodyhasthisname" in r.stderr
    assert len(r.stderr.strip().splitlines()) == 1


def test_a_second_daemon_on_the_port_is_one_line(daemon, unstarted):
    unstarted.lines["listen"] = f'{{"udp:127.0.0.1:{daemon.port}"}}'
    unstarted.write()
    r = run(unstarted)
    lines = [t for t in r.stderr.strip().splitlines() if "warning" not in t.lower()]
    assert r.returncode == 1 and len(lines) == 1, r.stderr
    assert str(daemon.port) in lines[0]
    assert daemon.offhook("status").returncode == 0


def test_a_second_daemon_on_the_database_is_refused(daemon, unstarted):
    unstarted.lines["database"] = f'"{daemon.database}"'
    unstarted.write()
    r = run(unstarted)
    assert r.returncode == 1 and daemon.database in r.stderr


def test_a_good_file_passes_the_check(daemon):
    r = daemon.offhook("check")
    assert r.returncode == 0, r


def test_a_realm_that_no_longer_fits_is_refused_with_the_number_of_users():
    with Daemon() as d:
        for _ in range(3):
            d.user_add()
        d.stop()
        d.write('auth { realm = "elsewhere.example" }')
        r = run(d)
        assert r.returncode == 1 and "3" in r.stderr and d.domain in r.stderr
        check = d.offhook("check")
        assert check.returncode == 1 and "3" in check.stdout + check.stderr
        d.write("")
        d.start()


def test_reload_prints_what_changed_and_obeys_it():
    with Daemon() as d, Phone(d) as p:
        d.write("registrar { max-expires = 1800\n default-expires = 1800 }")
        r = d.offhook("reload")
        assert r.returncode == 0 and "max-expires" in r.stdout and "1800" in r.stdout
        granted = p.register(expires=3600).contacts()[p.contact]["expires"]
        assert granted == "1800"


def test_sighup_reloads():
    with Daemon() as d, Phone(d) as p:
        d.write("registrar { max-expires = 900\n default-expires = 900 }")
        d.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if p.register(expires=3600).contacts()[p.contact]["expires"] == "900":
                return
        raise AssertionError("SIGHUP changed nothing:\n" + d.stderr())


def test_reload_of_a_bad_file_changes_nothing():
    with Daemon() as d, Phone(d) as p:
        before = d.starts()
        d.write("registrar { max-expires = 900\n default-expires = 900 }\nnonsense = 1")
        r = d.offhook("reload")
        assert r.returncode == 1 and "nonsense" in r.stderr
        assert p.register(expires=3600).contacts()[p.contact]["expires"] == "3600"
        assert d.starts() == before
        d.write("")


def test_a_call_survives_a_reload():
    with Daemon() as d, Phone(d) as a, Phone(d) as b:
        a.registered()
        b.registered()
        call = a.call(b.aor)
        there = b.expect_call()
        there.ring()
        call.progress(180)
        d.write("registrar { max-expires = 1800\n default-expires = 1800 }")
        assert d.offhook("reload").returncode == 0
        there.answer()
        call.answered()
        there.expect_ack()


def test_sigint_stops_as_sigterm_does():
    d = Daemon()
    try:
        d.start()
        d.process.send_signal(signal.SIGINT)
        assert d.process.wait(10) == 0
        assert not d.wait_gone(d.process.pid)
    finally:
        d.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="the sandbox is whole only when started as root")
def test_a_call_with_the_sandbox_on():
    d = Daemon(sandbox="on", user="nobody")
    try:
        d.start()
    except AssertionError as problem:
        d.close()
        if "sanitizers" in str(problem):
            pytest.skip("built with sanitizers")
        raise
    with closing(d), Phone(d) as a, Phone(d, transport="tcp") as b:
        a.registered()
        b.registered()
        call, there = connected(a, b)
        assert d.status()["sandbox"] in (True, "on")
        assert set(d.starts().values()) == {1}
        d.stop()
