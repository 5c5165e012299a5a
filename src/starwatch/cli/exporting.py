"""Brings the history of a state to an export, all of it of one moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from starwatch.cli.recomputing import rules_of
from starwatch.cli.state_option import job_of, reading
from starwatch.errors import BadSetting
from starwatch.exports.about import About
from starwatch.history.drawable import tier_of
from starwatch.history.reading import Panes, panes_kept
from starwatch.history.tiers import tiers_ms
from starwatch.journal.catalogue import kept_catalogue
from starwatch.journal.places import Places
from starwatch.journal.rules import job_from_facts
from starwatch.journal.store import Journal
from starwatch.ratings.durations import moment_label, moment_ms
from starwatch.recompute.drawing import Drawing, PaneSource
from starwatch.recompute.rules import Windows
from starwatch.recompute.sql_drawing import Chosen
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec

_NOTHING_MS = -(10**14)
"""The latest end where no window has closed yet: before every time."""


@dataclass(frozen=True, slots=True)
class History:
    """What windows are drawn from.

    Attributes:
        job: The rules of the state.
        specs: The windows, each with the length of its panes.
        panes: Panes by their length.
        chosen: Which windows, and what counts in them.
        catalogue: Names and categories; None: the state has none.
        about: What the export will hold.
    """

    job: Job
    specs: Sequence[tuple[WindowSpec, int]]
    panes: Mapping[int, Panes]
    chosen: Chosen
    catalogue: pa.Table | None
    about: About

    def drawing(self, database: Any) -> Drawing:
        """The windows, drawn in a DuckDB connection."""
        return Drawing(
            database,
            {
                tier: PaneSource(panes.files, panes.newest, panes.since_ms)
                for tier, panes in self.panes.items()
            },
            [
                (Windows(spec.label, spec.size_ms, spec.slide_ms, spec.offset_ms), tier)
                for spec, tier in self.specs
            ],
            rules_of(self.job).stars,
            chosen=self.chosen,
            catalogue=self.catalogue,
        )


@contextmanager
def history_of(state: str, given: Mapping[str, Any]) -> Iterator[History]:
    """The history of a state as one commit left it, also while a run writes to it.

    Inside, retention removes none of its files.

    Args:
        state: The state directory.
        given: The options of the command.

    Raises:
        MissingInput: there is no state.
        BadState: it is broken, or no run has begun in it.
        BadWindow: the windows cannot be drawn from its panes.
    """
    with reading(state) as journal, journal.at_one_moment():
        yield _history(journal, Places(Path(state)), state, given)


def _history(journal: Journal, places: Places, state: str, given: Mapping[str, Any]) -> History:
    begin, end = _moment(given["begin"]), _moment(given["end"])
    if begin is not None and end is not None and begin >= end:
        raise BadSetting(
            f"--from {given['begin']} is not before --to {given['end']}",
            hint="Give the earlier moment to --from",
        )
    job = job_from_facts(job_of(journal, state))
    asked = tuple(map(WindowSpec.parse, dict.fromkeys(given["windows"]))) or job.windows
    specs = [(spec, tier_of(spec, tiers_ms(job.windows))) for spec in asked]
    panes = panes_kept(journal, places.history, job, {tier for _, tier in specs})
    watermark = journal.fact("watermark_ms")
    finished = bool(journal.fact("finished"))
    catalogue = kept_catalogue(places.database)
    closed = _NOTHING_MS if watermark is None else watermark
    upto = closed if end is None else min(closed, end)
    chosen = Chosen(
        upto_ms=upto,
        from_ms=begin,
        products=given["products"],
        emitted=given["as_emitted"],
        lateness_ms=job.lateness_ms,
    )
    about = About(
        windows=tuple(spec.label for spec, _ in specs),
        tiers=tuple(tier for _, tier in specs),
        emitted=given["as_emitted"],
        scale=job.scale,
        names=catalogue is not None,
        begin=_begin(begin, panes.values()),
        end=_end(upto, none=watermark is None, every=finished and end is None),
        state=state,
    )
    table = None if catalogue is None else catalogue.table()
    return History(job, specs, panes, chosen, table, about)


def _moment(text: str | None) -> int | None:
    return None if text is None else moment_ms(text)


def _begin(begin: int | None, panes: Iterable[Panes]) -> str:
    """The earliest start of a window in words."""
    since = max((each.since_ms for each in panes if each.since_ms is not None), default=None)
    if since is not None and (begin is None or begin < since):
        return f"{moment_label(since)}, before which panes were let go"
    return "the first rating" if begin is None else moment_label(begin)


def _end(upto: int, *, none: bool, every: bool) -> str:
    """The latest end of a window in words."""
    if none:
        return "no window has closed yet"
    return "the last rating" if every else moment_label(upto)
