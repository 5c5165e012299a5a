"""Tabs of a page: `python -m benchmarks.tab_client PORT TABS DISTINCT`.

Each holds a stream and reads what comes. They print a line when all have their first event, and end
with standard input. With DISTINCT 1 each shows other rows, otherwise all show the same.
"""

import selectors
import socket
import sys


def opened(port: int, query: str) -> socket.socket:
    """A stream that was asked for."""
    client = socket.create_connection(("127.0.0.1", port))
    line = f"GET /api/v1/stream?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    client.sendall(line.encode())
    return client


def hold(port: int, tabs: int, *, distinct: bool) -> None:
    """Hold so many streams until standard input ends."""
    chosen = selectors.DefaultSelector()
    for at in range(tabs):
        offset = at * 60 if distinct else 0
        client = opened(port, f"view=products&overview=1&offset={offset}")
        chosen.register(client, selectors.EVENT_READ, b"")
    chosen.register(sys.stdin, selectors.EVENT_READ)
    waiting = set(range(tabs))
    first = {key.fd: at for at, key in enumerate(chosen.get_map().values())}
    while True:
        for key, _ in chosen.select():
            if key.fileobj is sys.stdin:
                return
            if not key.fileobj.recv(1 << 16):  # type: ignore[union-attr]
                return
            if first[key.fd] in waiting:
                waiting.remove(first[key.fd])
                if not waiting:
                    print("ready", flush=True)


if __name__ == "__main__":
    hold(int(sys.argv[1]), int(sys.argv[2]), distinct=sys.argv[3] == "1")
