"""What a post is answered: how many ratings ended in which class, and why some were rejected."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from starwatch.admission.ledger import Class
from starwatch.ports import Receipt
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import Reason
from starwatch.sources.http_door.bodies import Messages

MOST_REJECTS = 100
"""Rejects that an answer lists; it is kept for a day, and `starwatch rejects` lists them all."""

_FEW = 16
"""Up to so many classes are counted without numpy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets.

    Attributes:
        status: 200, or 400 where none of the ratings could be taken.
        body: JSON.
        ratings: How many ratings it is about.
    """

    status: int
    body: bytes
    ratings: int


def answers(
    posts: Sequence[Messages], decoded: Decoded, receipt: Receipt, *, first: int, now_ms: int
) -> list[Answer]:
    """The answers to posts whose messages were decoded, one after the other, and committed.

    Args:
        posts: In order; each message takes a slot.
        decoded: Ratings and rejects of all of them.
        receipt: The class of each rating.
        first: The slot of the first message.
        now_ms: The service's clock.
    """
    ends = np.cumsum([len(post.each) for post in posts]) + first
    cuts = np.searchsorted(decoded.position, ends).tolist()
    rejects: list[list[tuple[int, Reason]]] = [[] for _ in posts]
    for reject in decoded.rejects:
        at = int(np.searchsorted(ends, reject.position, "right"))
        before = int(ends[at]) - len(posts[at].each)
        rejects[at].append((reject.position - before, reject.reason))
    made, start = [], 0
    for post, stop, unread, end in zip(posts, cuts, rejects, ends.tolist(), strict=True):
        classes = receipt.classes[start:stop]
        late_found = np.flatnonzero(classes == Class.REJECTED) if stop - start else ()
        for row in late_found:
            slot = int(decoded.position[start + row]) - (end - len(post.each))
            ahead = decoded.event_ms[start + row] > now_ms
            unread.append((slot, _FUTURE if ahead else _OLD))
        made.append(_answer(post, classes, sorted(unread)))
        start = stop
    return made


_FUTURE, _OLD = Reason.EVENT_TIME_IN_FUTURE, Reason.EVENT_TIME_TOO_OLD
"""The engine itself rejects readable ratings for nothing else."""


def _answer(
    post: Messages, classes: NDArray[np.uint8], rejects: Sequence[tuple[int, Reason]]
) -> Answer:
    received = len(post.each)
    if len(classes) <= _FEW:
        each = classes.tolist()
        counted, duplicate, late = (each.count(kind) for kind in _TAKEN)
    else:
        counted, duplicate, late, _ = np.bincount(classes, minlength=len(Class)).tolist()
    body = {
        "received": received,
        "counted": counted,
        "duplicate": duplicate,
        "late": late,
        "rejected": len(rejects),
        "rejects": [
            {"line": post.lines[slot] if post.lines else slot + 1, "reason": reason}
            for slot, reason in rejects[:MOST_REJECTS]
        ],
    }
    status = 400 if len(rejects) == received else 200
    return Answer(status, msgspec.json.encode(body), received)


_TAKEN = (Class.COUNTED, Class.DUPLICATE, Class.LATE)
