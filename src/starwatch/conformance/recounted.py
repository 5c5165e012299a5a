"""What windows must hold where Flink and nobody else can say which ratings were late.

With several partitions, that is a race. But whatever Flink counted must be in its windows: those of
the recomputation over these ratings alone. A rating that came when some of its windows had closed
is in none of those that the watermark it met had passed, and in others as the race between the
subtasks of Flink had it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from starwatch.conformance.embedded import Played, window_times
from starwatch.conformance.findings import Findings, Stars, Window
from starwatch.conformance.recomputed import windows_of
from starwatch.ratings.batch import Batch
from starwatch.recompute.ratings import Inputs, Mark
from starwatch.recompute.rules import Rules
from starwatch.recompute.run import Recomputation
from starwatch.windows.job import Job


@dataclass(frozen=True, slots=True)
class Recounted:
    """The windows of what was counted.

    Attributes:
        most: With all ratings that were counted.
        least: Without those that may have been too late for them; where nothing is said, as `most`.
    """

    most: Mapping[Window, Stars]
    least: Mapping[Window, Stars]

    def differing(self, found: Findings) -> list[Window]:
        """The windows that hold something else, by end, label, product and revision."""
        keys = self.most.keys() | found.windows.keys()
        wrong = [key for key in keys if not self._possible(key, found.windows.get(key))]
        return sorted(wrong, key=lambda key: (key[2], key[0], key[1], key[3]))

    def _possible(self, key: Window, stars: Stars | None) -> bool:
        most = self.most.get(key)
        if most is None:
            return stars is None
        found, least = stars or (0,) * len(most), self.least.get(key, most)
        return all(low <= n <= high for low, n, high in zip(least, found, most, strict=True))


def recount(played: Played, found: Findings, rules: Rules, database: Any) -> Recounted:
    """The windows of the ratings that another engine counted, by the recomputation.

    Args:
        played: The stream.
        found: What the other engine found.
        rules: The rules of the job.
        database: A DuckDB connection.
    """
    inputs, job = Inputs(database), played.stream.job
    behind: list[Batch] = []
    for batch in played.batches:
        places = list(zip(batch.partition.tolist(), batch.position.tolist(), strict=True))
        counted = np.array([place not in found.others for place in places], bool)
        inputs.batch(batch.take(np.flatnonzero(counted)))
        late = np.flatnonzero([place in found.behind for place in places])
        behind.append(batch.take(late))
    inputs.mark(Mark(inputs.ratings, "finish"))
    inputs.finish()
    in_time = replace(rules, elsewhere=True, duplicates="off", oldest_ms=None, ahead_ms=None)
    most = windows_of(Recomputation(database, in_time))
    least: dict[Window, Stars] = {}
    for batch in behind:
        _take_away(batch, found, job, most, least)
    return Recounted(most, least)


def _take_away(
    batch: Batch,
    found: Findings,
    job: Job,
    most: Mapping[Window, Stars],
    least: dict[Window, Stars],
) -> None:
    """Take ratings away from windows that had closed when they came."""
    columns = (
        batch.product.to_pylist(),
        batch.stars.tolist(),
        window_times(batch, job).tolist(),
        zip(batch.partition.tolist(), batch.position.tolist(), strict=True),
    )
    for product, star, at_ms, place in zip(*columns, strict=True):
        for spec in job.windows:
            number = spec.last_end_at(at_ms) + 1
            for end_ms in (spec.end_ms(n) for n in range(number, number + spec.panes)):
                key = (spec.label, product, end_ms, 0)
                if end_ms <= found.behind[place]:
                    stars = list(least.get(key, most[key]))
                    stars[star] -= 1
                    least[key] = tuple(stars)
