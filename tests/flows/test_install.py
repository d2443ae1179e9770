"""What gets installed beside the programs: unit, accounts, folders, as systemd reads them."""

import os
import re
import shutil
import subprocess

import pytest
from offhook_flow.daemon import BUILD, OFFHOOKD, TREE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts and folders")


def run(*words):
    r = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert r.returncode == 0, f"{words}: {r.stdout}{r.stderr}"
    return r.stdout + r.stderr


def built(name):
    """A file of conf/ that the build fills in."""
    path = os.path.join(BUILD, "conf", name)
    if not os.path.exists(path):
        pytest.skip(f"{path} is not built")
    return path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_passes_systemds_own_check(tmp_path):
    with open(built("offhookd.service")) as f:
        text = re.sub(r"(?m)^ExecStart=.*", f"ExecStart={OFFHOOKD}", f.read())
    unit = tmp_path / "offhookd.service"
    unit.write_text(text)
    said = run("systemd-analyze", "verify", "--man=no", str(unit))
    assert "offhookd.service" not in said, said
    assert {"Type=notify", "NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=on-failure",
            "FileDescriptorStoreMax=32768"} <= set(text.split("\n"))


def test_the_unit_lets_the_kernel_relay_audio():
    with open(built("offhookd.service")) as f:
        lines = [line.partition("=") for line in f.read().splitlines()]

    def words(key):
        return {w for name, _, value in lines if name == key for w in value.split()}

    assert {"CAP_BPF", "CAP_NET_ADMIN"} <= words("CapabilityBoundingSet")
    assert "AF_NETLINK" in words("RestrictAddressFamilies")
    assert "bpf" in words("SystemCallFilter")
    with open(os.path.join(TREE, "conf", "offhook.sysctl")) as f:
        settings = set(re.findall(r"(?m)^-?(\S+) = 1$", f.read()))
    assert words("ProtectKernelTunables") == {"yes"}, "so the settings have to come from elsewhere"
    assert settings == {"net.ipv4.conf.lo.forwarding", "net.ipv6.conf.lo.forwarding"}


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd is not installed")
def test_accounts_and_folders_are_made(tmp_path):
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", os.path.join(TREE, "conf", "offhook.sysusers"))
    accounts = (tmp_path / "etc" / "passwd").read_text()
    uids = dict(re.findall(r"(?m)^(offhook\w*):[^:]*:(\d+):", accounts))
    assert set(uids) == {"offhook", "offhookdb"}

    config = built("offhook.tmpfiles")
    run("systemd-tmpfiles", f"--root={tmp_path}", "--create", config)
    with open(config) as f:
        folder = re.search(r"(?m)^d (\S+/lib/offhook) 0700 offhookdb ", f.read())[1]
    made = os.stat(f"{tmp_path}{folder}")
    assert made.st_mode & 0o777 == 0o700 and made.st_uid == int(uids["offhookdb"])
