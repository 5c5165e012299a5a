"""The same stream by the independent recomputation: SQL over all of its ratings at once."""

from collections.abc import Mapping
from typing import Any

from starwatch.conformance.embedded import Played
from starwatch.conformance.findings import CLASSES, REJECTED, Findings, Stars, Window
from starwatch.conformance.stream import Place
from starwatch.recompute.ratings import Inputs
from starwatch.recompute.rules import Rules
from starwatch.recompute.run import Recomputation

NONE_BEHIND: Mapping[Place, int] = {}


def recompute(played: Played, rules: Rules, database: Any) -> Findings:
    """What the recomputation makes of a stream.

    Args:
        played: The stream. Of what the engine made of it nothing is taken but where clock and
            sources moved the watermark.
        rules: The rules of its job.
        database: A DuckDB connection.
    """
    inputs = Inputs(database)
    others: dict[Place, str] = {}
    for batch in played.batches:
        inputs.batch(batch)
        others |= {(partition, reject.position): REJECTED for partition, reject in batch.rejects}
    for mark in played.marks:
        inputs.mark(mark)
    inputs.finish()
    found = Recomputation(database, rules)
    others |= {(p, position): CLASSES[kind] for p, position, kind in found.uncounted()}
    return Findings(windows_of(found), others, found.counts().counted, NONE_BEHIND)


def windows_of(found: Recomputation) -> dict[Window, Stars]:
    """The rows of a recomputation."""
    table, rules = found.rows(), found.rules
    stars = zip(*(table[name].to_pylist() for name in rules.stars.columns), strict=True)
    columns = [table[name].to_pylist() for name in ("spec", "product", "end_ms", "revision")]
    return {
        (rules.windows[spec].label, product, end_ms, revision): tuple(map(int, counts))
        for spec, product, end_ms, revision, counts in zip(*columns, stars, strict=True)
    }
