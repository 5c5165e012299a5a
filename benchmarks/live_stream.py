"""A stream as a live door would give it, and a state that holds one."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from benchmarks.data import made
from starwatch.ratings.batch import Batch
from starwatch.service.durable import DurableEngine
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State
from starwatch.windows.job import Job

RATE = 10_000
"""Ratings a second: what a commit of a quarter of a second and ten minutes of journal hold."""

_MADE_RATE = 2777.7778
_TWICE = 100
"""Of so many ratings one comes twice, the second time behind the ten thousand that follow it."""


def live_stream(folder: Path, rows: int) -> Batch:
    """The first ratings of the shop with their reviewers, at `RATE`, one in a hundred twice."""
    wanted = {
        "reviewerID": pa.string(),
        "productID": pa.string(),
        "rating": pa.uint8(),
        "timestamp": pa.int64(),
    }
    table = pacsv.read_csv(
        made(folder, "ratings.csv"),
        convert_options=pacsv.ConvertOptions(include_columns=list(wanted), column_types=wanted),
    ).slice(0, rows)
    row = np.arange(rows)
    again = (row % _TWICE == 0) & (row > RATE)
    row[again] -= RATE + 1
    event_ms = table["timestamp"].to_numpy()
    event_ms = event_ms[0] + ((event_ms - event_ms[0]) * (_MADE_RATE / RATE)).astype(np.int64)
    arrival_ms = np.maximum.accumulate(event_ms)
    table = table.take(pa.array(row)).combine_chunks()
    return Batch(
        arrival_ms=arrival_ms,
        partition=np.zeros(rows, np.int32),
        position=np.arange(rows),
        product=table["productID"].chunk(0),
        reviewer=table["reviewerID"].chunk(0),
        stars=table["rating"].to_numpy() - np.uint8(1),
        event_ms=event_ms[row],
    )


def fill(path: Path, job: Job, stream: Batch, rhythm: Rhythm) -> int | None:
    """Commit a stream to a state as a run would; returns the watermark behind it."""
    with State(path, rhythm=rhythm) as state:
        engine = DurableEngine(
            state.journal, state.upkeep(job), job, open_sinks=lambda *_: [], names=["live"],
            rhythm=rhythm, clock=lambda: 0.0,
        )  # fmt: skip
        with engine:
            if not engine.received:
                engine.join(0)
            for at in range(0, len(stream), rhythm.commit_ratings):
                engine.ingest(stream.slice(at, at + rhythm.commit_ratings))
            return engine.watermark_ms
