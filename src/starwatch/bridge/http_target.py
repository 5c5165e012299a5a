"""Messages to a web address, each by a POST of its own, settled when it is answered with 2xx."""

import base64
import logging
import uuid
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from threading import Event, Thread
from urllib.parse import SplitResult, unquote

from starwatch.bridge.parcels import Parcel
from starwatch.errors import BadSetting
from starwatch.service.pauses import Pauses
from starwatch.sinks.posting import Post, Unanswered
from starwatch.sinks.urls import SinkUrl, fragment_options, split_url, without_secrets

_LOG = logging.getLogger(__name__)

OPTIONS = {"timeout", "cafile", "connections", "type"}

_TAKEN = range(200, 300)
_OF_THE_BODY = {400, 413, 422}
"""What a receiver says of a body and not of itself; everything else is tried again."""

_MOST_CONNECTIONS = 64


class HttpTarget:
    """One address.

    Guarantee: as `Target`; over one connection in order. A post keeps its Idempotency-Key when it
    is sent again, so that a receiver that knows such keys takes it once.

    Args:
        name: The address without any secret.
        posts: Makes a connection.
        connections: How many to post by.
    """

    def __init__(self, name: str, posts: Callable[[], Post], connections: int) -> None:
        self.name = name
        self.failure = None
        self._keys, self._numbers = uuid.uuid4().hex, count(1)

        self._waiting: SimpleQueue[Parcel | None] = SimpleQueue()
        self._away = False
        self._closing = Event()
        self._threads = [
            Thread(target=self._run, args=(posts(),), name="http-target", daemon=True)
            for _ in range(connections)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, parcel: Parcel) -> None:
        """Take a message on."""
        self._waiting.put(parcel)

    def close(self) -> None:
        """Let go; a post that is under way may be taken or not."""
        self._closing.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(1)

    def _run(self, post: Post) -> None:
        while (parcel := self._waiting.get()) is not None and not self._closing.is_set():
            self._deliver(post, parcel)
        post.close()

    def _deliver(self, post: Post, parcel: Parcel) -> None:
        """Post a message until it is taken, or refused."""
        key = {"Idempotency-Key": f"{self._keys}-{next(self._numbers)}"}
        pauses = Pauses()
        while not self._closing.is_set():
            try:
                answer = post.send(parcel.value, key)
            except Unanswered as error:
                self._is_away(str(error))
            else:
                said = f"{answer.status} {answer.reason}".strip()
                if answer.status in _TAKEN:
                    self._is_back()
                    parcel.settled("")
                    return
                if answer.status in _OF_THE_BODY:
                    self._is_back()
                    parcel.settled(f"{self.name} answers {said} {answer.text}".strip())
                    return
                to = f" to {without_secrets(answer.location)}" if answer.location else ""
                self._is_away(f"it answers {said}{to}")
            self._closing.wait(pauses.next())

    def _is_away(self, why: str) -> None:
        if not self._away:
            _LOG.warning("%s: %s; it is tried until it takes messages", self.name, why)
        self._away = True

    def _is_back(self) -> None:
        if self._away:
            _LOG.info("%s takes messages again", self.name)
        self._away = False


def http_target(url: str, content_type: str) -> HttpTarget:
    """A target for `http://HOST:PORT/PATH`.

    Args:
        url: `TOKEN@` before the host is sent as Bearer, `USER:PASSWORD@` as Basic. Behind `#`,
            which no receiver ever sees: `timeout` in seconds, `cafile` for TLS, `connections`, and
            `type` for the Content-Type.
        content_type: Of what is sent where the URL does not say it; empty: none.

    Raises:
        BadSetting: the URL cannot be used.
    """
    parts, options = split_url(url), fragment_options(url, OPTIONS)
    given = SinkUrl(parts.scheme, parts.hostname or "", options=options)
    if not parts.hostname:
        raise BadSetting("the address to post to names no host", hint="Write http://HOST:PORT/PATH")
    headers = _authorization(parts)
    if kind := options.get("type", content_type):
        headers["Content-Type"] = kind
    connections = int(given.number("connections", 1, lowest=1, whole=True))
    if connections > _MOST_CONNECTIONS:
        raise BadSetting(f"the option connections={connections} is over {_MOST_CONNECTIONS}")

    def post() -> Post:
        return Post(
            host=given.host,
            port=_port(parts),
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            secure=parts.scheme == "https",
            cafile=options.get("cafile"),
            timeout=given.timeout,
            headers=headers,
        )

    host = parts.netloc.rpartition("@")[2]
    return HttpTarget(f"{parts.scheme}://{host}{parts.path}", post, connections)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise BadSetting("the address to post to has an impossible port") from None


def _authorization(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    user = unquote(parts.username)
    if parts.password is None:
        return {"Authorization": f"Bearer {user}"}
    both = base64.b64encode(f"{user}:{unquote(parts.password)}".encode()).decode()
    return {"Authorization": f"Basic {both}"}
