"""Everything that a job's rows go to, as one."""

from collections.abc import Iterable
from typing import Protocol, Self

from starwatch.ports import Sink
from starwatch.windows.rows import WindowRows


class Observer(Protocol):
    """A view that is told of closed rows, besides what it pulls."""

    def closed(self, rows: WindowRows) -> None:
        """Take closed rows, in order."""


class Outputs:
    """The sinks and observers of one job.

    Args:
        sinks: Opened sinks; closed with this.
    """

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = list(sinks)
        self._observers: list[Observer] = []
        self.rows = 0

    def add(self, sink: Sink) -> None:
        """Take one more opened sink, before the first row."""
        self._sinks.append(sink)

    def observe(self, observer: Observer) -> None:
        """Tell a view of closed rows; it is not closed with this."""
        self._observers.append(observer)

    def write(self, rows: WindowRows) -> None:
        """Give rows to every sink and observer, in order."""
        if not len(rows):
            return
        self.rows += len(rows)
        for sink in self._sinks:
            sink.write(rows)
        for observer in self._observers:
            observer.closed(rows)

    def flush(self) -> None:
        """Make what was written visible to readers."""
        for sink in self._sinks:
            sink.flush()

    def __enter__(self) -> Self:
        """They are open from the start."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Close every sink; after an error, a file that only counts when it is whole is not."""
        self.close(whole=error is None)

    def close(self, *, whole: bool = True) -> None:
        """Close every sink, even where one fails; the first failure is raised behind the last."""
        failures = []
        for sink in self._sinks:
            try:
                if whole:
                    sink.close()
                else:
                    sink.abandon()
            except Exception as error:  # noqa: BLE001 - the others are closed first
                failures.append(error)
        if failures:
            raise failures[0]
