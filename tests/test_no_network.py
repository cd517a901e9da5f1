"""Tests reach this machine and nothing beyond it."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
def test_a_connection_beyond_this_machine_is_refused(host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as there:
        there.settimeout(1)
        with pytest.raises(SocketConnectBlockedError):
            there.connect((host, 9))


def test_a_server_on_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as here:
        socket.create_connection(here.getsockname(), timeout=5).close()
