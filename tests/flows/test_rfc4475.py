"""The 49 messages of RFC 4475, each with the outcome that the RFC allows a proxy and registrar."""

import csv
import os
import random
import re
import select
import socket
import time

import pytest
from offhook_flow import Phone

FOLDER = os.path.join(os.path.dirname(__file__), "..", "fixtures", "rfc4475")
with open(os.path.join(FOLDER, "expected.tsv")) as table:
    ROWS = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
WELL_FORMED = {200, 401, 403, 404, 407, 480, 481, 483}
DAEMON = {"domain": ("companyb.com", "example.com", "example.org", "chair-dnrc.example.com",
                     "company.com", "registrar.example.com")}


class Sender:
    """Answers go to the address the datagram came from and to the port in its Via: so this one
    has an address of its own and listens on the ports that the messages name or imply."""

    def __init__(self, daemon):
        self.server = ("127.0.0.1", daemon.port)
        for _ in range(50):
            host = "127.%d.%d.%d" % tuple(random.randrange(2, 254) for _ in range(3))
            self.socks = []
            try:
                for port in (5060, 5050, 5070, 5061):
                    self.socks.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    self.socks[-1].bind((host, port))
                return
            except OSError:
                self.close()
        raise AssertionError("no loopback address with the ports 5050, 5060, 5061 and 5070 free")

    def close(self):
        for s in self.socks:
            s.close()

    def outcome(self, data, seconds):
        """(final statuses, bytes received) within the time."""
        self.socks[0].sendto(data, self.server)
        found, size, end = [], 0, time.monotonic() + seconds
        while time.monotonic() < end:
            for s in select.select(self.socks, [], [], max(0, end - time.monotonic()))[0]:
                answer = s.recv(65536)
                size += len(answer)
                status = re.match(rb"SIP/2\.0 (\d{3}) ", answer)
                assert status, answer
                if int(status[1]) >= 200:
                    found.append(int(status[1]))
                    end = min(end, time.monotonic() + 0.05)
        return found, size


@pytest.fixture(scope="module")
def sender(daemon):
    s = Sender(daemon)
    yield s
    s.close()


def allowed(what):
    """(statuses, silence allowed) of a cell of the table."""
    kind, _, codes = what.partition(" ")
    codes = {int(c) for c in codes.split(",") if c}
    if kind == "drop":
        return set(), True
    return codes | (WELL_FORMED if kind in ("accept", "policy") else set()), False


SEEN = {}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["file"])
def test_message(daemon, sender, row):
    with open(os.path.join(FOLDER, row["file"] + ".dat"), "rb") as f:
        data = f.read()
    statuses, silence = allowed(row["what"])
    found, size = sender.outcome(data, 0.3 if silence else 2.0)
    SEEN[row["file"]] = ",".join(map(str, found)) or "silence"
    if silence:
        assert not found, found
    else:
        assert found and set(found) <= statuses, (row["why"], found)
        assert len(set(found)) == 1
        assert size <= 3 * len(data), f"{size} bytes for {len(data)}"


def test_the_daemon_is_unharmed_and_the_table_complete(daemon):
    """Prints the table: file, expected, got."""
    print(f"\n{'file':<12} {'section':<9} {'expected':<28} got")
    for row in ROWS:
        print(f"{row['file']:<12} {row['section']:<9} {row['what']:<28} "
              f"{SEEN.get(row['file'], 'not run')}")
    assert len(ROWS) == 49
    assert set(daemon.starts().values()) == {1}
    with Phone(daemon) as p:
        assert p.register().status == 200
