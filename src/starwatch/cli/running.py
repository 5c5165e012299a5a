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

from starwatch.cli.views import ProgressView, TableView, watched
from starwatch.engine import Engine
from starwatch.errors import BadSetting, RunError
from starwatch.journal.places import DATABASE
from starwatch.ports import Cursor, FileReader, LastingSink, RowContext
from starwatch.ratings.batch import Batch
from starwatch.ratings.catalogue import Catalogue
from starwatch.replay.events import Event
from starwatch.replay.pace import ReplayOptions
from starwatch.replay.resume import resumed
from starwatch.replay.timeline import timeline
from starwatch.service.durable import DurableEngine
from starwatch.service.kept import KeptFile, late_lines, reject_lines
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import NoPacing, Pacing
from starwatch.service.replaying import Keeping, Replay, Unseen, View
from starwatch.service.state import State
from starwatch.service.stop import Stop
from starwatch.sinks.registry import (
    STDOUT,
    Output,
    at_most_once,
    open_lasting,
    open_output,
    parse_outputs,
)
from starwatch.terminal.plain import PlainLines
from starwatch.terminal.progress import Progress
from starwatch.terminal.summary import Outcome, summary
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds

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


def readable(events: Iterable[Event]) -> Iterator[Event]:
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
        catalogue: What products are called, if that is known.
        state: Where everything is kept that a crash must not lose; None: nowhere.

    Raises:
        BadSetting: an output would overwrite an input, another output, or the state; nothing has
            been opened then.
    """

    def __init__(
        self,
        job: Job,
        given: Mapping[str, Any],
        file_names: Sequence[str],
        *,
        catalogue: Catalogue | None = None,
        state: State | None = None,
    ) -> None:
        self._given = given
        self._sinks = parse_outputs(given["outputs"])
        written = _written_files(self._sinks)
        kept = [file for file in (given["rejects"], given["late"]) if file]
        own = [str(state.directory / DATABASE)] if state else []
        read = [given["catalogue"]] if given.get("catalogue") else []
        refuse_overwriting([*written, *kept], [*file_names, *own, *read])
        self._durable = self._open_durable(job, state, file_names) if state else None
        self._engine = self._durable.engine if self._durable else Engine(job)
        self._context = RowContext(job, self._engine.products)
        self._file_names = file_names
        self._catalogue = catalogue
        self._readers: Sequence[FileReader] = ()

    def replay(
        self, open_readers: Callable[[], Sequence[FileReader]], options: ReplayOptions
    ) -> int:
        """Play files; returns the exit code."""

        def opened() -> Sequence[FileReader]:
            self._readers = open_readers()
            return self._readers

        events = timeline(opened, options)
        if self._durable:
            events = resumed(events, self._durable.done)
        start_ms = max(options.start_ms, self._engine.now_ms or 0)
        return self.play(events, start_ms=start_ms, batch_rows=options.batch_rows)

    def catch_up(self) -> None:
        """Bring the outputs of a finished run up to date, and play nothing."""
        if self._durable:
            with self._durable:
                pass  # it gave them what they lacked when it was opened

    def play(self, events: Iterable[Event], *, start_ms: int, batch_rows: int) -> int:
        """Play events until they end or a person ends them; returns the exit code."""
        begun = time.monotonic()
        with ExitStack() as stack:
            stop = stack.enter_context(stopped_by_signals())
            with ExitStack() as unread:
                if self._durable:
                    unread.push(self._durable)
                events = readable(events)
                unread.pop_all()
            outputs = self._outputs()
            stack.push(lambda _, error, __: self._summarise(outputs, begun, error))
            stack.enter_context(outputs)
            if self._durable:
                stack.push(self._durable)
            replay = Replay(
                self._durable or self._engine,
                outputs,
                pacing=self._pacing(start_ms, stop),
                stop=stop,
                view=self._view(stack, outputs),
                keeping=self._keeping(stack),
                rest=self._durable.commit_if_due if self._durable else lambda: None,
                batch_rows=batch_rows,
            )
            ended = replay.run(events)
        self._check_books()
        return 0 if ended else INTERRUPTED

    def _pacing(self, start_ms: int, stop: Stop) -> Pacing:
        return NoPacing(start_ms, stop) if self._given["fast"] else Pacing(start_ms, stop)

    def _outputs(self) -> Outputs:
        """All sinks, opened; where one cannot be, those before it are closed again."""
        if self._durable:
            return Outputs([])  # it has the sinks, and gives them committed rows
        with ExitStack() as opened:
            sinks = [
                opened.enter_context(closing(open_output(output, self._context)))
                for output in self._sinks
            ]
            opened.pop_all()
        return Outputs(sinks)

    def _open_durable(self, job: Job, state: State, names: Sequence[str]) -> DurableEngine:
        def open_sinks(products: ProductIds, cursor: Callable[[str], Cursor]) -> list[LastingSink]:
            context = RowContext(job, products)
            with ExitStack() as opened:
                sinks = [
                    opened.enter_context(closing(open_lasting(each, context, cursor(each.name))))
                    for each in self._sinks
                ]
                opened.pop_all()
            warning = at_most_once(sinks)
            if warning and not self._given["quiet"]:
                click.echo(f"note: {warning}", err=True)
            return sinks

        return DurableEngine(
            state.journal,
            state.upkeep(job),
            job,
            open_sinks=open_sinks,
            names=names,
            rhythm=state.rhythm,
        )

    def _view(self, stack: ExitStack, outputs: Outputs) -> View:
        """A table on a free terminal, else lines on a free standard output, else progress."""
        written = bool(self._sinks)
        free = all(output.target != STDOUT for output in self._sinks)
        if self._given["quiet"]:
            return Unseen()
        if free and watched(self._given):
            from starwatch.terminal.live import LiveTable  # noqa: PLC0415 - imports rich
            from starwatch.terminal.order import SortKey  # noqa: PLC0415

            sort = SortKey(self._given["sort"])
            names = self._catalogue.name_of() if self._catalogue else None
            table = LiveTable(self._engine, self._context, sort=sort, names=names)
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
