"""A replay by HTTP: batches posted one after the other, each with a key so that it counts once."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from starwatch.codecs.hints import choose_from
from starwatch.errors import BadSetting, OutputFailed
from starwatch.sinks.publishers import Outgoing
from starwatch.sinks.urls import fragment_options

_LOG = logging.getLogger(__name__)

_MOST = 1000
"""Ratings in a post: larger ones gain little, and what is posted again after a failure is more."""

_ASK_SECONDS = 0.2
_TIMEOUT_SECONDS = 90.0
"""Longer than the door waits for a commit."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_LATER = {408, 425, 429, 500, 502, 503, 504}
"""Answers behind which the same post is tried again."""

_OPTIONS = ("token", "form")


@dataclass(frozen=True, slots=True)
class _Post:
    """A batch as it is sent, as often as it takes."""

    key: str
    body: bytes
    ratings: int


@dataclass(frozen=True, slots=True)
class _Said:
    """What the other side answered; status 0 where it did not."""

    status: int
    text: str
    retry_after: float | None = None


class HttpPublisher:
    """Posts JSON lines, up to a thousand ratings each, and waits for the answer.

    Every post has an Idempotency-Key of its own, which it keeps when it is sent again: behind a
    lost answer Starwatch counts it once. Other servers may get it twice.

    Args:
        url: Where to post to, in parts.
        token: Shown as `Authorization: Bearer`; may be empty.
        form: Post each rating by itself as form fields, as the script of the reference does.
    """

    def __init__(self, url: SplitResult, *, token: str = "", form: bool = False) -> None:
        self.acknowledged = 0
        self.name = f"{url.scheme}://{_host(url)}{_path(url).partition('?')[0]}"
        self._url = url
        self._form = form
        self._headers = {
            "Content-Type": "application/x-www-form-urlencoded" if form else "application/x-ndjson"
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._keys = uuid.uuid4().hex
        self._posts = 0
        self._pending: _Post | None = None
        self._connection: HTTPConnection | None = None
        self._asking: Future[_Said] | None = None
        self._thread = ThreadPoolExecutor(1, "http-publisher")
        self._away = False

    def send(self, ratings: Sequence[Outgoing], stopped: Callable[[], bool]) -> int:
        """Post ratings; a post that was begun when the wait ends is finished by `close`."""
        if not self._finished(stopped):
            return 0
        size = 1 if self._form else _MOST
        for start in range(0, len(ratings), size):
            if stopped():
                return start
            some = ratings[start : start + size]
            self._posts += 1
            self._pending = _Post(f"{self._keys}-{self._posts}", self._body(some), len(some))
            if not self._finished(stopped):
                return start + len(some)
        return len(ratings)

    def close(self, seconds: float) -> None:
        """Finish the post that is under way, if that takes no longer, and let go."""
        until = time.monotonic() + seconds
        self._finished(lambda: time.monotonic() >= until)
        self._pending = None
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._let_go()

    def _body(self, some: Sequence[Outgoing]) -> bytes:
        if self._form:
            return urlencode(some[0].fields).encode()
        return b"".join(each.json + b"\n" for each in some)

    def _finished(self, stopped: Callable[[], bool]) -> bool:
        """Post what is pending until it is taken; whether it was before the wait was ended."""
        pause = _FIRST_PAUSE
        while self._pending is not None:
            said = self._asked(self._pending, stopped)
            if said is None:
                return False
            if said.status == 200 or (said.status == 400 and '"received"' in said.text):  # noqa: PLR2004
                self.acknowledged += self._pending.ratings
                self._pending = None
                self._is_back()
            elif said.status and said.status not in _LATER:
                raise OutputFailed(
                    f"{self.name} refuses what is posted: {said.status} {said.text[:200]}",
                    hint="Check the URL and the token",
                )
            else:
                self._is_away(said)
                wait = pause if said.retry_after is None else said.retry_after
                pause = min(2 * pause, _LONGEST_PAUSE)
                if not _waited(wait, stopped):
                    return False
        return True

    def _asked(self, post: _Post, stopped: Callable[[], bool]) -> _Said | None:
        """The answer to a post, or None where the wait was ended; it goes on meanwhile then."""
        if self._asking is None:
            self._asking = self._thread.submit(self._exchange, post)
        while not self._asking.done():
            if stopped():
                return None
            try:
                self._asking.result(_ASK_SECONDS)
            except TimeoutError:
                continue
        asked, self._asking = self._asking, None
        return asked.result()

    def _exchange(self, post: _Post) -> _Said:
        headers = self._headers | {"Idempotency-Key": post.key}
        try:
            if self._connection is None:
                self._connection = _connect(self._url)
            self._connection.request("POST", _path(self._url), post.body, headers)
            answer = self._connection.getresponse()
            text = answer.read(1 << 20).decode(errors="replace").strip()
        except (OSError, HTTPException) as error:
            self._let_go()
            return _Said(0, str(error) or type(error).__name__)
        return _Said(answer.status, text, _seconds(answer.getheader("Retry-After")))

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_away(self, said: _Said) -> None:
        if not self._away:
            why = f"answers {said.status}" if said.status else said.text
            _LOG.warning("%s: %s; it is tried again", self.name, why)
        self._away = True

    def _is_back(self) -> None:
        if self._away:
            _LOG.info("%s takes ratings again", self.name)
        self._away = False


def http_publisher(url: str, options: Mapping[str, Any]) -> HttpPublisher:
    """What `replay --to http://HOST:PORT/PATH` sends by; without a path, `/ratings`.

    Args:
        url: The token may stand before the host, as in `http://TOKEN@HOST:PORT/ratings`, and
            `#form=yes` at the end.
        options: `token`, and `form` for single posts of form fields.
    """
    parts = urlsplit(url)
    options = {**fragment_options(url, ("form",)), **options}
    for name in options:
        if name not in _OPTIONS:
            raise BadSetting(
                f"posting to {parts.scheme}:// knows no option {name!r}",
                hint=choose_from(name, _OPTIONS, "the URL alone"),
            )
    try:
        port = parts.port
    except ValueError:
        port = -1
    if not parts.hostname or port == -1:
        raise BadSetting(
            f"the URL {_host(parts) or url!r} names no host and port to post to",
            hint="Write http://HOST:PORT/ratings",
        )
    token = str(options.get("token") or parts.password or parts.username or "")
    return HttpPublisher(parts, token=token, form=_truth(options.get("form", False)))


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() in {"1", "true", "yes", "on"}


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _path(url: SplitResult) -> str:
    path = url.path if url.path.strip("/") else "/ratings"
    return f"{path}?{url.query}" if url.query else path


def _connect(url: SplitResult) -> HTTPConnection:
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return kind(url.hostname or "", url.port, timeout=_TIMEOUT_SECONDS)


def _seconds(text: str | None) -> float | None:
    """A Retry-After in seconds; one that is a date says nothing here."""
    return min(float(text), _LONGEST_PAUSE) if text and text.isdecimal() else None


def _waited(seconds: float, stopped: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopped():
            return False
        time.sleep(min(left, _ASK_SECONDS))
    return not stopped()
