"""Posts ratings as fast as they are answered; run as a process of its own.

`python -m benchmarks.http_client PORT CONNECTIONS LINES POSTS` keeps each connection busy with one
request at a time until all of them together have posted so often, and prints the seconds it took.
"""

import json
import selectors
import socket
import sys
import time


def request(lines: int) -> bytes:
    """One request of so many ratings, as bytes."""
    body = "\n".join(
        json.dumps(
            {
                "reviewerID": f"A{at * 7919 % 100_003:06}",
                "productID": f"{at * 104_729 % 5003:010}",
                "rating": 1 + at % 5,
                "timestamp": 1_358_380_800 + at,
            }
        )
        for at in range(lines)
    ).encode()
    head = f"POST /ratings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/x-ndjson\r\n\r\n".encode() + body


def post(port: int, connections: int, lines: int, posts: int) -> float:
    """Post so often; the seconds it took."""
    data = request(lines)
    chosen = selectors.DefaultSelector()
    for _ in range(connections):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen.register(client, selectors.EVENT_READ, bytearray())
    begun = time.perf_counter()
    clients = [key.fileobj for key in chosen.get_map().values()]
    sent = 0
    for client in clients[:posts]:
        client.sendall(data)
        sent += 1
    done = 0
    while done < posts:
        for key, _ in chosen.select():
            key.data.extend(key.fileobj.recv(1 << 16))
            if not whole(key.data):
                continue
            if not key.data.startswith(b"HTTP/1.1 200"):
                raise SystemExit(key.data[:200].decode())
            key.data.clear()
            done += 1
            if sent < posts:
                key.fileobj.sendall(data)
                sent += 1
    return time.perf_counter() - begun


def whole(answer: bytearray) -> bool:
    """Whether an answer has arrived with all of its body."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(length)


if __name__ == "__main__":
    print(post(*map(int, sys.argv[1:5])))
