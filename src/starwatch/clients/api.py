"""A client of the API of a running service, or of a state that is shown (docs/api.md)."""

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from starwatch.errors import BadSetting, RunError

_MOST_BYTES = 64 << 20


class Api:
    """Asks one server, over one connection as long as that lasts; for one thread.

    Args:
        url: Where its page is: `http://HOST:PORT`, with the path prefix if there is one.
        token: What it must be shown, if anything.
        timeout: How many seconds it may be silent.

    Raises:
        BadSetting: no such URL can be.
    """

    def __init__(self, url: str, *, token: str = "", timeout: float = 3.0) -> None:
        self.url = url.rstrip("/")
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or parts.query or parts.username:
            raise BadSetting(
                f"{url} is not where a page can be", hint="It reads http://127.0.0.1:8321"
            )
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(host, port, timeout=timeout)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """End the connection. Safe to call twice."""
        self._connection.close()

    def get(self, name: str, **parameters: str | int) -> dict[str, Any]:
        """The answer of an endpoint.

        Args:
            name: What stands behind `/api/v1/`.
            parameters: Of the query.

        Raises:
            RunError: the server is away, wants a token, is no Starwatch, or refuses.
        """
        path = f"{self._prefix}/api/v1/{name}?{urlencode(parameters)}"
        try:
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            status, body = answer.status, answer.read(_MOST_BYTES)
        except (OSError, HTTPException) as error:
            self._connection.close()
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise RunError(
                f"{self.url} does not answer: {why.lower()}",
                hint="Start `starwatch run`, `demo` or `serve`, or give another --url",
            ) from None
        return self._read(status, body)

    def _read(self, status: int, body: bytes) -> dict[str, Any]:
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        good, wrong, unauthorized = 200, 400, 401
        if status == unauthorized:
            raise RunError(
                f"{self.url} wants a token, and another one than that was shown",
                hint="Give it in STARWATCH_HTTP__TOKEN, or by --token",
            )
        if not isinstance(told, dict) or status != good:
            why = told.get("error") if isinstance(told, dict) else None
            if status == wrong and why:
                raise RunError(f"{self.url} refuses: {why}")
            raise RunError(
                f"{self.url} answers otherwise than the API of Starwatch: {why or status}",
                hint="Check --url, and that both are of one version",
            )
        return told
