"""Fixtures of the tests with clients that nobody here wrote; the library is that of the flows."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "flows"))

from offhook_flow.fixtures import daemon, phone  # noqa: E402

__all__ = ["daemon", "phone"]
