"""Waiting for what has to come about."""

import time


def until(condition, seconds=5):
    """Returns what condition() says as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)
    return found
