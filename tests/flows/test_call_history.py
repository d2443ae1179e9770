"""`offhook call history`: with the daemon and without it."""

import contextlib
import csv
import io
import json
import sqlite3
import time

import pytest
from offhook_flow import Daemon
from offhook_flow.command import done, failed
from offhook_flow.wait import until

DAY = 86400
NOW = int(time.time())
SIDE = {"packets": 3000, "bytes": 516000, "lost": 3, "reordered": 0, "reports": 12, "strangers": 0,
        "jitter": 900, "round_trip": 21000, "lost_there": 0, "codec": "PCMU"}
AUDIO = [{"index": 0, "kernel": False, "caller": SIDE | {"mos": 4.4},
          "callee": SIDE | {"mos": 3.12}}]

# id, begun (s before now), seconds until it was answered and then until its end, ...
TALK = (0xA1, 60, 3, 42, "sip:5550001@companyb.com", "sip:555-0002@companyb.com", "5550001",
        "phone 5550002", 200, "callee", json.dumps(AUDIO))
BUSY = (0xA2, 2 * 3600, None, 1, "sip:5550002@companyb.com", "sip:5550001@companyb.com", "5550002",
        "phone 5550001", 486, "callee", "")
ODD = (0xA3, 3 * DAY, None, 1, "sip:%3d1+1@192.0.2.9", "tel:+49-301", "", "", 404, "server", "")
FORMULA = (0xA4, 4 * DAY, 1, 1, "=cmd|'/c calc'!A1", "sip:a,\"b\"@x", "+1,2", "@x", 200,
           "caller", "")


def ms(seconds):
    return int(seconds * 1000)


def row(number, ago, ringing, rest, from_uri, to_uri, *more):
    begun = ms(NOW - ago)
    answered = begun + ms(ringing) if ringing else 0
    ended = (answered or begun) + ms(rest)
    names = [uri.split(":")[-1].split("@")[0].replace("-", "").replace("%3d", "=")
             for uri in (from_uri, to_uri)]
    return (number, begun, answered, ended, f"call-{number}", from_uri, names[0], to_uri, names[1],
            *more)


@contextlib.contextmanager
def knowing(*calls):
    """A daemon that has not been started, with these calls in its database."""
    d = Daemon()
    try:
        done(d.offhook("user", "add", "5550001", "--password", "x"))
        with contextlib.closing(sqlite3.connect(d.database)) as db, db:
            db.executemany("INSERT INTO call (id, begun, answered, ended, call_id, from_uri,"
                           " from_number, to_uri, to_number, caller, route, status, ended_by,"
                           " audio) VALUES (" + ",".join("?" * 14) + ")",
                           [row(*c) for c in calls])
        yield d
        d.stop()
    finally:
        d.close()


@pytest.fixture(scope="module", params=["running", "stopped"])
def history(request):
    """A daemon that knows of four calls, or its database alone."""
    with knowing(TALK, BUSY, ODD, FORMULA) as d:
        if request.param == "running":
            d.start()
        yield d


def lines(d, *options):
    return [line.split("  ") for line in done(d.offhook("call", "history", *options)).splitlines()]


def ids(d, *options):
    return [int(c["id"], 16)
            for c in json.loads(done(d.offhook("call", "history", "--json", *options)))]


def test_people_see_the_newest_call_first(history):
    title, *rows = [[cell.strip() for cell in line if cell.strip()] for line in lines(history)]
    assert title == ["BEGUN", "FROM", "TO", "SECONDS", "STATUS", "ENDED BY", "MOS", "ID"]
    begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - 60))
    assert rows[0] == [begun, "5550001", "5550002", "42", "200", "callee", "3.1",
                       "00000000000000a1"]
    assert rows[1][1:] == ["5550002", "5550001", "-", "486", "callee", "-", "00000000000000a2"]
    assert rows[2][1:] == ["=1+1", "+49301", "-", "404", "server", "-", "00000000000000a3"]


def test_programs_see_all_of_a_call(history):
    found = json.loads(done(history.offhook("call", "history", "--json", "--limit", "1")))
    assert found == [{
        "id": "00000000000000a1", "call-id": "call-161", "begun": ms(NOW - 60),
        "answered": ms(NOW - 57), "ended": ms(NOW - 15), "from": TALK[4], "to": TALK[5],
        "caller": "5550001", "route": "phone 5550002", "status": 200, "ended-by": "callee",
        "audio": AUDIO}]


def test_calls_are_chosen_by_number_and_time(history):
    assert ids(history) == [0xA1, 0xA2, 0xA3, 0xA4]
    assert ids(history, "555-0001") == [0xA1, 0xA2]
    assert ids(history, "+49301") == [0xA3]
    assert ids(history, "5559999") == []
    assert ids(history, "--since", "1h") == [0xA1]
    assert ids(history, "--until", "1h", "--limit", "2") == [0xA2, 0xA3]
    day = time.strftime("%Y-%m-%d", time.localtime(NOW - 3 * DAY))
    assert ids(history, "--until", day) == [0xA4]
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 3 * DAY))
    assert ids(history, "--since", moment) == [0xA1, 0xA2, 0xA3]


def test_spreadsheets_get_cells_and_no_formulas(history):
    text = done(history.offhook("call", "history", "--csv"))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [r["id"][-2:] for r in rows] == ["a1", "a2", "a3", "a4"]
    first = rows[0]
    assert first["begun"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(NOW - 60))
    assert (first["seconds"], first["mos"], first["status"]) == ("42", "3.1", "200")
    assert json.loads(first["audio"]) == AUDIO
    assert rows[1]["answered"] == rows[1]["seconds"] == rows[1]["mos"] == ""
    assert rows[3]["from"] == "'" + FORMULA[4]
    assert rows[3]["to"] == FORMULA[5]
    assert (rows[3]["caller"], rows[3]["route"]) == ("'+1,2", "'@x")


def test_what_makes_no_sense_is_failed(history):
    def misused(*options):
        return failed(history.offhook("call", "history", *options), 2)

    assert "yesterday" in misused("--since", "yesterday")
    assert "2h, 3d" in misused("--until", "2026-02-31")
    assert "before --until" in misused("--since", "1h", "--until", "2h")
    assert "--limit" in misused("--limit", "0")
    assert "exclude" in misused("--csv", "--json")
    assert "a@b" in failed(history.offhook("call", "history", "a@b"))


def test_a_long_history_comes_whole_and_in_order():
    with knowing(*[(n + 1, 2500 - n // 10, *TALK[2:]) for n in range(2500)]) as d:
        d.start()
        found = json.loads(done(d.offhook("call", "history", "--json")))
        assert len(found) == 2500 == len({c["id"] for c in found})
        assert [c["begun"] for c in found] == sorted((c["begun"] for c in found), reverse=True)
        assert len(ids(d, "5550002", "--limit", "1200")) == 1200


def test_calls_leave_after_90_days():
    with knowing(TALK, (1, 91 * DAY, *BUSY[2:]), (2, 89 * DAY, *BUSY[2:])) as d:
        assert ids(d) == [0xA1, 2, 1]
        d.start()
        until(lambda: ids(d) == [0xA1, 2], 10)
