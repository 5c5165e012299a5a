"""Wires the HTTP door: its settings and flags, its bounds, its server."""

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from starwatch.errors import StarwatchError
from starwatch.page.app import application
from starwatch.page.serving import Server, ServerLimits, serve
from starwatch.page.site import Site, site
from starwatch.ratings.durations import duration_ms
from starwatch.ratings.sizes import size_bytes
from starwatch.service.live import Service
from starwatch.settings.http_section import HttpSection
from starwatch.sources.http_door.endpoint import RatingsEndpoint
from starwatch.sources.http_door.limits import DoorLimits
from starwatch.sources.http_door.source import HttpSource

_LOG = logging.getLogger(__name__)


def door_limits(http: HttpSection) -> DoorLimits:
    """How much the door takes."""
    return DoorLimits(
        body_bytes=size_bytes(http.body_size),
        lines=http.body_ratings,
        start_seconds=_seconds(http.start_timeout),
        read_seconds=_seconds(http.body_timeout),
        waiting_bytes=size_bytes(http.waiting_size),
        commit_seconds=_seconds(http.commit_timeout),
        keys=http.idempotency_keys,
        key_hours=_seconds(http.idempotency_age) / 3600,
    )


def server_limits(http: HttpSection) -> ServerLimits:
    """What the server bounds of connections; it counts idleness and its end in whole seconds."""
    return ServerLimits(
        connections=http.connections,
        header_bytes=size_bytes(http.header_size),
        header_seconds=_seconds(http.header_timeout),
        idle_seconds=-(-duration_ms(http.idle_timeout) // 1000),
        drain_seconds=-(-duration_ms(http.drain_timeout) // 1000),
    )


@contextmanager
def listening(
    service: Service,
    http: HttpSection,
    directory: Path,
    *,
    source: HttpSource | None = None,
    bound: socket.socket | None = None,
) -> Iterator[str]:
    """The HTTP server, from before the service begins until all its answers are given.

    Args:
        service: What it shows.
        http: How it listens.
        directory: The state.
        source: What takes ratings, if there is one.
        bound: A socket that listens already; None: one as the settings say.

    Yields:
        Where the page is; nothing where there is none.
    """
    token = http.token.get_secret_value()
    posts = dict.fromkeys(source.paths, RatingsEndpoint(source)) if source else {}
    shown = site(
        directory, status=service, committed=service.committed, token=token, prefix=http.prefix
    )
    with ExitStack() as stack:
        try:
            page = stack.enter_context(shown)
        except StarwatchError as error:  # the job is more than its page
            _LOG.error("there is no page: %s", error)
            page = None
        door = source.figures if source else None
        app = application(service, posts=posts, door=door, page=page)
        server = page_server(app, page, http, bound)
        address = f"{server.url}{http.prefix}/"
        if source:
            _LOG.info("ratings by POST to %s%s", server.url, source.paths[0])
        if page:
            _LOG.info("the page is at %s", address)
        try:
            yield address if page else ""
        finally:
            if source:
                source.abandon()
            server.stop()


def page_server(
    app: ASGIApp, page: Site | None, http: HttpSection, bound: socket.socket | None = None
) -> Server:
    """A server for an application with a page, or without one.

    Raises:
        BadSetting: the address cannot be listened on, or needs a token.
        RunError: it did not come up.
    """
    return serve(
        app,
        [bound or (http.host, http.port)],
        token=http.token.get_secret_value(),
        limits=server_limits(http),
        pages=page.paths if page else (),
        prefix=http.prefix,
        stopping=page.stop if page else lambda: None,
    )


def _seconds(text: str) -> float:
    return duration_ms(text) / 1000
