"""Rows as JSON by POST to a web address (`--sink https://shop.example/windows`)."""

import base64
import hashlib
import hmac
import os
from urllib.parse import unquote

from starwatch.errors import BadSetting, OutputFailed, RowRefused
from starwatch.ports import Cursor, RowContext
from starwatch.settings.variables import WEBHOOK_SECRET
from starwatch.sinks.json_rows import row_texts
from starwatch.sinks.posting import Answer, Post, Unanswered
from starwatch.sinks.urls import SinkUrl, fragment_options, split_url
from starwatch.windows.rows import WindowRows

OPTIONS = {"batch", "timeout", "cafile"}

BATCH_ROWS = 500
"""Rows in a post: some 100 kB, which every receiver takes by default."""

_TAKEN = range(200, 300)

_DIGEST_BYTES = 8
"""Of a body, in its key: the numbers of its rows stand there too, so that only bodies of the same
numbers need to be told apart."""

_OF_ONE_ROW = {400, 413, 422}
"""What a receiver says of a body and not of itself; everything else is tried again."""


def open_sink(target: str, context: RowContext, *, name: str, cursor: Cursor) -> "WebhookSink":
    """Connect with the first rows; see `WebhookSink`."""
    return WebhookSink(target, context, name=name, cursor=cursor)


def check_target(target: str) -> None:
    """See whether a URL can be used; connects to nothing.

    Raises:
        BadSetting: it cannot.
    """
    _taken_apart(target)


class WebhookSink:
    """Rows in batches, each a JSON array in the body of a POST.

    Guarantee: at least once, in order; a batch is certain when it was answered with 2xx. Each says
    in headers which rows it holds, so that a receiver can pass over what it has. A batch that was
    not answered is sent again, under the same key; no other body ever has that key, also where a
    state was put back to an earlier moment and gives its numbers to other rows.

    400, 413 and 422 are a `RowRefused`, for which batches are halved until the row is found; any
    other answer, redirects among them, or none in time, is an `OutputFailed`. Nothing is called
    after `close`, but for `close` and `secured`.

    Args:
        target: The address; user and password before the host are sent as HTTP Basic. Behind `#`,
            which no receiver ever sees, `batch` in rows, `timeout` in seconds, `cafile` for TLS.
        context: The job, its products, and whose rows they are.
        name: What the journal keeps the cursor under.
        cursor: Where it goes on.

    Raises:
        BadSetting: the address cannot be used.
    """

    lasting = True

    def __init__(self, target: str, context: RowContext, *, name: str, cursor: Cursor) -> None:
        self.name = name
        self._context = context
        self._cursor = cursor
        self._post, self._batch = _taken_apart(target)
        self._secret = os.environ.get(WEBHOOK_SECRET, "").encode()

    def write(self, rows: WindowRows) -> None:
        """Post these rows, a batch at a time."""
        for start in range(0, len(rows), self._batch):
            batch = rows.take(slice(start, start + self._batch))
            self._send(row_texts(batch, self._context).to_pylist())
            self.skip(len(batch))

    def skip(self, number: int) -> None:
        """Count rows that are not given."""
        self._cursor = Cursor(self._cursor.rows + number)

    def secured(self) -> Cursor:
        """Say how far the last batch went that was answered."""
        return self._cursor

    def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        self._post.close()

    def _send(self, lines: list[str]) -> None:
        body = f"[{','.join(line.rstrip() for line in lines)}]".encode()
        try:
            answer = self._post.send(body, self._headers(body, len(lines)))
        except Unanswered as error:
            raise OutputFailed(
                f"{self.name} cannot be written: {error}", hint="See that the receiver runs"
            ) from None
        if answer.status not in _TAKEN:
            raise self._refusal(answer)

    def _headers(self, body: bytes, rows: int) -> dict[str, str]:
        first = self._cursor.rows
        state = self._context.origin.state
        numbers = f"{first}-{first + rows - 1}"
        digest = hashlib.sha256(body).digest()[:_DIGEST_BYTES].hex()
        headers = {
            "Content-Type": "application/json",
            "Starwatch-State": state,
            "Starwatch-Rows": numbers,
            "Idempotency-Key": f"{state}-{numbers}-{digest}",
        }
        if self._secret:
            signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
            headers["Starwatch-Signature"] = f"sha256={signature}"
        return headers

    def _refusal(self, answer: Answer) -> OutputFailed:
        said = f"{answer.status} {answer.reason}".strip()
        if answer.status in _OF_ONE_ROW:
            return RowRefused(f"{self.name} refuses a row: {said} {answer.text}".strip())
        hint = "See why the receiver says so"
        if answer.location:
            hint = "Redirects are not followed; give the address where it wants to be written to"
        return OutputFailed(f"{self.name} answers {said}", hint=hint)


def _taken_apart(target: str) -> tuple[Post, int]:
    """Where to post to, and how many rows at once."""
    parts = split_url(target)
    options = fragment_options(target, OPTIONS)
    given = SinkUrl(parts.scheme, parts.hostname or "", options=options)
    if not parts.hostname:
        raise BadSetting(f"the address {parts.scheme}://… names no host")
    headers = {}
    if parts.username is not None:
        both = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    post = Post(
        host=parts.hostname,
        port=parts.port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        secure=parts.scheme == "https",
        cafile=options.get("cafile"),
        timeout=given.timeout,
        headers=headers,
    )
    return post, int(given.number("batch", BATCH_ROWS, lowest=1, whole=True))
