"""Fixtures of the flow and interoperation tests: a daemon a module, phones as needed."""

import pytest

from .audio import Audio
from .daemon import Daemon
from .dns_server import DnsServer
from .phone import Phone


@pytest.fixture(scope="module")
def daemon(request):
    """The module's daemon, with the settings of its variable DAEMON; with NAMES it asks the name
    server of the fixture `names`. At the end it has to stop cleanly, and no role may have been
    started a second time."""
    settings = getattr(request.module, "DAEMON", {})
    if getattr(request.module, "NAMES", False):
        settings = settings | {"config": asking(request.getfixturevalue("names"))}
    with Daemon(**settings) as d, d.unharmed():
        yield d


def asking(names):
    """The configuration that asks this name server."""
    return f'dns {{ servers = {{"{names.address}"}} }}'


@pytest.fixture(scope="module")
def names():
    """A name server, whose answers the tests add."""
    server = DnsServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def idle():
    """A configuration whose daemon does not run."""
    d = Daemon()
    yield d
    d.close()


@pytest.fixture(params=["daemon", "idle"])
def either(request):
    """For commands that work with the daemon and without it."""
    return request.getfixturevalue(request.param)


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


@pytest.fixture
def audio():
    """Makes the audio of phones."""
    made = []

    def make(*args, **more):
        made.append(Audio(*args, **more))
        return made[-1]

    yield make
    for a in made:
        a.close()
