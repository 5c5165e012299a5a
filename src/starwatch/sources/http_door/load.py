"""Posts that are handed over together, and what they are answered."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from starwatch.codecs.messages import JsonMessages
from starwatch.ports import Receipt
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import RAW_LIMIT
from starwatch.sources.http_door.answers import Answer, answers
from starwatch.sources.http_door.kept import record
from starwatch.sources.http_door.waiting import Post

NOTE = "key:"
"""What stands before a key among the notes of the source."""


class Load:
    """One delivery's posts.

    Args:
        posts: In the order of their messages.
        decoded: Those messages.
        first: The slot of the first one.
        now_ms: The service's clock.
        done: Called behind the commit, by the thread of the engine.
    """

    def __init__(
        self,
        posts: Sequence[Post],
        decoded: Decoded,
        *,
        first: int,
        now_ms: Callable[[], int],
        done: Callable[["Load"], None],
    ) -> None:
        self.posts = posts
        self.answers: Sequence[Answer] = ()
        self._decoded, self._first = decoded, first
        self._now_ms, self._done = now_ms, done

    def outcome_notes(self, receipt: Receipt) -> Sequence[tuple[str, bytes]]:
        """Make the answers; those with a key are kept with the commit."""
        self.answers = answers(
            [post.messages for post in self.posts],
            self._decoded,
            receipt,
            first=self._first,
            now_ms=self._now_ms(),
        )
        return [
            (NOTE + post.key, record(post.digest, answer))
            for post, answer in zip(self.posts, self.answers, strict=True)
            if post.key
        ]

    def committed(self, receipt: Receipt) -> None:
        """The ratings are on the disk."""
        del receipt
        self._done(self)


def decoded_posts(codec: JsonMessages, posts: Sequence[Post], first: int) -> Decoded:
    """The messages of posts, one after the other; rejects of forms look as they were posted."""
    each = [message for post in posts for message in post.messages.each]
    decoded = codec.decode(each, first=first)
    if not decoded.rejects or not any(post.messages.form for post in posts):
        return decoded
    forms, slot = {}, first
    for post in posts:
        if post.messages.form:
            forms[slot] = post.messages.form[:RAW_LIMIT]
        slot += len(post.messages.each)
    rejects = tuple(
        replace(reject, raw=forms.get(reject.position, reject.raw)) for reject in decoded.rejects
    )
    return replace(decoded, rejects=rejects)
