"""Whether the address of the HTTP door can be listened on, or who has it."""

import json
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

from starwatch.errors import BadSetting
from starwatch.page.openapi import TITLE
from starwatch.page.serving import listening, url_of
from starwatch.service.doctor import Finding

_SECONDS = 2.0
"""How long whoever listens may take to say what it is."""

_MOST_BYTES = 1 << 20


def port(host: str, number: int, *, running: bool) -> Finding:
    """Try to listen, and let go again; a service that runs by the same state may have it.

    Args:
        host: The address.
        number: The port; 0 stands for a free one.
        running: Whether a service runs by the state that is looked at.
    """
    try:
        listener = listening(host, number)
    except BadSetting as error:
        if not _is_starwatch(url_of(host, number)):
            return Finding("bad", "http", str(error))
        if running:
            return Finding("ok", "http", f"{host}:{number}, where the running service answers")
        text = f"another Starwatch, not of this state, answers at {host}:{number}. {error.hint}"
        return Finding("bad", "http", text)
    listener.close()
    return Finding("ok", "http", f"{host}:{number}" if number else f"{host}, a free port")


def _is_starwatch(url: str) -> bool:
    """Whether what answers there describes itself as we do."""
    try:
        # Without any proxy of the environment: it is this machine that is asked.
        with build_opener(ProxyHandler({})).open(f"{url}/openapi.json", timeout=_SECONDS) as answer:
            described = json.loads(answer.read(_MOST_BYTES))
        return bool(described["info"]["title"] == TITLE)
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return False
