"""Restore after a crash: the newest snapshot is ten minutes old, at 10,000 ratings a second.

A stream with the products of the shop, 3 s disorder, and one rating in a hundred twice; content
duplicates are on. A million ratings lie before the snapshot, so that it holds most products and a
memory of duplicates, and six million behind it, in commits of a quarter of a second each. What is
timed is what a start does: open the state, read the snapshot, give the engine the journal.
"""

import tempfile
from pathlib import Path

from benchmarks.live_stream import RATE, fill, live_stream
from benchmarks.measuring import Given, Result, main, medians
from starwatch.engine import Engine
from starwatch.service.durable import restored
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State
from starwatch.windows.job import Duplicates, Job

BEFORE, BEHIND = 100 * RATE, 600 * RATE
COMMIT = RATE // 4
NEVER = 1e9


def measure(given: Given) -> list[Result]:
    stream = live_stream(given.data, BEFORE + BEHIND)
    with tempfile.TemporaryDirectory(dir=given.data) as folder:
        path = Path(folder, "state")
        job = Job(duplicates=Duplicates.CONTENT)
        # The first commit of this run has a snapshot behind it, and the second one names it.
        named = BEFORE + COMMIT
        fill(path, job, stream.slice(0, named), Rhythm(BEFORE, NEVER, 0))
        watermark = fill(path, job, stream.slice(named, len(stream)), Rhythm(COMMIT, NEVER, NEVER))
        size = (path / "starwatch.db").stat().st_size

        def restore() -> Engine:
            with State(path) as state:
                return restored(state.journal, state.snapshots, job)[0]

        engine = restore()
        if (engine.watermark_ms, engine.received) != (watermark, len(stream)):
            raise SystemExit("what was restored is not what there was")
        twice = engine.books().duplicate
        del engine
        took = medians({"restore": restore}, given.repeats)["restore"]
    return [
        Result(
            "10 restore, the newest snapshot 10 min old at 10,000 ratings/s",
            took,
            unit="s",
            must=5,
            aim=1,
            more=False,
            detail=f"{BEHIND / took / 1e6:.2f} M/s; {size / 1e6:.0f} MB of journal, "
            f"{twice:,} duplicates",
        )
    ]


if __name__ == "__main__":
    main(measure)
