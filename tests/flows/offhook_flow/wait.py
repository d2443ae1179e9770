"""Waiting for what has to come about."""

import time


def until(condition, seconds=5):
    """Returns as soon as condition() holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)
