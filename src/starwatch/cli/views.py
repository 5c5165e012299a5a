"""What a run shows while it goes on: a table, lines, or how far it is."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from starwatch.service.replaying import Operator
from starwatch.terminal.live import LiveTable
from starwatch.terminal.progress import Done, Progress


def is_terminal() -> bool:
    """Whether standard output is a person's screen."""
    return sys.stdout.isatty()


def watched(given: Mapping[str, Any]) -> bool:
    """Whether a run with these options shows its table, as far as its outputs leave room for it.

    Args:
        given: The options of the command.
    """
    hurried = bool(given["outputs"]) and given["fast"]
    return not given["quiet"] and is_terminal() and not hurried


class TableView:
    """The live table as a view of a run.

    Args:
        table: The table, entered and left by the caller.
    """

    def __init__(self, table: LiveTable) -> None:
        self._table = table

    @property
    def quit(self) -> bool:
        """Whether a person asked for the end."""
        return self._table.quit

    def seconds_to_refresh(self, now: float) -> float:
        """How long it may be left alone."""
        return self._table.seconds_to_refresh(now)

    def refresh_if_due(self, now: float, engine: Operator) -> None:
        """Draw, if it is time to."""
        if self._table.seconds_to_refresh(now) <= 0 and engine.now_ms is not None:
            self._table.refresh_if_due(now, engine.now_ms, engine.watermark_ms)


class ProgressView:
    """The progress line as a view of a run.

    Args:
        progress: The line.
        done: Says how many bytes were read, and how many there are.
    """

    quit = False

    def __init__(self, progress: Progress, done: Callable[[], tuple[int, int]]) -> None:
        self._progress = progress
        self._done = done

    def seconds_to_refresh(self, now: float) -> float:  # noqa: ARG002
        """How long it may be left alone."""
        return 0.2

    def refresh_if_due(self, now: float, engine: Operator) -> None:
        """Draw, if it is time to."""
        read, total = self._done()
        self._progress.update(now, Done(read, total, engine.received))
