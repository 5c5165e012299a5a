"""A state with its page on a free port of loopback, and a small client of it."""

import json
import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from http_door.served import Got, asked
from starwatch.page.app import application
from starwatch.page.serving import serve
from starwatch.page.site import site


@dataclass(frozen=True)
class Shown:
    """What a test talks to."""

    url: str

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", urlsplit(self.url).port, timeout=20)

    def connect_raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", urlsplit(self.url).port), timeout=20)

    def ask(self, method, path, body=None, **headers) -> Got:
        with closing(self.connect()) as connection:
            return asked(connection, method, path, body, **headers)

    def get(self, path, **headers) -> Got:
        return self.ask("GET", path, **headers)

    def api(self, name, **parameters):
        """The JSON of an endpoint; a list gives a parameter several times."""
        got = self.get(f"/api/v1/{name}?{urlencode(parameters, doseq=True)}")
        assert got.status == 200, got.body
        return got.json


@contextmanager
def shown(directory, *, token="", prefix="", limits=None):
    """The page of a state that nobody writes."""
    with site(directory, token=token, prefix=prefix) as page:
        server = serve(
            application(None, page=page),
            [("127.0.0.1", 0)],
            token=token,
            pages=page.paths,
            prefix=prefix,
            stopping=page.stop,
            **({"limits": limits} if limits else {}),
        )
        try:
            yield Shown(server.url)
        finally:
            server.stop()


class Events:
    """A tab: the events of a stream, as a browser would have them."""

    def __init__(self, page, query, last_id=None, **headers):
        self._connection = page.connect()
        given = {"Last-Event-ID": last_id} if last_id else {}
        self._connection.request("GET", f"/api/v1/stream?{query}", headers=given | headers)
        self.answer = self._connection.getresponse()
        if self.answer.status != 200:
            body = self.answer.read()
            self.close()
            raise AssertionError(body)
        self.last_id = last_id

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.answer.close()
        self._connection.close()

    def next(self):
        """The kind and the data of the next event; None when the stream has ended."""
        kind, data = "", None
        while line := self.answer.readline():
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                kind = value
            elif field == "id":
                self.last_id = value
            elif field == "data":
                data = json.loads(value)
            elif not field and data is not None:
                return kind, data
        return None
