"""Fixtures of the flow tests."""

from offhook_flow.fixtures import daemon, phone

__all__ = ["daemon", "phone"]
