"""JSON lines to closed windows, every message validated, against the `msgspec` decode alone.

The other side only decodes: the lines are in memory already, each becomes a typed object whose
constraints msgspec checks. 10,000 objects are alive at a time, as of a batch of which columns are
made. Told besides: letting each go at once, before anybody could use it; and reading the file too.
"""

from collections import deque
from typing import Annotated

import msgspec

from benchmarks.data import made
from benchmarks.measuring import Given, Result, main, medians
from benchmarks.windows import replayed
from starwatch.replay.pace import Order

BLOCK = 10_000

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class Rating(msgspec.Struct, gc=False):
    """A message of the file."""

    reviewerID: Id  # noqa: N815 - the name in the file
    productID: Id  # noqa: N815
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    timestamp: Annotated[int, msgspec.Meta(ge=0)]


def measure(given: Given) -> list[Result]:
    path = made(given.data, "ratings.jsonl")
    lines = path.read_bytes().splitlines()
    blocks = [lines[at : at + BLOCK] for at in range(0, len(lines), BLOCK)]
    decode = msgspec.json.Decoder(Rating).decode

    def kept() -> None:
        for block in blocks:
            list(map(decode, block))

    def read() -> None:
        with path.open("rb", buffering=0) as file:
            rest = b""
            while piece := file.read(1 << 20):
                *some, rest = (rest + piece).split(b"\n")
                list(map(decode, some))

    took = medians(
        {
            "ours": lambda: replayed(path, Order.FILE),
            "kept": kept,
            "let go": lambda: deque(map(decode, lines), maxlen=0),
            "read": read,
        },
        given.repeats,
    )
    rate = {name: f"{len(lines) / time / 1e6:.2f} M/s" for name, time in took.items()}
    return [
        Result(
            "3 JSON lines → closed windows against the `msgspec` decode, 10,000 objects alive",
            took["kept"] / took["ours"],
            unit="",
            must=0.35,
            aim=0.5,
            detail=f"{rate['ours']} against {rate['kept']}",
        ),
        Result(
            "3 the same against a decode whose objects are let go at once",
            took["let go"] / took["ours"],
            unit="",
            detail=f"{rate['ours']} against {rate['let go']}",
        ),
        Result(
            "3 the same against reading the file, splitting it into lines and decoding them",
            took["read"] / took["ours"],
            unit="",
            detail=f"{rate['ours']} against {rate['read']}",
        ),
    ]


if __name__ == "__main__":
    main(measure)
