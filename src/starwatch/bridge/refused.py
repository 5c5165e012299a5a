"""Messages that cannot be delivered: kept in a file before they are acknowledged."""

import base64
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Event, Thread

import msgspec

from starwatch.disk import sync_folder
from starwatch.errors import BadSetting
from starwatch.service.pauses import Pauses

_LOG = logging.getLogger(__name__)

_SAY_SECONDS = 10.0
"""Between two lines about refused messages; a flood of them is no flood of lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Refusal:
    """A message that is to be kept.

    Attributes:
        payload: As it came.
        origin: Where from: a topic, a path.
        reason: Why it is refused.
        kept: Called when it is on the disk.
    """

    payload: bytes
    origin: str
    reason: str
    kept: Callable[[], None]


class RefusedFile:
    """A file of JSON lines that grows, written by a thread of its own.

    Guarantee: `kept` is called behind fsync. Where the disk is full it is tried until there is
    room; what broke in the middle is cut off again, so no other process may write to the file. A
    line is `at`, `from`, `reason`, and `raw` or, where that is no UTF-8, `raw_base64`.

    Args:
        path: The file; made with the first message.

    Raises:
        BadSetting: it could not be made.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            raise BadSetting(
                f"refused messages cannot be kept in {path}", hint="Name a file with --refused"
            )
        self.path = path
        self._changed = Condition()
        self._waiting: list[Refusal] = []
        self._closing = Event()
        self._said_at, self._unsaid = -_SAY_SECONDS, 0
        self._thread = Thread(target=self._run, name="refused", daemon=True)
        self._thread.start()

    def put(self, refusal: Refusal) -> None:
        """Have a message kept; never waits."""
        with self._changed:
            self._waiting.append(refusal)
            self._changed.notify()

    def close(self) -> None:
        """Keep what waits if that can be done at once, and end. Safe to call twice."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        self._thread.join(5)

    def _run(self) -> None:
        pauses = Pauses()
        while some := self._next():
            while True:
                try:
                    self._write(some)
                except OSError as error:
                    why = (error.strerror or str(error)).lower()
                    _LOG.error("refused messages cannot be kept in %s: %s", self.path, why)
                    if self._closing.wait(pauses.next()):
                        return
                else:
                    pauses.reset()
                    break
            for each in some:
                each.kept()
            self._say(some)

    def _next(self) -> Sequence[Refusal]:
        """What waits; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
            some, self._waiting = self._waiting, []
        return some

    def _write(self, some: Sequence[Refusal]) -> None:
        """Add lines; where that breaks in the middle, none of them."""
        left = memoryview(msgspec.json.Encoder().encode_lines(list(map(_line, some))))
        with self.path.open("ab", buffering=0) as file:  # a buffer would be written once more
            before = file.tell()
            try:
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise
        if not before:
            sync_folder(self.path.parent)

    def _say(self, some: Sequence[Refusal]) -> None:
        self._unsaid += len(some)
        if time.monotonic() - self._said_at >= _SAY_SECONDS:
            said = "1 message" if self._unsaid == 1 else f"{self._unsaid:,} messages"
            _LOG.warning(
                "%s refused and kept in %s; the last one: %s", said, self.path, some[-1].reason
            )
            self._said_at, self._unsaid = time.monotonic(), 0


def _line(refusal: Refusal) -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {"at": now, "from": refusal.origin, "reason": refusal.reason}
    try:
        return head | {"raw": refusal.payload.decode()}
    except UnicodeDecodeError:
        return head | {"raw_base64": base64.b64encode(refusal.payload).decode()}
