"""Many calls at once, all between the same two phones; their audio is for tests/bench/rtpload."""

import time

from .audio import place, reoffer
from .message import sdp
from .phone import hang_up
from .wait import until


class Crowd:
    """Calls from phone a to phone b, both registered; sheds() tells whether their daemon, for being
    overloaded, turns calls away."""

    def __init__(self, a, b, sheds=lambda: False):
        self.a, self.b, self.sheds = a, b, sheds
        self.calls = []  # (caller's side, callee's side)
        self.ends = []  # (host, port) of the phones' audio, as in calls

    def invite(self, body, tries=20):
        """Ports that run out are made, but a little later than many calls at once want them. Overload
        lasts for seconds, and what a busy machine does to the daemon is no try."""
        while tries:
            call = self.a.call(self.b.aor, body=body)
            r = self.a.expect({100, 503}, call_id=call.call_id, cseq=call.cseq)
            if r.status == 100:
                return call
            call.ack_failure(r)
            if self.sheds():
                until(lambda: not self.sheds(), 30)
                continue
            tries -= 1
            time.sleep(0.05)
        raise AssertionError(f"no ports for a call: {r}")

    def call(self, a, b):
        """One more call, whose phones have their audio at a and b: where these are to send it."""
        here = self.invite(sdp(*a))
        there = self.b.expect_call()
        there.answer(sdp(*b))
        at_a, at_b = place(here.answered().body)[:2], place(there.request.body)[:2]
        there.expect_ack()
        if at_a == b or at_b == a:
            raise SystemExit("the phones got each other's addresses: no relay")
        self.calls.append((here, there))
        self.ends.append((a, b))
        return at_a, at_b

    def end(self):
        """BYE, from either side in turn."""
        for number, (here, there) in enumerate(self.calls):
            hang_up(*((there, here) if number % 2 else (here, there)))
        self.calls, self.ends = [], []

    def reoffer(self, number, side, host=None, version=2, more=b""):
        """A re-INVITE of one side (0: caller) of a call, with its audio at host and more lines in its
        description: where caller and callee are told to send theirs."""
        turn = -1 if side else 1
        mine, other = self.ends[number][::turn]
        offer = described(host or mine[0], mine[1], version) + more
        request, answer = reoffer(*self.calls[number][::turn], offer, described(*other, version))
        return (place(answer.body)[:2], place(request.body)[:2])[::turn]


def described(host, port, version):
    return sdp(host, port).replace(b"o=- 1 1 ", b"o=- 1 %d " % version)
