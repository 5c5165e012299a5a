"""Retention of a state: what is due goes, names first, files when nobody reads them any more."""

import time
from collections.abc import Mapping
from dataclasses import asdict

from starwatch.failpoints import reached
from starwatch.journal.places import Places
from starwatch.journal.pruning import remove
from starwatch.journal.retention import Pruning, Retention, due
from starwatch.journal.schema import nobody_reads_the_past
from starwatch.journal.store import Journal

_FACT = "retention"


def retention_of(journal: Journal, given: Mapping[str, int | None] | None = None) -> Retention:
    """How much a state keeps: what is given, else what it remembers, else the defaults.

    Args:
        journal: Its journal.
        given: Attributes of a `Retention` by name.
    """
    return Retention(**asdict(Retention()) | (journal.fact(_FACT) or {}) | dict(given or {}))


def remember(journal: Journal, given: Mapping[str, int | None]) -> None:
    """Let a state remember how much it is to keep; what is not given stays as it was."""
    if given:
        journal.note({_FACT: (journal.fact(_FACT) or {}) | dict(given)})


def found(journal: Journal, retention: Retention) -> Pruning:
    """What is due now, of what the last commit names."""
    return Pruning.of(due(journal.lots(), retention, time.time_ns() // 1_000_000))


def forgotten(journal: Journal, retention: Retention) -> Pruning:
    """Find what is due and let it go in a commit of its own; its files are still there."""
    pruning = found(journal, retention)
    if pruning:
        reached("prune.found")
        journal.forget(pruning)
    return pruning


class Removal:
    """Removes files that no commit names any more, once nobody sees a commit that names them.

    Args:
        places: Where the parts of the state are.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._waiting: list[Pruning] = []

    def add(self, pruning: Pruning) -> None:
        """Take files that a commit has let go."""
        if pruning:
            self._waiting.append(pruning)

    def attempt(self) -> bool:
        """Remove what nobody may still read; returns whether all is gone.

        What stays is tried again at the next call, and swept away when the state is opened.
        """
        if self._waiting and nobody_reads_the_past(self._places.database):
            for pruning in self._waiting:
                remove(self._places.ratings, self._places.history, pruning)
            self._waiting = []
        return not self._waiting
