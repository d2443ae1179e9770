"""A SIP message as a test sees it: start line, header fields in their order, body."""

COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
    "c": "content-type", "e": "content-encoding", "s": "subject", "k": "supported",
    "o": "event", "r": "refer-to", "b": "referred-by", "u": "allow-events",
}


def sdp(address="127.0.0.1", port=40000):
    """An audio offer as bytes."""
    family = "IP6" if ":" in address else "IP4"
    return (f"v=0\r\no=- 1 1 IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n").encode()


class Message:
    """A message that arrived. Parsing is strict: what breaks the grammar fails the test."""

    def __init__(self, raw, source=None):
        self.raw, self.source = raw, source
        head, gap, self.body = raw.partition(b"\r\n\r\n")
        assert gap, f"no empty line in {raw!r}"
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            if line[:1] in (" ", "\t"):
                name, value = self.headers[-1]
                self.headers[-1] = (name, value + " " + line.strip())
                continue
            name, colon, value = line.partition(":")
            assert colon and name.strip(), f"bad header line {line!r}"
            self.headers.append((name.rstrip(), value.strip()))
        if self.start.startswith("SIP/2.0 "):
            self.method, self.uri = None, None
            self.status = int(self.start[8:11])
        else:
            self.method, self.uri, version = self.start.split(" ")
            assert version == "SIP/2.0", self.start
            self.status = None
        length = self.get("content-length")
        if length is not None:
            assert int(length) == len(self.body), f"Content-Length is wrong in\n{self}"

    def __str__(self):
        return self.raw.decode("utf-8", "backslashreplace")

    __repr__ = __str__

    def all(self, name):
        """Every value of the header field, one list element a line."""
        return [v for n, v in self.headers if COMPACT.get(n.lower(), n.lower()) == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def values(self, name):
        """Every value of the header field, comma lists taken apart."""
        return [v for line in self.all(name) for v in split_list(line)]

    @property
    def cseq(self):
        return int(self.get("cseq").split()[0])

    @property
    def cseq_method(self):
        return self.get("cseq").split()[1]

    @property
    def call_id(self):
        return self.get("call-id")

    @property
    def branch(self):
        return parameter(self.values("via")[0], "branch")

    def tag(self, header):
        return parameter(self.get(header).rpartition(">")[2] or self.get(header), "tag")

    def contacts(self):
        """{URI: {parameter: value}} of the Contact header fields."""
        found = {}
        for value in self.values("contact"):
            found[uri_of(value)] = parameters(value.partition(">")[2] if ">" in value else
                                              value.partition(";")[1] + value.partition(";")[2])
        return found


def split_list(text):
    """The elements of a comma list; quotes and <> protect commas."""
    out, depth, quoted, escaped, start = [], 0, False, False, 0
    for i, c in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = c == "\\", c != '"'
        elif c == '"':
            quoted = True
        elif c == "<":
            depth += 1
        elif c == ">":
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
    return out + [text[start:].strip()]


def uri_of(value):
    """The URI of a name-addr or addr-spec."""
    if "<" in value:
        return value.partition("<")[2].partition(">")[0]
    return value.partition(";")[0].strip()


def parameters(text):
    """{name: value or None} of a ;a=b;c text."""
    found = {}
    for part in text.split(";")[1:]:
        name, equals, value = part.partition("=")
        found[name.strip().lower()] = value.strip().strip('"') if equals else None
    return found


def parameter(value, name):
    """The value of a header parameter, "" when it has none, None when it is not there."""
    found = parameters(";" + value.partition(";")[2])
    return (found[name] or "") if name in found else None
