"""The thread that follows the journal of a state, as any reader may: what is committed it takes.

It asks SQLite whether anything was committed, at once when the writer in the same process says so,
and else five times a second; what was committed meanwhile is taken together.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, RLock, Thread

from starwatch.errors import BadState, StarwatchError
from starwatch.history.panes import COLUMNS
from starwatch.history.tiers import DAY_MS
from starwatch.journal.places import Places
from starwatch.journal.store import Journal
from starwatch.journal.watching import Watch
from starwatch.views.moment import Moment, Moments
from starwatch.views.past import PaneReader
from starwatch.views.picture import Counted, Picture, lost

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.2
"""Between two commits that are seen, or two looks for one: as many as an eye takes in."""

_LONGEST_SECONDS = 1.0
_SHARE = 0.05
"""Of a core: where looks take more, as beside a replay at full speed, they are rarer, up to that
long. Many ratings at once cost much less than few at a time."""

_TAIL = 200
"""The last entries that files hold already: when their ratings came tells, as a state is opened,
how many come a second; a minute at most."""

_PORTION = 1 << 19
"""Ratings that are decoded and counted at once: a journal may hold many millions."""

_ATTEMPTS = 5
"""Files may be let go between two looks; it is looked again."""


class Follower:
    """Keeps a picture of a state up to date.

    Args:
        directory: The state directory.
        committed: Set by a writer in this process with each commit; None: there is none.
        changed: Called by the thread when the picture has changed, with the lock held: nobody sees
            the new picture before. It must not wait for anything.
        memory: Bytes of panes that are kept in memory at most.

    Attributes:
        lock: Held while the picture changes, and by whoever reads it.
        picture: None before a run has begun in the state.
        moment: The state as it was seen last; None before it was.
        trouble: Why it cannot be read at the moment; empty where it can.
    """

    def __init__(
        self,
        directory: Path,
        committed: Event | None,
        changed: Callable[[], None],
        memory: int,
    ) -> None:
        self.lock = RLock()
        self.picture: Picture | None = None
        self.moment: Moment | None = None
        self.trouble = ""
        self.reader: PaneReader | None = None
        self._places = Places(directory)
        self._committed = committed or Event()
        self._changed = changed
        self._memory = memory
        self._closing = Event()
        self._opened = Event()
        self._looked = Event()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, name="views", daemon=True)

    def start(self) -> None:
        """Read what there is, then go on beside the caller.

        Raises:
            MissingInput: there is no state.
            BadState: it is broken.
            NewerState: a newer Starwatch made it.
        """
        self._thread.start()
        self._opened.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def close(self) -> None:
        """End the thread; safe to call twice."""
        self._closing.set()
        self._committed.set()
        self._thread.join()

    def look(self) -> None:
        """Look now, and wait until it is done or some time has passed."""
        self._looked.clear()
        self._committed.set()
        self._looked.wait(2 * _PAUSE_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with closing(Watch(self._places.database)) as watch:
                    self._follow(watch)
            except Exception as error:  # told to whoever opens it, or shown  # noqa: BLE001
                self._failed(error)
                self._closing.wait(_PAUSE_SECONDS)

    def _follow(self, watch: Watch) -> None:
        """Take all that is committed, until the database is another one."""
        with closing(Journal(self._places.database, reading=True)) as journal:
            moments = Moments(journal)
            watch.changed()  # from here on
            self._build(journal, moments)
            before = 0.0
            while not self._closing.is_set() and not watch.replaced():
                began, used = time.monotonic(), time.thread_time()
                self._committed.clear()
                if watch.changed():
                    self._refresh(journal, moments)
                    self._looked.set()
                    busy = time.thread_time() - used
                    pause = _pause(min(before, busy))  # one long look says nothing of the next
                    before = busy
                    self._closing.wait(max(began + pause - time.monotonic(), 0))
                else:  # what is committed next is seen at once
                    self._looked.set()
                    self._committed.wait(_PAUSE_SECONDS)

    def _failed(self, error: Exception) -> None:
        told = _unreadable(self._places, error) if isinstance(error, OSError) else error
        if not self._opened.is_set():
            self._failure = told
            self._closing.set()
            self._opened.set()
        elif self.trouble != str(told):
            known = isinstance(told, StarwatchError)
            _LOG.warning("the state cannot be shown: %s", told, exc_info=None if known else error)
            with self.lock:
                self.trouble = str(told)
                self._changed()

    def _show(self, moment: Moment) -> None:
        """Have the picture seen as that of a moment; the lock is held."""
        self.moment, self.trouble = moment, ""
        self._changed()
        self._opened.set()

    def _build(self, journal: Journal, moments: Moments) -> None:
        """Read the whole state anew."""
        for _ in range(_ATTEMPTS):
            try:
                with journal.at_one_moment():
                    moment = moments.now()
                    picture = self._picture(journal, moment)
            except FileNotFoundError as error:
                gone = error
                continue
            with self.lock:
                self.picture = picture
                self._show(moment)
            return
        raise BadState(f"{gone.filename} is not there", hint="Restore a backup of the state")

    def _picture(self, journal: Journal, moment: Moment) -> Picture | None:
        if moment.job is None:
            return None
        self.reader = PaneReader(self._places.history, moment.job.scale.steps)
        picture = Picture(moment.job, self.reader, moment, self._memory)
        upto = moment.panes_upto
        for portion in journal.portions(upto - _TAIL, upto, columns=COLUMNS, most=_PORTION):
            picture.arrivals.take(portion.ratings, moment.job)
        for portion in journal.portions(upto, columns=COLUMNS, most=_PORTION):
            picture.take(moment, [picture.counted(portion)])
            picture.unfiled = picture.tidied()
        return picture

    def _refresh(self, journal: Journal, moments: Moments) -> None:
        """Take what was committed since the last time."""
        picture = self.picture
        if picture is None:
            self._build(journal, moments)
            return
        with journal.at_one_moment():
            moment = moments.now()
            taken = _goes_on(picture, moment) and self._take(journal, picture, moment)
        if not taken:
            self._build(journal, moments)

    def _take(self, journal: Journal, picture: Picture, moment: Moment) -> bool:
        """Go on to a moment, inside which this is called; False where that cannot be.

        What takes long, counting ratings, is done without the lock.
        """
        portions = journal.portions(picture.seen, columns=COLUMNS, most=_PORTION)
        fresh = [picture.counted(portion) for portion in portions]
        if not _joins(picture.seen, fresh, moment):
            return False
        again = None
        if picture.is_cut(moment, fresh):
            portions = journal.portions(moment.panes_upto, columns=COLUMNS, most=_PORTION)
            again = [picture.counted(portion) for portion in portions]
        try:
            with self.lock:
                picture.take(moment, fresh)
                picture.file(again)
                self._show(moment)
        except FileNotFoundError:  # a backfill's file went before it was read
            return False
        tidied = picture.tidied()
        with self.lock:
            picture.unfiled = tidied
        return True


def _pause(busy: float) -> float:
    """Seconds from one look to the next, by what the look took of a core."""
    return min(max(busy / _SHARE, _PAUSE_SECONDS), _LONGEST_SECONDS)


def _goes_on(picture: Picture, moment: Moment) -> bool:
    """Whether a picture can be brought forward: same rules, and all days are there."""
    before = picture.moment
    if moment.job != picture.job or before.since_ms.get(DAY_MS) != moment.since_ms.get(DAY_MS):
        return False
    return not any(file.tier_ms == DAY_MS for file in lost(before.files, moment.files))


def _joins(seen: int, fresh: Sequence[Counted], moment: Moment) -> bool:
    """Whether entries follow the last one that was seen: none was sealed and forgotten between."""
    if fresh:
        return fresh[0].first == seen + 1
    return moment.panes_upto <= seen


def _unreadable(places: Places, error: OSError) -> BadState:
    return BadState(
        f"the state in {places.directory} cannot be read ({error.strerror or error})",
        hint="See to it that you may read it",
    )
