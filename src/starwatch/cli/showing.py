"""Wires the page of a state together: settings, views, server, Ctrl-C."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from starwatch.cli.http_serving import page_server
from starwatch.cli.running import stopped_by_signals
from starwatch.page.app import application
from starwatch.page.site import site
from starwatch.settings.sources import read_all
from starwatch.terminal.logs import logged_to_stderr

_REST_SECONDS = 0.25


def show(given: Mapping[str, Any]) -> int:
    """Serve the page of a state until somebody stops it; returns the exit code."""
    settings = read_all(given["config"])
    flags = {name: given[name] for name in ("host", "port") if given[name] is not None}
    http = settings.http.model_copy(update=flags)
    directory = Path(given["state"] or settings.state.dir)
    token = http.token.get_secret_value()
    with (
        logged_to_stderr("error", settings.log.format),
        stopped_by_signals() as stop,
        site(directory, token=token, prefix=http.prefix) as page,
    ):
        server = page_server(application(None, page=page), page, http)
        try:
            if not given["quiet"]:
                click.echo(f"the page of {directory} is at {server.url}{http.prefix}/")
            while not stop.is_set():
                stop.wait(_REST_SECONDS)
        finally:
            server.stop()
    return 0
