"""Ports on loopback."""

import random
import socket

HOST = "127.0.0.1"

RANGE = range(20_000, 32_000)
"""Where free ports are looked for: below those that the system gives to outgoing connections.

A client that tries again and again to reach a dead server within that range would sooner or later
be given the server's own port, connect to itself, and hold the port when the server comes back.
"""


def listens(port: int) -> bool:
    """Whether anything accepts connections on a port of loopback."""
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """As many different ports that nobody listens on at this moment."""
    found: list[int] = []
    for port in random.sample(RANGE, len(RANGE)):
        if len(found) == count:
            break
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
    return found


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    return free_ports(1)[0]
