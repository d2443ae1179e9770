"""The command `offhook`: with the daemon and without it."""

import json
import select
import subprocess
import time

import pytest
from offhook_flow import Daemon, Phone
from offhook_flow.command import done, failed
from offhook_flow.daemon import OFFHOOK


def objects(text):
    """The objects of a --json answer: one array, or one object a line."""
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def test_a_user_is_added_listed_shown_and_removed(either):
    d = either
    done(d.offhook("user", "add", "5551001", "--password", "x", "--name", "Anna"))
    assert "5551001" in done(d.offhook("user", "list"))
    assert "Anna" in done(d.offhook("user", "show", "5551001"))
    found = objects(done(d.offhook("user", "list", "--json")))
    assert "5551001" in [o.get("number") for o in found]
    done(d.offhook("user", "remove", "5551001"))
    assert "5551001" not in done(d.offhook("user", "list"))


def test_a_user_cannot_be_added_twice(either):
    done(either.offhook("user", "add", "555-1002", "--password", "x"))
    assert "5551002" in failed(either.offhook("user", "add", "5551002", "--password", "y"))


def test_the_password_may_come_from_stdin(daemon):
    done(daemon.offhook("user", "add", "5551003", "--password-stdin", input="from-stdin\n"))
    with Phone(daemon, "5551003", "from-stdin") as p:
        assert p.register().status == 200


def test_a_password_change_holds_at_once(daemon):
    with Phone(daemon) as p:
        p.registered()
        done(daemon.offhook("user", "password", p.number, "--password", "new"))
        assert p.register(call_id="old").status in (401, 403)
        p.credentials.password = "new"
        assert p.register(call_id="new").status == 200


def test_the_calls_of_a_user_are_limited(either):
    d = either
    done(d.offhook("user", "add", "5551010", "--password", "x"))
    done(d.offhook("user", "limit", "555-1010", "2"))
    done(d.offhook("user", "password", "5551010", "--password", "y"))
    assert json.loads(done(d.offhook("user", "show", "5551010", "--json")))["max-calls"] == 2
    done(d.offhook("user", "limit", "5551010", "none"))
    assert json.loads(done(d.offhook("user", "show", "5551010", "--json")))["max-calls"] is None
    assert d.offhook("user", "limit", "5551010", "0").returncode == 2
    assert "no user" in failed(d.offhook("user", "limit", "5559990", "1"))
    done(d.offhook("user", "remove", "5551010"))


def test_the_audio_of_a_user_is_chosen(either):
    d = either
    done(d.offhook("user", "add", "5551011", "--password", "x"))
    show = ("user", "show", "5551011", "--json")
    assert json.loads(done(d.offhook(*show)))["audio"] == "default"
    for way in "always", "nat", "never", "default":
        done(d.offhook("user", "audio", "555-1011", way))
        done(d.offhook("user", "password", "5551011", "--password", "y"))
        assert json.loads(done(d.offhook(*show)))["audio"] == way
    r = d.offhook("user", "audio", "5551011", "sometimes")
    assert r.returncode == 2 and "always, nat, never and default" in r.stderr
    assert "no user" in failed(d.offhook("user", "audio", "5559990", "nat"))
    done(d.offhook("user", "remove", "5551011"))


def test_a_removed_user_is_gone_at_once(daemon):
    with Phone(daemon) as p, Phone(daemon) as caller:
        p.registered()
        done(daemon.offhook("user", "remove", p.number))
        assert caller.call(p.aor).final().status == 404
        assert daemon.registrations(p.number) == []


def test_users_are_imported(either, tmp_path):
    table = tmp_path / "users.csv"
    table.write_text("".join(f"556{n:04d},pw{n},User {n}\n" for n in range(2000)))
    done(either.offhook("user", "import", str(table)))
    assert done(either.offhook("user", "list")).count("556") >= 2000
    assert len(objects(done(either.offhook("user", "list", "--json")))) >= 2000


def test_a_bad_line_of_an_import_is_named(either, tmp_path):
    table = tmp_path / "bad.csv"
    table.write_text("5571001,secret\nno-password-here\n")
    r = either.offhook("user", "import", str(table))
    assert r.returncode == 1 and "bad.csv:2" in r.stderr


def test_aliases(either):
    done(either.offhook("user", "add", "5551005", "--password", "x"))
    done(either.offhook("alias", "add", "605", "5551005"))
    assert "605" in done(either.offhook("alias", "list"))
    done(either.offhook("alias", "remove", "605"))
    assert "605" not in done(either.offhook("alias", "list"))


