"""Fixtures of the flow tests."""

from offhook_flow.fixtures import audio, daemon, either, idle, names, phone

__all__ = ["audio", "daemon", "either", "idle", "names", "phone"]
