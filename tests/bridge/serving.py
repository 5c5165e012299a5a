"""A bridge in the process of the test, and a web server that takes what it posts."""

import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from commands import soon
from servers.ports import HOST, free_port
from starwatch.bridge.books import Books
from starwatch.bridge.running import run_bridge
from starwatch.service.stop import Stop


class Receiver:
    """Takes posts; answers `answers` one after the other, then 200.

    Attributes:
        bodies: Of the posts that were answered with 200, in order.
        heads: The headers of all posts.
        streams: All connections.
    """

    def __init__(self, port=0, answers=()):
        self.answers, self.bodies, self.heads = list(answers), [], []
        self.streams = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.streams.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heads.append(dict(self.headers))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.bodies.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = _Quiet((HOST, port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_port}/in"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        for stream in self.streams:  # those that are kept open, too
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        self._server.server_close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Connections that are cut are no news here."""


class Running:
    """A bridge that runs.

    Attributes:
        refused: Its file of refused messages.
        books: Its books.
        seconds: How long its end took.
    """

    def __init__(self, folder, source, to, form):
        self.refused = folder / "refused.jsonl"
        self.books, self.fault = Books(), None
        self.seconds = 0.0
        self._stop = Stop()
        self._ways = source, to, form
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self):
        began = time.monotonic()
        self._stop.set()
        self._thread.join(30)
        self.seconds = time.monotonic() - began
        if self.fault is not None:
            raise self.fault

    def _run(self):
        source, to, form = self._ways
        try:
            run_bridge(
                source,
                to,
                form=form,
                keyed=True,
                refused=self.refused,
                books=self.books,
                stop=self._stop,
            )
        except Exception as error:  # the test's own thread raises it  # noqa: BLE001
            self.fault = error


@contextmanager
def bridged(folder, source, to, form="as-is"):
    running = Running(folder, source, to, form)
    try:
        yield running
    finally:
        running.end()


@contextmanager
def listening(folder, to, form="as-is", *, options="", token=""):
    """A bridge that listens; what posts to it, and the bridge."""
    port = free_port()
    url = f"http://{HOST}:{port}/out"

    def post(body, *, at=url, method="POST", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(at, body, headers, method=method)
        try:
            with urlopen(request, timeout=60) as got:
                return got.status, got.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    given = f"{url}{options}".replace("//", f"//{token}@" if token else "//")
    with bridged(folder, given, to, form) as running:
        soon(lambda: listens(port))
        yield post, running


def listens(port):
    try:
        with urlopen(Request(f"http://{HOST}:{port}/nothing", method="HEAD"), timeout=5):
            return True
    except HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
