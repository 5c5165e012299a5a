"""Old sparse data: MovieLens (100,000 ratings in 22 years) at 30 s every 5 s of event time."""

from dataclasses import replace

import numpy as np

from benchmarks.measuring import Given, Result, main, medians
from benchmarks.windows import replayed
from starwatch.codecs.options import InputOptions
from starwatch.engine import Engine
from starwatch.ratings.scale import Scale
from starwatch.replay.pace import ByTime, Order, ReplayOptions
from starwatch.replay.timeline import timeline
from starwatch.sources.files import open_files
from starwatch.windows.job import Job

SCALE = Scale.parse("0.5..5/0.5")


def measure(given: Given) -> list[Result]:
    path = given.shared / "movielens_small_ratings.csv"
    job = Job(live=False, scale=SCALE)
    options = ReplayOptions(ByTime(), start_ms=0, slide_ms=job.largest_slide_ms)
    events = list(timeline(lambda: open_files([str(path)], InputOptions(), SCALE), options))
    cut = [replace(e, partition=np.zeros(len(e), np.int32)) for e in events[1:]]
    rows = sum(map(len, cut))

    def ingest() -> None:
        one = Engine(job)
        one.join(0)
        for batch in cut:
            one.ingest(batch)
        one.finish()

    took = medians(
        {"columns": ingest, "csv": lambda: replayed(path, Order.TIME, scale=SCALE)},
        given.repeats,
    )
    return [
        Result(
            f"7 old sparse data: MovieLens at 30 s / 5 s, from {name}",
            rows / took[side] / 1e3,
            unit="k/s",
            must=30,
            aim=200,
            detail=f"{rows} ratings in {took[side]:.2f} s",
        )
        for side, name in (("columns", "decoded columns"), ("csv", "CSV"))
    ]


if __name__ == "__main__":
    main(measure)
