"""A phone: builds its requests byte by byte and checks what comes back. UDP, TCP or TLS, IPv4 or IPv6,
in the manner of RFC 3261 or of a 7960 (style="7960")."""

import contextlib
import re
import secrets
import select
import socket
import time

from .digest import Credentials, challenges
from .message import Message, sdp, uri_of

WAIT = 4.0  # s: how long an answer on loopback may take


def token():
    return secrets.token_hex(6)


class Phone:
    """One line of one phone. A 7960 sends from another port than the one it listens on."""

    def __init__(self, daemon, number=None, password=None, transport="udp", ipv6=False,
                 style="rfc3261", host=None, domain=None, agent=None, server=None, place=None,
                 certificate=None):
        self.daemon, self.transport, self.style = daemon, transport, style
        if number is None:
            number, password = daemon.user_add()
        self.number, self.credentials = number, Credentials(number, password)
        self.domain = domain or daemon.domain
        self.ipv6 = ipv6
        self.host = host or ("::1" if ipv6 else "127.0.0.1")
        self.certificate = certificate  # of the phone, for TLS: paths of it and its key
        self.server = (server or ("::1" if ipv6 else "127.0.0.1"),
                       daemon.tls_port if transport == "tls" else daemon.port)
        self.place = place or contextlib.nullcontext  # where its sockets are made: network.py
        self.agent = agent or ("Cisco-SIP-IP-Phone/3" if style == "7960" else "flow")
        self.inbox, self.seen, self.buffer = [], set(), b""
        self.received = self.sent = 0
        self.cseqs = {}
        self.register_call_id = token()
        self.open()

    # sockets

    def open(self):
        with self.place():
            self.open_here()

    def open_here(self):
        family = socket.AF_INET6 if self.ipv6 else socket.AF_INET
        if self.transport == "udp":
            self.sock = socket.socket(family, socket.SOCK_DGRAM)
            self.sock.bind((self.host, 0))
            self.sender = self.sock
            if self.style == "7960":
                self.sender = socket.socket(family, socket.SOCK_DGRAM)
                self.sender.bind((self.host, 0))
        else:
            self.sock = self.sender = socket.socket(family, socket.SOCK_STREAM)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock.bind((self.host, 0))
            self.sock.settimeout(WAIT)
            self.sock.connect(self.server)
            if self.transport == "tls":
                context = self.daemon.authority.context(self.certificate)
                self.sock = self.sender = context.wrap_socket(self.sock,
                                                              server_hostname=self.server[0])
            self.buffer = b""
        self.port = self.sock.getsockname()[1]

    def close(self):
        self.sock.close()
        self.sender.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def contact(self):
        """The URI that this phone registers."""
        return f"sip:{self.number}@{self.address}" + (
            f";transport={self.transport}" if self.transport != "udp" else "")

    @property
    def aor(self):
        return f"sip:{self.number}@{self.domain}"

    def send(self, data):
        """Sends bytes, or a text, as they are."""
        data = data.encode() if isinstance(data, str) else data
        self.sent += len(data)
        if self.transport == "udp":
            self.sender.sendto(data, self.server)
        else:
            self.sock.sendall(data)

    def pump(self, seconds):
        """Reads what arrives within so many seconds, at most one wake-up."""
        pending = self.transport == "tls" and self.sock.pending()
        if not pending and not select.select([self.sock], [], [], max(0, seconds))[0]:
            return
        if self.transport == "udp":
            data, source = self.sock.recvfrom(65536)
            self.received += len(data)
            self.arrived(data, source)
            return
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.received += len(data)
        self.buffer += data
        self.cut()

    def cut(self):
        """Takes whole messages out of the TCP stream."""
        while True:
            self.buffer = self.buffer.lstrip(b"\r\n")
            head, gap, rest = self.buffer.partition(b"\r\n\r\n")
            if not gap:
                return
            length = re.search(rb"(?mi)^(?:content-length|l)[ \t]*:[ \t]*(\d+)", head)
            length = int(length[1]) if length else 0
            if len(rest) < length:
                return
            self.arrived(head + gap + rest[:length], self.server)
            self.buffer = rest[length:]

    def arrived(self, data, source):
        if not data.strip(b"\r\n\0"):
            return
        message = Message(data, source)
        # a retransmission is the same bytes again
        key = data
        if key in self.seen:
            return
        self.seen.add(key)
        self.inbox.append(message)

    # waiting

    def expect(self, what=None, seconds=WAIT, **match):
        """The next message that fits. what: a method, a status, or a set of statuses; match:
        call_id=, cseq=, method= (of the CSeq). What does not fit waits for its turn."""
        end = time.monotonic() + seconds
        while True:
            for message in self.inbox:
                if fits(message, what, match):
                    self.inbox.remove(message)
                    return message
            if time.monotonic() >= end:
                break
            self.pump(end - time.monotonic())
        waiting = "\n".join(str(m) for m in self.inbox) or "nothing"
        raise AssertionError(f"{self.number}: no {what} {match} in {seconds:.1f} s; arrived:\n"
                             + waiting)

    def silence(self, seconds=0.3, what=None, **match):
        """Nothing (that fits) arrives within so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(end - time.monotonic())
        found = [m for m in self.inbox if fits(m, what, match)]
        assert not found, f"{self.number}: unexpected\n" + "\n".join(str(m) for m in found)

    def final(self, call_id, cseq, method, seconds=WAIT):
        """The next final response to a request; 1xx are taken away and kept in .provisional."""
        self.provisional = []
        end = time.monotonic() + seconds
        while True:
            r = self.expect(range(100, 700), end - time.monotonic(), call_id=call_id, cseq=cseq,
                            method=method)
            if r.status >= 200:
                return r
            self.provisional.append(r)

    # requests

    def via(self, branch=None, rport=True):
        if self.style == "7960":
            return f"Via: SIP/2.0/UDP {self.address}" + (f";branch={branch}" if branch else "")
        return (f"Via: SIP/2.0/{self.transport.upper()} {self.address};"
                f"branch={branch or 'z9hG4bK' + token()}" + (";rport" if rport else ""))

    def request(self, method, uri, *, frm, to, call_id, cseq, via=None, extra=(), body=b"",
                max_forwards=70):
        """The bytes of a request. extra: whole header lines."""
        lines = [f"{method} {uri} SIP/2.0", via or self.via()]
        if max_forwards is not None and self.style != "7960":
            lines.append(f"Max-Forwards: {max_forwards}")
        lines += [f"From: {frm}", f"To: {to}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}",
                  f"User-Agent: {self.agent}", *extra]
        if body and not has_type(extra):
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    def next_cseq(self, call_id):
        start = 100 if self.style == "7960" else 0
        self.cseqs[call_id] = self.cseqs.get(call_id, start) + 1
        return self.cseqs[call_id]

    def answer(self, response, method, request_uri, **change):
        """The header line that answers a 401 or 407."""
        challenge = self.credentials.choose(challenges(response))
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        return f"{name}: " + self.credentials.answer(challenge, method, request_uri,
                                                          **change)

    def exchange(self, data, call_id, cseq, method, seconds=WAIT):
        """Sends a request and waits for its final response; UDP repeats it as RFC 3261 17.1."""
        wait, end = 0.5, time.monotonic() + seconds
        self.send(data)
        while True:
            left = end - time.monotonic()
            try:
                step = left if self.transport != "udp" else min(wait, left)
                return self.final(call_id, cseq, method, step)
            except AssertionError:
                if time.monotonic() >= end - 0.001:
                    raise
            self.send(data)
            wait = min(wait * 2, 4)

    # registration

    def register_request(self, cseq, contacts=None, expires=3600, extra=(), to=None, frm=None,
                         call_id=None, uri=None, via=None):
        """A REGISTER as bytes. contacts: Contact values; None is the phone's own, () none."""
        uri = uri or f"sip:{self.domain}"
        call_id = call_id or self.register_call_id
        if self.style == "7960":
            contacts = [self.contact] if contacts is None else contacts
            lines = [f"REGISTER {uri} SIP/2.0", via or self.via(), f"From: {frm or self.aor}",
                     f"To: {to or self.aor}", f"Call-ID: {call_id}",
                     "Date: Mon, 14 Jun 2004 09:30:05 GMT", f"CSeq: {cseq} REGISTER",
                     f"User-Agent: {self.agent}", *(f"Contact: {c}" for c in contacts), *extra,
                     "Content-Length: 0"]
            lines += [f"Expires: {expires}"] if expires is not None else []
            return ("\r\n".join(lines) + "\r\n\r\n").encode()
        contacts = [f"<{self.contact}>"] if contacts is None else contacts
        extra = [*(f"Contact: {c}" for c in contacts), *extra]
        extra += [f"Expires: {expires}"] if expires is not None else []
        return self.request("REGISTER", uri, frm=frm or f"<{self.aor}>;tag={token()}",
                            to=to or f"<{self.aor}>", call_id=call_id, cseq=cseq, extra=extra,
                            via=via)

    def register(self, contacts=None, expires=3600, extra=(), call_id=None, cseq=None,
                 seconds=WAIT, change=None, **more):
        """REGISTER, and again with credentials after a 401: the last response."""
        call_id = call_id or self.register_call_id
        uri = more.get("uri") or f"sip:{self.domain}"
        given, credentials = cseq, []
        for _ in range(3):
            cseq = given if given is not None else self.next_cseq(call_id)
            data = self.register_request(cseq, contacts, expires, [*extra, *credentials],
                                         call_id=call_id, **more)
            r = self.exchange(data, call_id, cseq, "REGISTER", seconds)
            stale = r.status == 401 and credentials and challenges(r)[0].get("stale") == "true"
            if r.status != 401 or (credentials and not stale):
                return r
            credentials = [self.answer(r, "REGISTER", uri, **(change or {}))]
            given = given + 1 if given is not None else None
        return r

    def registered(self, **more):
        """Registers and has to succeed; returns self."""
        r = self.register(**more)
        assert r.status == 200, str(r)
        return self

    # requests outside a dialog, calls

    def ask(self, method, uri, extra=(), body=b"", to=None, frm=None, authorize=True,
            seconds=WAIT, max_forwards=70, call_id=None):
        """Any request but INVITE: the last response, after credentials when asked for."""
        call_id, credentials = call_id or token(), []
        frm = frm or f"<{self.aor}>;tag={token()}"
        while True:
            cseq = self.next_cseq(call_id)
            data = self.request(method, uri, frm=frm, to=to or f"<{uri}>", call_id=call_id,
                                cseq=cseq, extra=[*extra, *credentials], body=body,
                                max_forwards=max_forwards)
            r = self.exchange(data, call_id, cseq, method, seconds)
            if r.status not in (401, 407) or credentials or not authorize:
                return r
            credentials = [self.answer(r, method, uri)]

    def call(self, uri, **more):
        """An INVITE through the 407: a Call that has been sent with credentials."""
        call = Call(self, uri, **more)
        call.invite()
        return call

    def expect_call(self, seconds=WAIT):
        """The next INVITE of a new call, as a Call on this side."""
        invite = self.expect("INVITE", seconds)
        return Call(self, None, incoming=invite)

    def respond(self, request, status, reason="X", tag=None, extra=(), body=b"", record_route=True):
        """Answers a request that arrived."""
        lines = [f"SIP/2.0 {status} {reason}"]
        lines += [f"Via: {v}" for v in request.all("via")]
        if record_route:
            lines += [f"Record-Route: {v}" for v in request.all("record-route")]
        to = request.get("to")
        if tag and ";tag=" not in to:
            to += f";tag={tag}"
        lines += [f"From: {request.get('from')}", f"To: {to}", f"Call-ID: {request.call_id}",
                  f"CSeq: {request.get('cseq')}", *extra]
        if body and not has_type(extra):
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
        # answers go where they came from, as RFC 3261 18.2.2 says of our top Via's sender
        if self.transport == "udp":
            self.sent += len(data)
            self.sock.sendto(data, request.source)
        else:
            self.send(data)
        return data