def test_registrations_are_listed_and_removed(daemon):
    with Phone(daemon) as p:
        p.registered()
        assert p.contact in done(daemon.offhook("registration", "list", p.number))
        found = objects(done(daemon.offhook("registration", "list", p.number, "--json")))
        assert found[0]["contact"] == p.contact
        done(daemon.offhook("registration", "remove", p.number))
        assert p.contact not in done(daemon.offhook("registration", "list"))


def test_a_long_list_comes_whole_in_pages(daemon):
    daemon.users_import([f"558{n:04d}" for n in range(2500)], "x")
    numbers = {o["number"] for o in daemon.ask("user list", limit=700)}
    assert len([n for n in numbers if n.startswith("558")]) == 2500


def test_status_is_0_when_it_runs_and_1_when_not(daemon, idle):
    assert "keeper" in done(daemon.offhook("status"))
    assert {"version", "roles"} <= set(objects(done(daemon.offhook("status", "--json")))[0])
    failed(idle.offhook("status"))


def test_status_shows_that_the_sandbox_is_off(daemon):
    assert "sandbox" in done(daemon.offhook("status"))


def test_users_added_without_the_daemon_register_when_it_runs():
    d = Daemon()
    try:
        done(d.offhook("user", "add", "5551009", "--password", "offline"))
        d.start()
        with Phone(d, "5551009", "offline") as p:
            assert p.register().status == 200
        d.stop()
    finally:
        d.close()


def test_the_database_is_checked_and_copied(daemon, tmp_path):
    number, _ = daemon.user_add()
    done(daemon.offhook("database", "check"))
    copy = tmp_path / "copy.db"
    done(daemon.offhook("database", "backup", str(copy)))
    assert copy.stat().st_mode & 0o777 == 0o600
    failed(daemon.offhook("database", "backup", str(copy)))
    with Daemon() as other:
        other.stop()
        other.lines["database"] = f'"{copy}"'
        other.write()
        assert number in done(other.offhook("user", "list"))


@pytest.mark.parametrize("words", [
    [], ["nonsense"], ["user"], ["user", "add"], ["user", "add", "1", "--nonsense", "x"],
    ["user", "show"], ["alias", "add", "1"], ["status", "too", "many"]])
def test_wrong_usage_is_2(daemon, words):
    r = daemon.offhook(*words)
    assert r.returncode == 2 and r.stderr.strip(), r


@pytest.mark.parametrize("words", [
    ["user", "show", "5559990"], ["user", "remove", "5559990"], ["alias", "remove", "5559990"],
    ["user", "password", "5559990", "--password", "x"], ["user", "import", "/nonexistent.csv"]])
def test_what_cannot_be_done_is_1_with_one_line(either, words):
    assert failed(either.offhook(*words))


@pytest.mark.parametrize("word", ["phone", "hosted", "softphone", "flow", "fleet"])
def test_commands_of_later_versions_say_so(daemon, word):
    assert "later" in failed(daemon.offhook(word, "list"))


def test_help_and_version(daemon):
    assert "user add" in done(daemon.offhook("--help"))
    assert "offhook" in done(daemon.offhook("--version"))


def test_trace_shows_the_messages_that_are_remembered(daemon):
    with Phone(daemon) as p:
        p.registered()
        text = done(daemon.offhook("trace", "--no-follow", "--number", p.number))
        assert "REGISTER" in text and "401" in text and "200" in text
        found = objects(done(daemon.offhook("trace", "--json", "--no-follow", "--call-id",
                                            p.register_call_id)))
        assert {o["direction"] for o in found} == {"in", "out"}
        assert {o["call-id"] for o in found} == {p.register_call_id}
        assert "response=" not in text and p.credentials.password not in text


def test_trace_follows_live(daemon):
    with Phone(daemon) as p:
        trace = subprocess.Popen([OFFHOOK, "-c", daemon.file, "trace", "--json", "--number",
                                  p.number], stdout=subprocess.PIPE, text=True)
        try:
            end = time.monotonic() + 5
            # the trace has begun once something arrives: register until it does
            while time.monotonic() < end:
                p.register()
                if select.select([trace.stdout], [], [], 0.2)[0]:
                    break
            assert "REGISTER" in trace.stdout.readline()
        finally:
            trace.terminate()
            trace.wait(5)
            trace.stdout.close()


def test_stop_ends_the_daemon():
    d = Daemon()
    try:
        d.start()
        done(d.offhook("stop"))
        assert d.process.wait(10) == 0
        assert not d.wait_gone(d.process.pid)
        failed(d.offhook("stop"))
    finally:
        d.close()
