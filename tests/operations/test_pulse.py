"""Signs of life, as `serve` and systemd hear them."""

import os
import socket

import pytest

from newsreader.operations import pulse


@pytest.mark.parametrize("name", ["{folder}/notify", "@newsreader-test-{number}"], ids=["a path", "an abstract name"])
def test_systemd_is_told_as_serve_is(tmp_path, monkeypatch, name):
    address = name.format(folder=tmp_path, number=os.getpid())
    monkeypatch.setenv(pulse.SYSTEMD, address)
    monkeypatch.delenv(pulse.VARIABLE, raising=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        systemd.settimeout(5)  # seconds
        pulse.send("worker")
        assert systemd.recv(64) == b"WATCHDOG=1"

    pulse.send("worker")  # Nobody listens any more, and nothing is raised.
