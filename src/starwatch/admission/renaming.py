"""Reviewers under other names, in the memory of ratings seen lately."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.admission.fingerprints import Fingerprints


def renamed(memory: dict[str, Any], ratings: pa.Table, names: pa.Array) -> dict[str, Any]:
    """A memory as if some ratings had come from reviewers of other names.

    Without this, a memory and the ratings themselves would no longer agree on what is a duplicate.

    Args:
        memory: The state of a `starwatch.admission.duplicates.Memory`, as a snapshot has it.
        ratings: n ratings with their old names: `reviewer`, `product`, `event_ms`, `stars`.
        names: Arrow `string`, n new names.
    """
    prints = Fingerprints(memory["seed"])
    old = _prints(prints, ratings, ratings["reviewer"].combine_chunks())
    new = _prints(prints, ratings, names)
    order = np.argsort(old)
    old, new = old[order], new[order]
    known = memory["prints"]
    at = np.minimum(np.searchsorted(old, known), len(old) - 1)
    return memory | {"prints": np.where(old[at] == known, new[at], known)}


def _prints(prints: Fingerprints, ratings: pa.Table, names: pa.Array) -> NDArray[np.uint64]:
    product = ratings["product"].combine_chunks()
    return prints.of_content(
        names, product, ratings["event_ms"].to_numpy(), ratings["stars"].to_numpy()
    )
