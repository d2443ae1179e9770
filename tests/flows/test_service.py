"""What the service manager is told: readiness, reload, stop, and the watchdog only while every role
answers."""

import os
import signal

import pytest

from offhook_flow import Daemon, Manager


@pytest.fixture
def manager(tmp_path):
    os.chmod(tmp_path, 0o755)
    m = Manager(tmp_path)
    yield m
    m.close()


def test_ready_reloading_and_stopping_are_told(manager):
    d = Daemon(manager=manager)
    try:
        d.start()
        assert manager.expect("READY")["READY"] == "1"
        d.process.send_signal(signal.SIGHUP)
        assert int(manager.expect("RELOADING")["MONOTONIC_USEC"]) > 0
        manager.expect("READY")
        d.stop()
        assert manager.expect("STOPPING")["STOPPING"] == "1"
    finally:
        d.close()


@pytest.mark.parametrize("role", ["sip", "keeper"])
def test_the_watchdog_is_fed_only_while_every_role_answers(manager, role):
    with Daemon(manager=manager, environment={"WATCHDOG_USEC": "400000"}) as d:
        manager.expect("WATCHDOG")
        pid = d.role(role)["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            manager.drain(1)  # notes that the role's last answer still allows
            assert manager.is_silent("WATCHDOG", 1.5)
        finally:
            os.kill(pid, signal.SIGCONT)
        manager.expect("WATCHDOG")
