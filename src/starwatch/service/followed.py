"""How far the sinks of a job are for certain, and from where on the outbox is kept for them."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starwatch.journal.store import Journal
from starwatch.outbox.budget import Backlog
from starwatch.ports import Cursor

_LOG = logging.getLogger(__name__)

_ALL_ROWS = 1 << 62

_PASSED_OVER = "passed_over"

_SAID_SECONDS = 60.0
"""How long until it is said again that a sink is given up for its oldest rows."""


class Followed:
    """What sinks say of themselves between two commits, and what commits hold of it.

    Only `report` may be called from any thread.

    Args:
        journal: Where commits keep it.
        secured: By sink, how many window rows it holds for certain.
        clock: Seconds that never go back.
        most_bytes: How much may wait in the outbox for sinks that follow it.

    Attributes:
        backlog: How much waits there.
    """

    def __init__(
        self,
        journal: Journal,
        secured: Mapping[str, int],
        *,
        clock: Callable[[], float],
        most_bytes: int | None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self.backlog = Backlog(journal.outbox_sizes(), most_bytes)
        self._secured = dict(secured)
        self._reports: dict[str, Cursor] = {}
        self._passed_over: dict[str, int] = journal.fact(_PASSED_OVER) or {}
        self._said: dict[str, float] = {}  # by sink, when it was last said to be given up

    @property
    def wanted(self) -> bool:
        """Whether any sink wants rows."""
        return bool(self._secured)

    @property
    def waiting(self) -> bool:
        """Whether a report waits for a commit."""
        return bool(self._reports)

    def follow(self, sink: str) -> Cursor:
        """Keep committed rows for a sink that reads them from the journal itself.

        Returns:
            How far it is; a new one begins with the first row that is kept.
        """
        cursor = self._journal.known_cursor(sink)
        if cursor is None:
            cursor = self._reports[sink] = Cursor(self._journal.first_row())
        self._secured[sink] = cursor.rows
        return cursor

    def passed_over(self, sink: str) -> int:
        """How many rows such a sink never got, for they were let go."""
        return self._passed_over.get(sink, 0)

    def report(self, sink: str, cursor: Cursor, passed_over: int = 0) -> None:
        """Say how far such a sink is, and what it never got; may be called from any thread."""
        if passed_over:
            self._passed_over = self._passed_over | {sink: passed_over}
        self._reports[sink] = cursor

    def take(self) -> dict[str, Cursor]:
        """What was reported since the last call, for the next commit."""
        return {sink: self._reports.pop(sink) for sink in list(self._reports)}

    def facts(self) -> dict[str, Any]:
        """What the next commit is to keep besides cursors."""
        return {_PASSED_OVER: self._passed_over} if self._passed_over else {}

    def committed(self, cursors: Mapping[str, Cursor]) -> None:
        """Take note of cursors that a commit holds now."""
        self._secured |= {name: cursor.rows for name, cursor in cursors.items()}

    def rows_done(self, *, bounded: bool) -> int:
        """Before which window row nothing is kept: all have it, or too much waits for some.

        Args:
            bounded: Whether what waits is bounded at all.
        """
        done = min(self._secured.values(), default=_ALL_ROWS)
        if not bounded:
            return done
        kept_from = self.backlog.keep_from(done)
        for sink, rows in self._secured.items():
            if rows < kept_from and self._clock() - self._said.get(sink, -1e9) >= _SAID_SECONDS:
                self._said[sink] = self._clock()
                _LOG.error(
                    "sink %s is given up for its oldest rows, from number %d to %d so far: more"
                    " than may waits for it",
                    sink,
                    rows,
                    kept_from - 1,
                )
        return kept_from
