"""A real service with its HTTP door on a free port of loopback, and a small client."""

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from starwatch.codecs.options import InputOptions
from starwatch.page.app import application
from starwatch.page.serving import ServerLimits, serve
from starwatch.page.site import site
from starwatch.service.live import Service
from starwatch.service.state import State, job_facts
from starwatch.service.stop import Stop
from starwatch.sinks.registry import parse_outputs
from starwatch.sources.http_door.endpoint import RatingsEndpoint
from starwatch.sources.http_door.limits import DoorLimits
from starwatch.sources.http_door.source import HttpSource
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(400, 200),), time=WindowTime.ARRIVAL, bound_ms=0)
LIMITS, SERVER_LIMITS = DoorLimits(), ServerLimits()
ONE = {"reviewerID": "A1", "productID": "0000143502", "rating": 5}


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def counts(self) -> tuple[int, ...]:
        """Received, counted, duplicate, late, rejected."""
        names = ("received", "counted", "duplicate", "late", "rejected")
        return tuple(self.json[name] for name in names)


@dataclass
class Served:
    """What a test talks to."""

    url: str
    service: Service
    source: HttpSource
    stop: Stop

    @property
    def port(self) -> int:
        return urlsplit(self.url).port

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, method, path, body=None, **headers) -> Got:
        connection = self.connect()
        try:
            return asked(connection, method, path, body, **headers)
        finally:
            connection.close()

    def get(self, path, **headers) -> Got:
        return self.ask("GET", path, **headers)

    def post(self, body, path="/ratings", **headers) -> Got:
        """Post bytes, text, or anything that becomes JSON."""
        if not isinstance(body, str | bytes):
            headers.setdefault("content_type", "application/json")
            body = json.dumps(body)
        return self.ask("POST", path, body, **headers)


def asked(connection, method, path, body=None, **headers) -> Got:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    return Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


@contextmanager
def served(  # noqa: PLR0913
    folder,
    *,
    job=JOB,
    paths=("/ratings",),
    limits=LIMITS,
    server_limits=SERVER_LIMITS,
    token="",
    outputs=(),
    addresses=(("127.0.0.1", 0),),
    others=(),
    before=lambda url: None,  # noqa: ARG005
    page=None,
):
    """Serve; drained and stopped at the end, and what broke the service is raised.

    `before` is called when the server listens and the service has not begun. `page` is what `site`
    takes for the page; without it there is none.
    """
    stop, failures = Stop(), []
    with State(folder / "state") as state, ExitStack() as stack:
        state.belongs_to({"job": job_facts(job), "live": True})
        source = HttpSource(InputOptions(), job.scale, paths=paths, limits=limits)
        service = Service(state, job, [source, *others], parse_outputs(outputs))

        def run():
            try:
                service.run(stop, lambda: 0.02)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)

        posts = dict.fromkeys(paths, RatingsEndpoint(source))
        shown = page is not None and stack.enter_context(
            site(state.directory, status=service, committed=service.committed, token=token, **page)
        )
        app = application(service, posts=posts, door=source.figures, page=shown or None)
        server = serve(
            app,
            addresses,
            token=token,
            limits=server_limits,
            **(
                {"pages": shown.paths, "stopping": shown.stop, "prefix": page.get("prefix", "")}
                if shown
                else {}
            ),
        )
        thread = Thread(target=run)
        before(server.url)
        thread.start()
        while not source.ready and thread.is_alive():
            stop.wait(0.005)
        try:
            yield Served(server.url, service, source, stop)
        finally:
            stop.set()
            thread.join(30)
            source.abandon()
            server.stop()
            assert not thread.is_alive()
    if failures:
        raise failures[0]
