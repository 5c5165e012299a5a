"""Posts between the event loop, which reads them, and the thread that hands them over."""

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition

from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.bodies import Messages

_ENOUGH = 256
"""Ratings that are handed over though others wait for their commit: then decoding them is worth it.

Fewer would wait for the same commit anyway, and are decoded quicker together.
"""

_LINGER_SECONDS = 0.004
"""How long posts wait for others that are expected: about a commit.

Clients that were answered together post again together, but are read one after the other; without
this the first of them has a commit to itself, and all others wait for that. Half of those who are
known to post are waited for, so that one half is read while the other is committed.
"""

_MOST = 8192
"""Ratings handed over at once, but for a larger post: what is decoded meanwhile holds up others."""


@dataclass(slots=True)
class Post:
    """One request that waits for its commit.

    Attributes:
        path: Where it was posted to.
        messages: What it holds.
        size: The bytes of its body.
        key: Its Idempotency-Key; empty without one.
        digest: Of its body; only with a key.
        waiting: Its answer to come; belongs to the event loop.
    """

    path: str
    messages: Messages
    size: int
    key: str
    digest: bytes
    waiting: Future[Answer]


class Waiting:
    """The queue itself; may be used from any thread.

    What is small waits while something is under way, so that many single posts share a delivery
    and a commit.

    Args:
        most_bytes: Bodies that wait at most.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._changed = Condition()
        self._posts: list[Post] = []
        self._ratings = self._bytes = self._under_way = 0
        self._woken = False
        self._needed, self._answered = 1, 0

    @property
    def bytes(self) -> int:
        """How many bytes of bodies wait."""
        return self._bytes

    def put(self, post: Post) -> bool:
        """Put in a post; whether there was room for it."""
        with self._changed:
            if self._posts and self._bytes + post.size > self._most_bytes:
                return False
            self._posts.append(post)
            self._bytes += post.size
            self._ratings += len(post.messages.each)
            if self._due():
                self._changed.notify()
        return True

    def take(self, seconds: float) -> Sequence[Post]:
        """What is due; waits so long for it, or until it is woken."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._due(), seconds)
            self._woken = False
            if not self._due():
                return []
            self._needed = (len(self._posts) + self._answered + 1) // 2
            self._changed.wait_for(self._due, _LINGER_SECONDS)
            self._needed = 1
            return self._some()

    def departed(self) -> None:
        """Some of it is under way to its commit."""
        with self._changed:
            self._under_way += 1

    def landed(self, posts: int) -> None:
        """It is committed, or will not be: so many are answered now."""
        with self._changed:
            self._under_way -= 1
            self._answered = posts
            self._changed.notify()

    def wake(self) -> None:
        """End a wait."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def rest(self) -> Sequence[Post]:
        """All that waits, which nobody will take any more."""
        with self._changed:
            posts, self._posts = self._posts, []
            self._ratings = self._bytes = 0
        return posts

    def _due(self) -> bool:
        together = not self._under_way and len(self._posts) >= self._needed
        return together or self._ratings >= _ENOUGH

    def _some(self) -> Sequence[Post]:
        some: list[Post] = []
        ratings = 0
        for post in self._posts:
            if some and ratings + len(post.messages.each) > _MOST:
                break
            some.append(post)
            ratings += len(post.messages.each)
        del self._posts[: len(some)]
        self._ratings -= ratings
        self._bytes -= sum(post.size for post in some)
        return some
