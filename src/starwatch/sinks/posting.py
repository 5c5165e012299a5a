"""POST requests over one connection that is kept open, each answered in a bounded time."""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from starwatch import __version__
from starwatch.errors import BadSetting
from starwatch.sinks.watchdog import Watchdog

_MOST_BYTES = 65_536
"""How much of an answer is read; behind a longer one the connection is not used again."""

_SHOWN = 200
"""Characters of an answer's text that are worth a log line."""


class Unanswered(Exception):
    """There was no whole answer; says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered.

    Attributes:
        status: The status code.
        reason: The words beside it.
        text: The beginning of the body, in one line.
        location: Where it would rather be asked; empty mostly.
    """

    status: int
    reason: str
    text: str
    location: str


class Post:
    """Where to post to; connects when it must, and follows no redirects.

    Args:
        host: Name or address.
        port: None: the usual one.
        path: With what stands behind `?`.
        secure: Whether over TLS.
        cafile: PEM file of the authority; None: those that the system knows.
        timeout: Seconds for one exchange as a whole.
        headers: Sent with each.

    Raises:
        BadSetting: the file cannot be used.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        host: str,
        port: int | None,
        path: str,
        secure: bool,
        cafile: str | None,
        timeout: float,
        headers: Mapping[str, str],
    ) -> None:
        self._path, self._timeout = path, timeout
        self._headers = {"User-Agent": f"starwatch/{__version__}", **headers}
        self._connection: http.client.HTTPConnection
        if secure:
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=timeout, context=_tls(cafile)
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post a body.

        A connection that the receiver has closed since the last post is opened again, and the same
        body posted once more.

        Raises:
            Unanswered: there was no whole answer in time.
        """
        kept = self._connection.sock is not None
        try:
            try:
                return self._exchange(body, headers)
            except (ConnectionError, http.client.RemoteDisconnected):
                self.close()
                if not kept:
                    raise
                return self._exchange(body, headers)
        except TimeoutError:
            self.close()
            raise Unanswered(f"no answer in {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unanswered(str(error) or type(error).__name__) from None

    def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        self._connection.close()

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = self._connection
        if connection.sock is None:
            connection.connect()
        with Watchdog(connection.sock.fileno(), self._timeout) as watchdog:
            try:
                connection.request("POST", self._path, body, {**self._headers, **headers})
                response = connection.getresponse()
                said = response.read(_MOST_BYTES)
            except (OSError, http.client.HTTPException):
                if watchdog.bit:
                    raise TimeoutError from None
                raise
        if not response.isclosed():
            self.close()
        text = " ".join(said.decode(errors="replace").split())[:_SHOWN]
        location = response.getheader("Location") or ""
        return Answer(response.status, response.reason, text, location)


def _tls(cafile: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cafile)
    except OSError as error:
        raise BadSetting(f"the cafile cannot be used: {error.strerror}") from None
