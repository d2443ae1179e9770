"""What the service manager is told: readiness, reload, stop, and the watchdog only while every role
answers."""

import os
import signal
import socket
import time

import pytest

from offhook_flow import Daemon


class Manager:
    """Stands in for the service manager's end of NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = str(folder / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)

    def next(self, seconds):
        self.socket.settimeout(max(seconds, 0.001))
        try:
            text = self.socket.recv(4096).decode()
        except socket.timeout:
            return None
        return dict(line.split("=", 1) for line in text.splitlines())

    def expect(self, key, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            note = self.next(end - time.monotonic())
            if note and key in note:
                return note
        raise AssertionError(f"the service manager was not told {key}")

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.next(end - time.monotonic())

    def is_silent(self, key, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            note = self.next(end - time.monotonic())
            if note and key in note:
                return False
        return True


@pytest.fixture
def manager(tmp_path):
    os.chmod(tmp_path, 0o755)
    return Manager(tmp_path)


def test_ready_reloading_and_stopping_are_told(manager):
    d = Daemon(environment={"NOTIFY_SOCKET": manager.path})
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
    with Daemon(environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"}) as d:
        manager.expect("WATCHDOG")
        pid = d.role(role)["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            manager.drain(1)  # notes that the role's last answer still allows
            assert manager.is_silent("WATCHDOG", 1.5)
        finally:
            os.kill(pid, signal.SIGCONT)
        manager.expect("WATCHDOG")
