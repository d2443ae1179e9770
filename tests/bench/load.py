"""SIPp as the load: one run of a scenario against a running server, and what it cost."""
import collections
import csv
import os
import socket
import subprocess
import tempfile
import time

import processes

HERE = os.path.dirname(os.path.abspath(__file__))
DOMAIN = "example.test"
LOCAL = "127.0.0.1"
# All bindings point here; more than one contact for the callee would make calls fork.
CONTACT = LOCAL + ":16060"

Server = collections.namedtuple("Server", "port pid users")


def server(folder):
    """the server that kamailio/start or offhook/start left running in folder"""
    def word(name):
        with open(os.path.join(folder, name)) as f:
            return f.read().split()[0]
    return Server(int(word("port")), int(word("pid")), os.path.join(folder, "users.sipp"))


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((LOCAL, 0))
        return s.getsockname()[1]


def quantile(values, q):
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


def answer_times(path):
    """ms from a call's first request to its first 200, sorted. SIPp's own response times have the
    resolution of the kernel's tick; its message log has microseconds."""
    first, times = {}, []
    with open(path) as f:
        for row in (line.rstrip("\n").split("\t") for line in f):
            if len(row) < 7:
                continue
            stamp, way, call, start = float(row[2]), row[3], row[4], row[6]
            if way == "S":
                first.setdefault(call, stamp)
            elif start.startswith("SIP/2.0 200") and first.get(call):
                times.append((stamp - first[call]) * 1000)
                first[call] = 0
    return sorted(times)


class Load:
    """Runs of SIPp against one server; its files live in a temporary folder."""

    def __init__(self, target):
        self.target = target
        self.folder = tempfile.TemporaryDirectory(prefix="offhook-bench-")
        self.runs = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def injection(self, first):
        """the users from the first one on"""
        path = os.path.join(self.folder.name, "users-%d" % first)
        with open(self.target.users) as source, open(path, "w") as out:
            for number, row in enumerate(source):
                if number == 0 or number > first:
                    out.write(row)
        return path

    def start(self, scenario, extra):
        self.runs += 1
        base = os.path.join(self.folder.name, "%d-%s" % (self.runs, scenario))
        command = ["sipp", "%s:%d" % (LOCAL, self.target.port),
                   "-sf", "%s/scenarios/%s.xml" % (HERE, scenario),
                   "-i", LOCAL, "-nostdin", "-timer_resol", "1", "-buff_size", str(4 << 20),
                   "-key", "domain", DOMAIN,
                   "-trace_stat", "-stf", base + ".stat", "-fd", "1",
                   "-trace_shortmsg", "-shortmessage_file", base + ".msg",
                   "-trace_err", "-error_file", base + ".err"] + extra
        with open(base + ".out", "w") as out:
            process = subprocess.Popen(command, cwd=self.folder.name, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT)
        return process, base

    def run(self, scenario, rate, count, extra):
        process, base = self.start(scenario, extra + [
            "-p", str(free_port()), "-r", str(rate), "-m", str(count), "-l", "4000",
            "-timeout", "%ds" % (count / rate * 2 + 60)])
        process.wait()
        return base

    def register(self, rate, count, first):
        """Registers users. Call-IDs repeat and CSeqs grow from run to run: a phone's refresh."""
        return self.run("register", rate, count, [
            "-inf", self.injection(first), "-key", "contact", CONTACT, "-auth_uri", DOMAIN,
            "-cid_str", "r%d-%%u@bench" % first,
            "-base_cseq", str(int((time.time() - 1.7e9) * 10))])

    def call(self, rate, count, callee):
        """Calls of 100 ms, all to one number, for SIPp knows one digest URI only."""
        return self.run("call", rate, count, [
            "-inf", self.injection(1), "-key", "callee", callee,
            "-auth_uri", "%s@%s;user=phone" % (callee, DOMAIN), "-d", "100"])

    def callee(self):
        """the first user, registered, and the phone that answers its calls"""
        with open(self.target.users) as f:
            f.readline()
            number = f.readline().split(";")[0]
        self.register(100, 1, 0)
        phone, _ = self.start("callee", ["-p", CONTACT.rpartition(":")[2]])
        time.sleep(0.5)
        return number, phone

    def measure(self, scenario, rate, count, first=0):
        """one measured run, as a dictionary"""
        number, phone = self.callee() if scenario == "call" else (None, None)
        try:
            before = processes.cpu(processes.family(self.target.pid))
            taken = processes.machine()
            if scenario == "call":
                base = self.call(rate, count, number)
            else:
                base = self.register(rate, count, first)
            pids = processes.family(self.target.pid)
            ns = processes.spent(before, processes.cpu(pids))
            stolen = processes.steal(taken, processes.machine())
        finally:
            if phone:
                phone.terminate()
                phone.wait()
        return dict(self.result(base, count, ns), steal=stolen, pss_kb=processes.pss(pids))

    def result(self, base, count, ns):
        with open(base + ".stat") as f:
            last = list(csv.DictReader(f, delimiter=";"))[-1]
        done = int(last["SuccessfulCall(C)"])
        times = answer_times(base + ".msg")
        return {"done": done, "failed": max(0, count - done),
                "retransmitted": int(last["Retransmissions(C)"]),
                "cpu_us": ns / 1000 / max(done, 1),
                "p50_ms": quantile(times, .5), "p99_ms": quantile(times, .99)}
