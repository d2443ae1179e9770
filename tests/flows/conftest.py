"""Fixtures of the flow tests."""

from offhook_flow.fixtures import daemon, either, idle, names, phone

__all__ = ["daemon", "either", "idle", "names", "phone"]
