"""What there is to set and to command is described where people look."""

import os
import re
import subprocess

from offhook_flow.daemon import OFFHOOK, TREE


def text(*path):
    with open(os.path.join(TREE, *path)) as f:
        return f.read()


def commands():
    """All that `offhook --help` names: "user add", "status"."""
    shown = subprocess.run([OFFHOOK, "--help"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?= |$)", shown, re.MULTILINE)
    assert len(found) > 30
    return found


def keys():
    """Those of offhook.conf(5), which a unit test compares with the table in the program."""
    found = re.findall(r"^\.It Cm (\S+)$", text("man", "offhook.conf.5"), re.MULTILINE)
    assert len(found) > 30
    return found


def test_every_command_is_described():
    manual = re.sub(r"(?m)^\.It Xo\n\.Cm ", ".It Cm ", text("man", "offhook.1"))
    readme, interface = text("README.md"), text("docs", "interface.md")
    for command in commands():
        assert re.search(rf"(?m)^\.It Cm {command}\b", manual), f"offhook(1): {command}"
        assert f"`{command}`" in readme, f"README: {command}"
        assert command.split()[0] in interface, f"docs/interface.md: {command}"


def test_every_key_is_described():
    readme, interface = text("README.md"), text("docs", "interface.md")
    for key in keys():
        assert f"`{key}`" in readme, f"README: {key}"
        assert key.split(".")[-1] in interface, f"docs/interface.md: {key}"
