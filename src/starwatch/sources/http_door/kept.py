"""Answers kept by Idempotency-Key, so that a post that is sent again counts once (§6)."""

import hashlib
from asyncio import Future
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.limits import DoorLimits

_HOUR_MS = 3_600_000
_DIGEST = 16


def digest(path: str, body: bytes) -> bytes:
    """What tells two posts apart, by path and body, 16 bytes."""
    return hashlib.blake2b(path.encode() + b"\0" + body, digest_size=_DIGEST).digest()


def record(body_digest: bytes, answer: Answer) -> bytes:
    """An answer as it is noted with the commit of its ratings."""
    numbers = answer.status.to_bytes(2, "big") + answer.ratings.to_bytes(4, "big")
    return body_digest + numbers + answer.body


@dataclass(frozen=True, slots=True)
class Known:
    """What was posted under a key before.

    Attributes:
        digest: Of the body.
        answer: What it was answered; None while it waits for its commit.
        waiting: The answer to come.
    """

    digest: bytes
    answer: Answer | None
    waiting: Future[Answer] | None = None


class KeptAnswers:
    """The answers of the last day, by key; used from one thread, that of the event loop.

    Args:
        limits: How many are kept, and how long.
    """

    def __init__(self, limits: DoorLimits) -> None:
        self._most = limits.keys
        self._keep_ms = int(limits.key_hours * _HOUR_MS)
        # By the age of the answers; a plain dict finds its first entry slowly behind removed ones.
        self._kept: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._waiting: dict[str, tuple[bytes, Future[Answer]]] = {}

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._kept)

    def load(self, remembered: Mapping[str, tuple[bytes, int]]) -> None:
        """Take what earlier runs noted."""
        self._kept = OrderedDict(sorted(remembered.items(), key=lambda item: item[1][1]))

    def find(self, key: str) -> Known | None:
        """What was posted under this key, if it is known; no key is none."""
        if key in self._waiting:
            body_digest, waiting = self._waiting[key]
            return Known(body_digest, None, waiting)
        if key not in self._kept:
            return None
        value, _ = self._kept[key]
        status, ratings = value[_DIGEST : _DIGEST + 2], value[_DIGEST + 2 : _DIGEST + 6]
        answer = Answer(
            int.from_bytes(status, "big"), value[_DIGEST + 6 :], int.from_bytes(ratings, "big")
        )
        return Known(value[:_DIGEST], answer)

    def begin(self, key: str, body_digest: bytes, waiting: Future[Answer]) -> None:
        """A post under this key is on its way; others with the key wait for its answer."""
        self._waiting[key] = body_digest, waiting

    def end(self, key: str, value: bytes | None, now_ms: int) -> None:
        """It has its answer, noted as `value`; or none, and the key may be used anew."""
        self._waiting.pop(key, None)
        if value is not None:
            self._kept.pop(key, None)
            self._kept[key] = value, now_ms

    def let_go(self, now_ms: int) -> int | None:
        """Forget what is too old, or too much; what was noted before which moment, or None."""
        before = None
        while self._kept:
            key, (_, made_ms) = next(iter(self._kept.items()))
            young = made_ms >= now_ms - self._keep_ms and len(self._kept) <= self._most
            if young and before != made_ms + 1:  # those of one moment go together
                break
            del self._kept[key]
            before = made_ms + 1
        return before

    def oldest_ms(self) -> int | None:
        """When the oldest answer was noted."""
        return next((made_ms for _, made_ms in self._kept.values()), None)
