"""Fixtures of the flow and interoperation tests: a daemon a module, phones as needed."""

import pytest

from .daemon import Daemon
from .phone import Phone


@pytest.fixture(scope="module")
def daemon(request):
    """The module's daemon, with the settings of its variable DAEMON. At the end it has to stop
    cleanly, and no role may have been started a second time."""
    d = Daemon(**getattr(request.module, "DAEMON", {}))
    try:
        d.start()
        before = d.starts()
        yield d
        assert d.starts() == before, "a role was restarted:\n" + d.stderr()
        d.stop()
    finally:
        d.close()


@pytest.fixture
def phone(daemon):
    """Makes phones of the module's daemon; a number of their own unless one is given."""
    made = []

    def make(*args, **more):
        made.append(Phone(daemon, *args, **more))
        return made[-1]

    yield make
    for p in made:
        p.close()
