"""How many ratings come a second."""

import numpy as np
import pyarrow as pa

from starwatch.admission.ledger import Class
from starwatch.views.arrivals import Arrivals
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(1000, 1000),), time=WindowTime.ARRIVAL)
BEGIN_MS = 1_790_000_000_000


def arrivals(*times_ms):
    found = Arrivals()
    columns = {
        "arrival_ms": pa.array(BEGIN_MS + np.array(times_ms, np.int64)),
        "class": pa.array([int(Class.COUNTED)] * len(times_ms), pa.uint8()),
    }
    found.take(pa.RecordBatch.from_pydict(columns), JOB)
    return found


def test_it_goes_over_ten_seconds_up_to_now():
    came = arrivals(*range(0, 20_000, 100))
    assert came.rate(BEGIN_MS + 19_999) == 10
    assert came.rate(BEGIN_MS + 24_999) == 5
    assert came.rate(BEGIN_MS + 40_000) == 0


def test_what_had_waited_does_not_count_and_what_came_since_counts_over_its_own_time():
    def came(upto):
        return arrivals(*[500] * 9000, *range(1000, upto + 1, 100))

    assert came(3999).rate(BEGIN_MS + 9999) == (9000 + 30) / 10
    for now_ms in (2999, 3999, 9999, 19_999):
        assert came(now_ms).rate(BEGIN_MS + now_ms, BEGIN_MS + 600) == 10
    # The second in which it caught up and the one behind it tell nothing yet.
    assert came(999).rate(BEGIN_MS + 999, BEGIN_MS + 600) is None
    assert came(1999).rate(BEGIN_MS + 1999, BEGIN_MS + 600) is None


def test_of_a_state_without_ratings_it_is_none_at_all():
    assert Arrivals().rate(BEGIN_MS, BEGIN_MS) == 0
