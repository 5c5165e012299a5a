"""The engine as the last commit left it: the newest snapshot, and the journal behind it (§7)."""

from collections.abc import Iterator

from starwatch.engine import Engine
from starwatch.errors import BadState
from starwatch.journal.entries import Mark, MarkKind, joined
from starwatch.journal.snapshots import Snapshots
from starwatch.journal.store import Journal
from starwatch.ratings.batch import Batch
from starwatch.windows.job import Job
from starwatch.windows.rows import WindowRows


def restored(journal: Journal, snapshots: Snapshots, job: Job) -> tuple[Engine, int]:
    """The engine as the last commit left it, and that commit's number.

    Raises:
        BadState: what the journal needs is broken.
    """
    engine, number = _newest(journal, snapshots, job)

    def steps() -> Iterator[Batch | Mark]:
        nonlocal number
        for entry_number, entry in journal.entries(number):
            if entry_number != number + 1:
                raise BadState(
                    f"no snapshot can be read, and the journal begins with entry {entry_number}",
                    hint="Restore a backup of the state",
                )
            yield from entry.steps()
            number = entry_number

    for step in joined(steps()):
        give(engine, step)
    engine.changes()  # they are journalled
    return engine, number


def _newest(journal: Journal, snapshots: Snapshots, job: Job) -> tuple[Engine, int]:
    """The engine of the newest snapshot that can be read, or a new one."""
    for name, number in journal.snapshots():
        try:
            return Engine.restore(job, snapshots.read(name)), number
        except BadState:
            continue  # the one before it, and more of the journal, give the same
    return Engine(job), 0


def give(engine: Engine, step: Batch | Mark) -> WindowRows:
    """Give one journalled input to an engine again; returns the rows that it causes."""
    if isinstance(step, Batch):
        return engine.ingest(step).rows
    rows = _happened(engine, step)
    return WindowRows.empty(engine.job.scale.steps) if rows is None else rows


def _happened(engine: Engine, step: Mark) -> WindowRows | None:
    """Tell an engine what happened; the rows that this causes, None where it can cause none."""
    rows = None
    match step.kind:
        case MarkKind.JOIN:
            engine.join(step.partition, caught_up=step.value)
        case MarkKind.LEAVE:
            rows = engine.leave(step.partition, step.at_ms)
        case MarkKind.CAUGHT_UP:
            rows = engine.caught_up(step.partition, step.value, step.at_ms)
        case MarkKind.CONNECTED:
            rows = engine.connected(step.partition, step.value, step.at_ms)
        case MarkKind.TICK:
            rows = engine.advance(step.at_ms)
        case MarkKind.REACHED:
            rows = engine.reached(step.watermark_ms or 0, step.at_ms)
        case MarkKind.RESTART:
            engine.restart()
        case MarkKind.BUSY:
            pass  # the engine knows by itself
        case MarkKind.FINISH:
            rows = engine.finish()
    return rows
