"""A stand-in for the service manager: the other end of NOTIFY_SOCKET, the store of descriptors, and
the restart of a daemon that has died (sd_notify(3), sd_listen_fds(3)).

As a program, `manager.py FDS COMMAND...` becomes COMMAND, with the descriptors FDS (numbers with
commas between) from 3 on and with its own process named in LISTEN_PID."""

import fcntl
import os
import queue
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

FIRST = 3  # SD_LISTEN_FDS_START
RESTART_SEC = 0.1


class Manager:
    """store: the most descriptors that it keeps (FileDescriptorStoreMax)."""

    def __init__(self, folder, store=32768):
        self.path, self.most = str(folder / "notify.sock"), store
        self.notes = queue.Queue()
        self.kept, self.dropped = [], 0  # (name, descriptor)
        self.lock = threading.Lock()
        raise_file_limit()
        self.watch = select.epoll()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.watch.register(self.socket, select.EPOLLIN)
        self.ending, self.end = socket.socketpair()
        self.watch.register(self.ending, select.EPOLLIN)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def close(self):
        self.end.close()
        self.thread.join()
        for _, fd in self.kept:
            os.close(fd)
        for one in (self.socket, self.ending, self.watch):
            one.close()

    def listen(self):
        while True:
            for fd, event in self.watch.poll():
                if fd == self.ending.fileno():
                    return
                if fd == self.socket.fileno():
                    self.receive()
                elif event & (select.EPOLLERR | select.EPOLLHUP):
                    self.drop(fd)

    def receive(self):
        text, fds, _, _ = socket.recv_fds(self.socket, 4096, 253)
        note = dict(line.split("=", 1) for line in text.decode().splitlines())
        for fd in fds:
            if note.get("FDSTORE") == "1" and len(self.kept) < self.most:
                self.keep(note, fd)
            else:
                os.close(fd)
        if not fds:
            self.notes.put(note)

    def keep(self, note, fd):
        with self.lock:
            self.kept.append((note.get("FDNAME", "stored"), fd))
        if note.get("FDPOLL") != "0":
            try:
                self.watch.register(fd, 0)
            except PermissionError:
                pass  # memory is always ready

    def drop(self, fd):
        """What shows an error is kept no longer, unless FDPOLL=0 has been said."""
        with self.lock:
            self.kept = [one for one in self.kept if one[1] != fd]
            self.dropped += 1
        self.watch.unregister(fd)
        os.close(fd)

    # what has been told

    def next(self, seconds):
        try:
            return self.notes.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return None

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

    # lives

    def start(self, command, env, **more):
        """subprocess.Popen, and what is kept goes along."""
        with self.lock:
            kept = [(name, os.dup(fd)) for name, fd in reversed(self.kept)]
        env = {**env, "NOTIFY_SOCKET": self.path}
        if kept:
            env["LISTEN_FDNAMES"] = ":".join(name for name, _ in kept)
        fds = [fd for _, fd in kept]
        command = [sys.executable, __file__, ",".join(map(str, fds)), *command]
        try:
            return subprocess.Popen(command, env=env, pass_fds=fds, **more)
        finally:
            for fd in fds:
                os.close(fd)

    def restart(self, daemon):
        """What Restart=on-failure and KillMode=mixed do once the daemon's main process has died."""
        daemon.process.wait()
        try:
            os.killpg(daemon.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        left = daemon.wait_gone(daemon.process.pid)
        assert not left, f"processes left behind: {left}"
        time.sleep(RESTART_SEC)
        daemon.start()


def raise_file_limit():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def become(fds, command):
    high = max([FIRST + len(fds), *fds]) + 1
    for n, fd in enumerate([fcntl.fcntl(fd, fcntl.F_DUPFD, high) for fd in fds]):
        os.dup2(fd, FIRST + n)
    os.closerange(FIRST + len(fds), high + len(fds))
    if fds:
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)))
    os.execv(command[0], command)


if __name__ == "__main__":
    become([int(fd) for fd in sys.argv[1].split(",") if fd], sys.argv[2:])
