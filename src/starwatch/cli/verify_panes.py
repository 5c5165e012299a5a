"""The part of `starwatch verify --state` that looks at the panes of the history."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from starwatch.cli.recomputing import rules_of
from starwatch.history.reading import panes_kept
from starwatch.history.tiers import tiers_ms
from starwatch.journal.places import Places
from starwatch.ratings.durations import duration_label, moment_label
from starwatch.recompute.drawing import PaneSource
from starwatch.recompute.panes import other_panes
from starwatch.terminal.summary import number_text

if TYPE_CHECKING:
    from starwatch.history.reading import Panes
    from starwatch.journal.store import Journal
    from starwatch.windows.job import Job


def check_panes(
    journal: "Journal", database: Any, state: Path, job: "Job"
) -> tuple[str, list[str]]:
    """Compare all panes that are kept with the journalled ratings.

    Args:
        journal: The journal, seen at one moment: files that are let go stay as long.
        database: A DuckDB connection with all journalled ratings.
        state: The state directory.
        job: Its rules.

    Returns:
        What came of it, as a line, and what the panes say otherwise than the ratings.

    Raises:
        BadState: a file of panes is not there or broken.
    """
    kept = panes_kept(journal, Places(state).history, job, tiers_ms(job.windows))
    rules = rules_of(job)
    wrong = {}
    for tier, panes in kept.items():
        source = PaneSource(panes.files, panes.newest, panes.since_ms)
        if other := other_panes(database, rules, tier, source):
            wrong[tier] = other
    faults = [
        f"{number_text(other, 'pane')} of {duration_label(tier)} not as the ratings give"
        for tier, other in wrong.items()
    ]
    found = "; ".join(faults) or f"the same in {len(kept)} tiers"
    return f"panes: {found}{_let_go(kept)}", faults


def _let_go(kept: "dict[int, Panes]") -> str:
    """From when on panes were compared where not all are kept."""
    since = [
        f"{duration_label(tier)} from {moment_label(panes.since_ms)} on"
        for tier, panes in kept.items()
        if panes.since_ms is not None
    ]
    return f"; earlier ones were let go, compared were {', '.join(since)}" if since else ""
