"""Both ends of a flow of NiFi between HTTP edges: who posts messages, and who receives lines."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

from servers.ports import free_port


class Receiver:
    """Keeps what is posted to it, in order.

    Args:
        port: Where.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/lines"
        self.bodies: list[bytes] = []
        self.answers: deque[int] = deque()
        """What the next posts are answered; 200 once it is empty."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):  # of HTTP/1.0: no connection outlives its answer
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.popleft() if receiver.answers else 200
                if status == 200:
                    receiver.bodies.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True

    def serve(self) -> None:
        self._server.serve_forever()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving(port: int | None = None) -> Iterator[Receiver]:
    """A receiver that runs meanwhile."""
    receiver = Receiver(port or free_port())
    thread = threading.Thread(target=receiver.serve)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        thread.join()


def post(url: str, message: bytes) -> None:
    """Give a message to a step that listens."""
    with urlopen(Request(url, message), timeout=60) as answer:
        assert answer.status == 200


def rating(product: str, stars: int = 5) -> bytes:
    return json.dumps(
        {"timestamp": 1, "reviewerID": "A1", "dummy": "", "rating": stars, "productID": product}
    ).encode()