class Call:
    """A dialog that INVITE makes, on either side."""

    def __init__(self, phone, uri, incoming=None, frm=None, to=None, extra=(), body=None,
                 authorize=True, call_id=None, max_forwards=70):
        self.phone, self.uri, self.extra, self.authorize = phone, uri, list(extra), authorize
        self.max_forwards = max_forwards
        self.request = incoming
        self.remote_tag, self.route, self.remote = None, [], None
        self.local_tag = token()
        if incoming is None:
            self.call_id = call_id or token()
            self.frm = frm or f"<{phone.aor}>"
            self.to = to or f"<{uri}>"
            self.body = sdp(phone.host) if body is None else body
        else:
            self.call_id = incoming.call_id
            self.frm, self.to = incoming.get("to"), incoming.get("from")
            self.remote_tag = incoming.tag("from")
            self.route = incoming.values("record-route")
            self.remote = uri_of(incoming.values("contact")[0]) if incoming.get("contact") else None

    # caller

    def invite(self):
        """INVITE; a 407 is acknowledged and answered."""
        credentials = []
        while True:
            self.cseq = self.phone.next_cseq(self.call_id)
            self.via = self.phone.via()
            self.credentials = credentials
            self.data = self.phone.request(
                "INVITE", self.uri, frm=f"{self.frm};tag={self.local_tag}", to=self.to,
                call_id=self.call_id, cseq=self.cseq, via=self.via, body=self.body,
                max_forwards=self.max_forwards,
                extra=[f"Contact: <{self.phone.contact}>", *self.extra, *credentials])
            self.phone.send(self.data)
            if credentials or not self.authorize:
                return
            r = self.phone.expect(range(100, 700), call_id=self.call_id, cseq=self.cseq)
            while r.status == 100:
                r = self.phone.expect(range(100, 700), call_id=self.call_id, cseq=self.cseq)
            if r.status not in (401, 407):
                self.phone.inbox.insert(0, r)
                return
            self.challenged = r
            self.ack_failure(r)
            credentials = [self.phone.answer(r, "INVITE", self.uri)]

    def ack_failure(self, response):
        self.phone.send(self.phone.request(
            "ACK", self.uri, frm=f"{self.frm};tag={self.local_tag}", to=response.get("to"),
            call_id=self.call_id, cseq=self.cseq, via=self.via))

    def progress(self, status, seconds=WAIT):
        """The provisional response with this status."""
        return self.phone.expect(status, seconds, call_id=self.call_id, cseq=self.cseq)

    def dialog(self, r):
        """The dialog, early or not, that the response r makes; returns r."""
        self.remote_tag = r.tag("to")
        self.to = r.get("to")
        self.route = list(reversed(r.values("record-route")))
        self.remote = uri_of(r.values("contact")[0])
        return r

    def final(self, seconds=WAIT):
        """The final response; it is acknowledged."""
        r = self.phone.final(self.call_id, self.cseq, "INVITE", seconds)
        if r.status < 300:
            self.dialog(r)
            self.ack()
        else:
            self.ack_failure(r)
        return r

    def answered(self, seconds=WAIT):
        r = self.final(seconds)
        assert r.status == 200, str(r)
        return r

    def ack(self, extra=()):
        self.phone.send(self.in_dialog("ACK", self.cseq, extra=extra))

    def cancel(self, extra=()):
        """CANCEL, with the Via and CSeq number of the INVITE; returns its final response."""
        data = self.phone.request(
            "CANCEL", self.uri, frm=f"{self.frm};tag={self.local_tag}", to=self.to,
            call_id=self.call_id, cseq=self.cseq, via=self.via, extra=extra)
        return self.phone.exchange(data, self.call_id, self.cseq, "CANCEL")

    # callee

    def ring(self, status=180, body=b"", extra=()):
        self.phone.respond(self.request, status, "Ringing", tag=self.local_tag, body=body,
                           extra=[f"Contact: <{self.phone.contact}>", *extra])

    def answer(self, body=None, extra=()):
        return self.phone.respond(self.request, 200, "OK", tag=self.local_tag,
                                  extra=[f"Contact: <{self.phone.contact}>", *extra],
                                  body=sdp(self.phone.host, 40002) if body is None else body)

    def reject(self, status, reason="No", extra=()):
        """A failure; the ACK of the proxy is waited for."""
        self.phone.respond(self.request, status, reason, tag=self.local_tag, extra=extra)
        self.phone.expect("ACK", call_id=self.call_id)

    def expect_ack(self):
        return self.phone.expect("ACK", call_id=self.call_id)

    # both

    def tagged(self):
        """(From, To) of a request of this side inside the dialog."""
        if self.request is None:
            return f"{self.frm};tag={self.local_tag}", self.to
        return f"{self.frm};tag={self.local_tag}", self.to

    def in_dialog(self, method, cseq, extra=(), body=b"", route=None, uri=None, via=None):
        frm, to = self.tagged()
        route = self.route if route is None else route
        return self.phone.request(method, uri or self.remote, frm=frm, to=to, call_id=self.call_id,
                                  cseq=cseq, body=body, via=via,
                                  extra=[*(f"Route: {r}" for r in route), *extra])

    def ask(self, method, extra=(), body=b"", seconds=WAIT, route=None, uri=None):
        """A request inside the dialog and its final response. Nobody may challenge it."""
        cseq = self.phone.next_cseq(self.call_id)
        data = self.in_dialog(method, cseq, extra, body, route, uri)
        return self.phone.exchange(data, self.call_id, cseq, method, seconds)

    def send(self, method, extra=(), body=b"", route=None):
        """The same without waiting: returns the CSeq number."""
        cseq = self.phone.next_cseq(self.call_id)
        self.phone.send(self.in_dialog(method, cseq, extra, body, route))
        return cseq


def has_type(lines):
    return any(line.lower().startswith("content-type:") for line in lines)


def fits(message, what, match):
    if isinstance(what, str) and message.method != what:
        return False
    if isinstance(what, int) and message.status != what:
        return False
    if isinstance(what, (set, range, tuple)) and message.status not in what:
        return False
    if "call_id" in match and message.call_id != match["call_id"]:
        return False
    if "cseq" in match and message.cseq != match["cseq"]:
        return False
    return "method" not in match or message.cseq_method == match["method"]


def connected(caller, callee):
    """A call between two registered phones: both its sides."""
    call = caller.call(callee.aor)
    there = callee.expect_call()
    there.answer()
    call.answered()
    there.expect_ack()
    return call, there


def hang_up(from_call, to_call):
    """BYE from one side of a call to the other, 200 back."""
    phone = from_call.phone
    cseq = from_call.send("BYE")
    bye = to_call.phone.expect("BYE", call_id=from_call.call_id)
    to_call.phone.respond(bye, 200, "OK")
    r = phone.final(from_call.call_id, cseq, "BYE")
    assert r.status == 200, str(r)
    return bye


__all__ = ["Call", "Phone", "hang_up"]
