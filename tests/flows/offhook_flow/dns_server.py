"""A name server for tests: answers from a dict, over UDP and TCP on one port, and misbehaves when
told to. Records are tuples by name and type:

    server = DnsServer()
    server.add("gateway.test", "NAPTR", 10, 50, "s", "SIP+D2U", "", "_sip._udp.gateway.test")
    server.add("_sip._udp.gateway.test", "SRV", 1, 100, 5060, "one.gateway.test")
    server.add("one.gateway.test", "A", "127.0.0.2")
    server.start()
    ... configuration: dns { servers = {"127.0.0.1:PORT"} }, with server.address
    server.stop()

A test may change `records` and the switches below at any time."""
import collections
import selectors
import socket
import struct
import threading
import time

from .daemon import free_port

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "AAAA": 28, "SRV": 33, "NAPTR": 35}
NAMES = {number: name for name, number in TYPES.items()}


def name_bytes(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def string_bytes(text):
    return bytes([len(text)]) + text.encode()


def data_bytes(kind, values):
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, values[0])
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, values[0])
    if kind == "CNAME":
        return name_bytes(values[0])
    if kind == "SRV":
        return struct.pack("!HHH", *values[:3]) + name_bytes(values[3])
    if kind == "NAPTR":
        order, preference, flags, services, expression, replacement = values
        return (struct.pack("!HH", order, preference) + string_bytes(flags)
                + string_bytes(services) + string_bytes(expression) + name_bytes(replacement))
    if kind == "SOA":
        return name_bytes("ns.test") + name_bytes("root.test") + struct.pack("!5I", *values)
    raise ValueError(kind)


class DnsServer:
    def __init__(self, host="127.0.0.1"):
        self.records = collections.defaultdict(list)  # (name, type) -> [(ttl, values)]
        self.delay = 0  # seconds before each answer
        self.drop = False  # answers nothing
        self.rcode = 0  # of each answer; 2 is SERVFAIL
        self.truncate = False  # over UDP, so that the question comes again over TCP
        self.lie = False  # answers with wrong ids come first
        self.fill = False  # over TCP, answers are filled up to 64 KB
        self.negative_ttl = None  # seconds; None: no SOA in negative answers
        self.questions = []  # (name, type, "udp" or "tcp"), as they came
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()
        self.datagrams.bind((host, self.port))
        self.address = f"{host}:{self.port}"
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, self.port))
        self.listener.listen(16)
        self.wake, self.woken = socket.socketpair()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def add(self, name, kind, *values, ttl=300):
        self.records[name.lower(), kind].append((ttl, values))

    def start(self):
        self.thread.start()

    def stop(self):
        self.wake.send(b"x")
        self.thread.join(5)
        for one in (self.datagrams, self.listener, self.wake, self.woken):
            one.close()

    def asked(self, name, kind):
        """How often a question came."""
        return sum((n, k) == (name, kind) for n, k, _ in self.questions)

    def run(self):
        with selectors.DefaultSelector() as selector:
            for one in (self.datagrams, self.listener, self.woken):
                selector.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self.woken:
                        return
                    if key.fileobj is self.datagrams:
                        self.serve_datagram()
                    elif key.fileobj is self.listener:
                        selector.register(self.listener.accept()[0], selectors.EVENT_READ)
                    elif not self.serve_stream(key.fileobj):
                        selector.unregister(key.fileobj)
                        key.fileobj.close()

    def serve_datagram(self):
        question, source = self.datagrams.recvfrom(4096)
        answer = self.answer(question, "udp")
        if answer is None:
            return
        if self.lie:
            self.datagrams.sendto(bytes([answer[0] ^ 1]) + answer[1:], source)
            self.datagrams.sendto(b"", source)
        self.datagrams.sendto(answer, source)

    def serve_stream(self, stream):
        try:
            rest = stream.recv(65536)  # small questions come whole, perhaps several at once
            if len(rest) < 14:
                return False
            while len(rest) >= 14:
                size = 2 + struct.unpack("!H", rest[:2])[0]
                answer = self.answer(rest[2:size], "tcp")
                rest = rest[size:]
                if answer is not None:
                    stream.sendall(struct.pack("!H", len(answer)) + answer)
            return True
        except OSError:
            return False

    def answer(self, question, over):
        name, at = [], 12
        while question[at]:
            name.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        end = at + 5
        kind = NAMES.get(struct.unpack("!H", question[at + 1:at + 3])[0], "other")
        name = ".".join(name).lower()
        self.questions.append((name, kind, over))
        if self.drop:
            return None
        time.sleep(self.delay)
        if self.truncate and over == "udp":
            return question[:2] + struct.pack("!5H", 0x8380, 1, 0, 0, 0) + question[12:end]
        records = self.find(name, kind) if not self.rcode else []
        if self.fill and over == "tcp" and records:
            records = records * (65000 // sum(len(r) for r in records))
        known = any(known == name for known, _ in self.records)
        soa = self.soa(name) if not records and self.negative_ttl is not None else b""
        flags = 0x8180 | (self.rcode or (0 if records or known else 3))
        return (question[:2] + struct.pack("!5H", flags, 1, len(records), bool(soa), 0)
                + question[12:end] + b"".join(records) + soa)

    def find(self, name, kind):
        """The records of kind at name, and the aliases on the way to them."""
        out = []
        for _ in range(8):
            out += [self.record(name, kind, *r) for r in self.records.get((name, kind), [])]
            alias = self.records.get((name, "CNAME"))
            if not alias or kind == "CNAME":
                break
            out.append(self.record(name, "CNAME", *alias[0]))
            name = alias[0][1][0].lower()
        return out

    def soa(self, name):
        values = (1, 3600, 600, 86400, self.negative_ttl)
        return self.record(name, "SOA", self.negative_ttl, values)

    @staticmethod
    def record(name, kind, ttl, values):
        data = data_bytes(kind, values)
        return name_bytes(name) + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data
