"""The HTTP door as a live source: what was posted is handed over, and answered when committed."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.failpoints import reached
from starwatch.ports import Delivery, Door
from starwatch.ratings.scale import Scale
from starwatch.sources.http_door.answers import Answer
from starwatch.sources.http_door.bodies import USUAL
from starwatch.sources.http_door.kept import KeptAnswers, record
from starwatch.sources.http_door.limits import DoorLimits
from starwatch.sources.http_door.load import NOTE, Load, decoded_posts
from starwatch.sources.http_door.openings import Openings
from starwatch.sources.http_door.waiting import Post, Waiting
from starwatch.status import DoorFigures

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

PATH = "/ratings"
"""Where ratings are posted to, if nothing else is said."""

_LOOK_SECONDS = 0.25
"""How often the thread looks whether the service stops."""

_FORGET_SECONDS = 60.0
"""How often the state is told what to forget: it looks through all of it then."""

NOT_TAKEN = Answer(
    503, b'{"error":"no ratings are taken now, and nothing of these was; post them again"}', 0
)
BROKEN = Answer(500, b'{"error":"the ratings could not be taken; the log says why"}', 0)
UNKNOWN = Answer(
    503,
    b'{"error":"it is unknown whether the ratings will be committed; '
    b'post them again with the same Idempotency-Key"}',
    0,
)


class HttpSource:
    """The source `http`; each path is a partition.

    The event loop of a server gives it posts by `put`; its own thread, `run`, decodes what has
    gathered and hands it over. It keeps what it acknowledged over any crash, and answers a post
    that is sent again with the same Idempotency-Key as it did before.

    Args:
        input: How messages are to be read.
        scale: The scale of the stars.
        paths: Where ratings are posted to.
        limits: Bounds.

    Attributes:
        fields: Names of form fields that are read, in small letters.
    """

    name = "http"
    own_time = False

    def __init__(
        self,
        input: InputOptions,  # noqa: A002 - the name in `SourceContext`
        scale: Scale,
        *,
        paths: Sequence[str] = (PATH,),
        limits: DoorLimits = DoorLimits(),  # noqa: B008 - a frozen value
    ) -> None:
        # configuration
        self.paths = tuple(dict.fromkeys(paths))
        self.limits = limits
        self.fields = USUAL | {str(name).lower() for name in input.columns.values()}
        self._messages = JsonMessages(input, scale)
        # state
        self.kept = KeptAnswers(limits)
        self.posts: Counter[int] = Counter()
        self._waiting = Waiting(limits.waiting_bytes)
        self.openings = Openings(self.paths, self._waiting.wake)
        self._under_way: set[Future[Answer]] = set()
        self._loop: AbstractEventLoop | None = None
        self._door: Door | None = None
        self._running = self._abandoned = False
        self._let_go_ms: int | None = None
        self._forgot_ms = 0
        self._slots: dict[int, int] = {}

    @property
    def ready(self) -> bool:
        """Whether posts can be taken: the source runs, and the service does not stop."""
        return self._running and self._door is not None and not self._door.stopping

    @property
    def begins(self) -> bool:
        """Whether it never ran, and will soon."""
        return self._door is None and not self._abandoned

    def figures(self) -> DoorFigures:
        """What metrics tell of it."""
        oldest, door = self.kept.oldest_ms(), self._door
        age = (door.now_ms() - oldest) / 1000 if door and oldest is not None else 0.0
        return DoorFigures(dict(self.posts), len(self.kept), age, self._waiting.bytes)

    # Called in the event loop of the server

    def put(self, post: Post) -> bool:
        """Take a post that was read; whether there was room for it."""
        if not self._waiting.put(post):
            return False
        self._loop = post.waiting.get_loop()
        self._under_way.add(post.waiting)
        post.waiting.add_done_callback(self._under_way.discard)
        if post.key:
            self.kept.begin(post.key, post.digest, post.waiting)
        return True

    def redelivered(self, number: int) -> None:
        """So many ratings were posted again, and are committed already."""
        if self._door is not None:
            self._door.redelivered(number)

    # Called from any thread

    def abandon(self) -> None:
        """Answer all that will never be committed; called behind the end of the service."""
        self._abandoned = True
        self._in_loop(self._abandon)

    # The thread of the source

    def run(self, door: Door) -> None:
        """Hand over what is posted, until the service stops."""
        if self._door is None:
            self._remember(door)
        self.openings.begin(door)
        self._door, self._running = door, True
        try:
            while not door.stopping:
                soon = self.openings.settle()
                posts = self._waiting.take(_LOOK_SECONDS if soon is None else soon)
                for path in dict.fromkeys(post.path for post in posts):
                    self._hand_over(door, [post for post in posts if post.path == path])
        finally:
            self._running = False
            self._refuse(self._waiting.rest(), NOT_TAKEN)

    def _remember(self, door: Door) -> None:
        noted = door.remembered().items()
        self.kept.load({key.removeprefix(NOTE): v for key, v in noted if key.startswith(NOTE)})

    def _hand_over(self, door: Door, posts: Sequence[Post]) -> None:
        """Decode the posts of one path and hand them over as one delivery."""
        partition = self.openings.number(posts[0].path)
        first = self._slots.setdefault(partition, door.position(partition))
        taken, refusal = False, BROKEN
        self._waiting.departed()
        try:
            decoded = decoded_posts(self._messages, posts, first)
            load = Load(posts, decoded, first=first, now_ms=door.now_ms, done=self._committed)
            size = sum(post.size for post in posts)
            taken = door.deliver(
                Delivery(partition, decoded, size, (), load.committed, load.outcome_notes)
            )
            refusal = NOT_TAKEN
        finally:
            if not taken:
                self._waiting.landed(len(posts))
                self._refuse(posts, refusal)
        if taken:
            self._slots[partition] = first + decoded.slots

    # The thread of the engine

    def _committed(self, load: Load) -> None:
        reached("http.committed")
        self._waiting.landed(len(load.posts))
        self._in_loop(self._resolve, load.posts, load.answers)

    # Answers are given in the event loop

    def _refuse(self, posts: Sequence[Post], answer: Answer) -> None:
        self._in_loop(self._resolve, posts, [answer] * len(posts))

    def _in_loop(self, call: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the server has ended, and nobody waits
                self._loop.call_soon_threadsafe(call, *arguments)

    def _resolve(self, posts: Sequence[Post], made: Sequence[Answer]) -> None:
        now_ms = self._door.now_ms() if self._door is not None else 0
        for post, answer in zip(posts, made, strict=True):
            if post.key:
                value = record(post.digest, answer) if answer.ratings else None
                self.kept.end(post.key, value, now_ms)
            if not post.waiting.done():
                post.waiting.set_result(answer)
        self._forget(self.kept.let_go(now_ms), now_ms)

    def _forget(self, before_ms: int | None, now_ms: int) -> None:
        """Have the state forget what was let go, from time to time."""
        self._let_go_ms = before_ms or self._let_go_ms
        due = now_ms - self._forgot_ms >= _FORGET_SECONDS * 1000
        if self._door is not None and self._let_go_ms is not None and due:
            self._door.forget(self._let_go_ms)
            self._let_go_ms, self._forgot_ms = None, now_ms

    def _abandon(self) -> None:
        for waiting in list(self._under_way):
            if not waiting.done():
                waiting.set_result(UNKNOWN)
