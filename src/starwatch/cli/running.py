"""Wires one run together: engine, sinks, views, kept files, Ctrl-C, summary."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from starwatch.cli.views import ProgressView, TableView, is_terminal
from starwatch.engine import Engine
from starwatch.errors import BadSetting, RunError
from starwatch.ports import FileReader, RowContext
from starwatch.ratings.batch import Batch
from starwatch.replay.events import Event
from starwatch.replay.pace import ReplayOptions
from starwatch.replay.timeline import timeline
from starwatch.service.kept import KeptFile, late_lines, reject_lines
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import NoPacing, Pacing
from starwatch.service.replaying import Keeping, Replay, Unseen, View
from starwatch.service.stop import Stop
from starwatch.sinks.registry import STDOUT, Output, open_output, parse_outputs
from starwatch.terminal.plain import PlainLines
from starwatch.terminal.progress import Progress
from starwatch.terminal.summary import Outcome, summary
from starwatch.windows.job import Job

INTERRUPTED = 130
"""Exit code of a run that Ctrl-C ended, as shells have it."""


def start_now_ms(job: Job) -> int:
    """t0 where the user does not say: now, rounded down to the largest slide."""
    return int(time.time() * 1000) // job.largest_slide_ms * job.largest_slide_ms


def refuse_overwriting(targets: Sequence[str], inputs: Sequence[str]) -> None:
    """Refuse to write into a file that is read, or into one file twice.

    Raises:
        BadSetting: a target is an input, or another target.
    """
    read = {_identity(file) for file in inputs}
    written: set[object] = set()
    for target in targets:
        path, identity = Path(target), _identity(target)
        if identity in read:
            raise BadSetting(f"{target} is an input, and writing would destroy it", hint=_ELSEWHERE)
        if identity in written and (path.is_file() or not path.exists()):
            raise BadSetting(f"two outputs would write to {target}", hint=_ELSEWHERE)
        written.add(identity)


def _identity(file: str) -> object:
    """What two names of one file have in common, links of either kind among them."""
    path = Path(file).resolve()
    try:
        found = path.stat()
    except OSError:
        return path
    return found.st_dev, found.st_ino


def _written_files(outputs: Sequence[Output]) -> list[str]:
    """The files that outputs write to; Parquet has one of its own until it is whole."""
    files = [output.target for output in outputs if output.target != STDOUT]
    return files + [f"{each.target}.part" for each in outputs if each.sink == "parquet"]


_ELSEWHERE = "Give each output a file of its own"


def _readable(events: Iterable[Event]) -> Iterator[Event]:
    """The same events, the first ratings read: an input that is none empties no output."""
    rest = iter(events)
    first: list[Event] = []
    for event in rest:
        first.append(event)
        if isinstance(event, Batch):
            break
    return chain(first, rest)


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """A flag that Ctrl-C and SIGTERM set; a second Ctrl-C ends the program at once."""
    stop = Stop()

    def ask(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    # Arrow's CSV reader would take Ctrl-C for itself and give up its block.
    pa.enable_signal_handlers(False)
    try:
        yield stop
    finally:
        pa.enable_signal_handlers(True)
        for number, handler in before.items():
            signal.signal(number, handler)


class Run:
    """One run of a replay as a user sees it.

    Args:
        job: The rules.
        given: The options of the command, as `output_options` names them, and `fast`.
        file_names: What rejects and late ratings are said to come from, by partition.
        names: From product id to name, if there is a catalogue.
    """

    def __init__(
        self,
        job: Job,
        given: Mapping[str, Any],
        file_names: Sequence[str],
        names: Callable[[str], str] | None = None,
    ) -> None:
        self._engine = Engine(job)
        self._context = RowContext(job, self._engine.products)
        self._given = given
        self._sinks = parse_outputs(given["outputs"])
        self._file_names = file_names
        self._names = names
        self._readers: Sequence[FileReader] = ()

    def replay(
        self, open_readers: Callable[[], Sequence[FileReader]], options: ReplayOptions, *, one: bool
    ) -> int:
        """Play files; returns the exit code.

        Raises:
            BadSetting: an output would overwrite one of them, or another output.
        """
        written = _written_files(self._sinks)
        kept = [file for file in (self._given["rejects"], self._given["late"]) if file]
        refuse_overwriting([*written, *kept], self._file_names)

        def opened() -> Sequence[FileReader]:
            self._readers = open_readers()
            return self._readers

        return self.play(
            timeline(opened, options),
            start_ms=options.start_ms,
            one_partition=one,
            batch_rows=options.batch_rows,
        )

    def play(
        self, events: Iterable[Event], *, start_ms: int, one_partition: bool, batch_rows: int
    ) -> int:
        """Play events until they end or a person ends them; returns the exit code."""
        begun = time.monotonic()
        with ExitStack() as stack:
            stop = stack.enter_context(stopped_by_signals())
            events = _readable(events)
            outputs = self._outputs()
            stack.push(lambda _, error, __: self._summarise(outputs, begun, error))
            stack.enter_context(outputs)
            replay = Replay(
                self._engine,
                outputs,
                pacing=self._pacing(start_ms, stop),
                stop=stop,
                view=self._view(stack, outputs),
                keeping=self._keeping(stack),
                one_partition=one_partition,
                batch_rows=batch_rows,
            )
            ended = replay.run(events)
        self._check_books()
        return 0 if ended else INTERRUPTED

    def _pacing(self, start_ms: int, stop: Stop) -> Pacing:
        return NoPacing(start_ms, stop) if self._given["fast"] else Pacing(start_ms, stop)

    def _outputs(self) -> Outputs:
        """All sinks, opened; where one cannot be, those before it are closed again."""
        with ExitStack() as opened:
            sinks = [
                opened.enter_context(closing(open_output(output, self._context)))
                for output in self._sinks
            ]
            opened.pop_all()
        return Outputs(sinks)

    def _view(self, stack: ExitStack, outputs: Outputs) -> View:
        """A table on a free terminal, else lines on a free standard output, else progress."""
        written = bool(self._sinks)
        free = all(output.target != STDOUT for output in self._sinks)
        if self._given["quiet"]:
            return Unseen()
        if free and is_terminal() and not (written and self._given["fast"]):
            from starwatch.terminal.live import LiveTable  # noqa: PLC0415 - imports rich
            from starwatch.terminal.order import SortKey  # noqa: PLC0415

            sort = SortKey(self._given["sort"])
            table = LiveTable(self._engine, self._context, sort=sort, names=self._names)
            stack.enter_context(table)
            outputs.observe(table)
            return TableView(table)
        if not written:
            outputs.add(PlainLines(self._context))
        progress = Progress()
        stack.callback(progress.close)
        return ProgressView(progress, self._bytes_done)

    def _keeping(self, stack: ExitStack) -> Keeping:
        """Files for what is not counted, where they were asked for."""
        rejects, late, names = self._given["rejects"], self._given["late"], self._file_names
        scale = self._context.job.scale
        keep_reject = keep_late = None
        if rejects:
            refused = stack.enter_context(closing(KeptFile(rejects)))
            keep_reject = lambda some: refused.write(reject_lines(some, names))  # noqa: E731
        if late:
            missed = stack.enter_context(closing(KeptFile(late)))
            keep_late = lambda some: missed.write(late_lines(some, names, scale))  # noqa: E731
        return Keeping(keep_reject, keep_late)

    def _bytes_done(self) -> tuple[int, int]:
        """Bytes that were read, and how many there are; 0 where there is no end."""
        if self._given.get("loop"):
            return 0, 0
        return (
            sum(reader.read_bytes for reader in self._readers),
            sum(reader.total_bytes for reader in self._readers),
        )

    def _summarise(self, outputs: Outputs, begun: float, error: BaseException | None) -> None:
        """Say what was done, also where the run broke off; nothing to a reader who has gone."""
        nothing = error is not None and not self._engine.received
        if self._given["quiet"] or nothing or isinstance(error, BrokenPipeError):
            return
        outcome = Outcome(outputs.rows, len(self._engine.products), time.monotonic() - begun)
        click.echo(summary(self._engine.books(), self._context.job, outcome), err=True)

    def _check_books(self) -> None:
        if not self._engine.books().balanced:
            raise RunError(
                "the books do not balance: a rating was lost or counted twice",
                hint="Please report this, with the command that you ran",
            )
