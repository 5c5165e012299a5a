"""Where HTTP listens: settings and flags, and the socket, before anything that takes long."""

import socket
from collections.abc import Mapping
from typing import Any

from starwatch.page.guarding import require_token
from starwatch.page.serving import listening, url_of
from starwatch.settings.http_section import HttpSection
from starwatch.settings.sources import Settings


def http_section(settings: Settings, given: Mapping[str, Any]) -> HttpSection:
    """The section, with what flags say."""
    flags = {name: given[name] for name in ("host", "port") if given[name] is not None}
    if given["no_http"]:
        flags["enabled"] = False
    return settings.http.model_copy(update=flags)


def bound(http: HttpSection) -> socket.socket:
    """A socket that listens where settings or flags say; who connects waits for the server.

    Where neither says a port and the default one is taken, it takes a free one.

    Raises:
        BadSetting: the address cannot be listened on, or needs a token.
    """
    require_token(http.host, http.token.get_secret_value())
    return listening(http.host, http.port, else_free="port" not in http.model_fields_set)


def address_of(bound: socket.socket, http: HttpSection) -> str:
    """Where a browser finds the page."""
    return f"{url_of(*bound.getsockname()[:2])}{http.prefix}/"
