"""The bins of the overview and the filter that a click on one sets: the same products."""

from contextlib import closing
from itertools import combinations_with_replacement

import pytest

from starwatch.ratings.scale import Scale
from starwatch.views import ProductQuery, Views
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec
from views.made import begun, commit


@pytest.mark.parametrize("scale", ["1..5/1", "0.5..5/0.5", "0..2/0.1", "-1..1/0.2"])
def test_a_bin_holds_exactly_the_products_that_its_edges_choose(tmp_path, scale):
    job = Job((WindowSpec.parse("10s"),), Scale.parse(scale), time=WindowTime.ARRIVAL, bound_ms=0)
    rows = [
        ("".join(map(chr, (65 + star for star in stars))), star, 1)
        for size in (1, 2, 3, 4)  # quarters of a step, thirds, and all that lies between
        for stars in combinations_with_replacement(range(min(job.scale.steps, 8)), size)
        for star in stars
    ]
    with closing(begun(tmp_path, job)) as journal:
        commit(journal, rows, 20_000 - 1)
    with Views.open(tmp_path) as views:
        found = views.overview(ProductQuery())
        assert found.count.sum() == len({product for product, *_ in rows})
        for low, high, count in zip(found.low, found.high, found.count, strict=True):
            page = views.products(ProductQuery(low=float(low), high=float(high)))
            assert page.total == count, (low, high)


def test_a_mean_on_an_edge_is_in_the_upper_bin_and_bounds_are_decimals(tmp_path):
    job = Job((WindowSpec.parse("10s"),), Scale.parse("0..2/0.1"), WindowTime.ARRIVAL, bound_ms=0)
    with closing(begun(tmp_path, job)) as journal:  # 0.1 + 0.2 over two is 0.15
        commit(journal, [("p", 1, 1), ("p", 2, 1), ("q", 3, 1)], 20_000 - 1)
    with Views.open(tmp_path) as views:

        def chosen(**bounds):
            return views.products(ProductQuery(sort="id", **bounds)).rows.id

        assert chosen(low=0.15, high=0.3) == ["p"]
        assert chosen(low=0.3) == ["q"]
        assert chosen(low=0.1, high=0.15) == []
        assert chosen(low=0.15000000000000002) == ["q"]
        assert chosen(high=0.15) == chosen(low=float("inf")) == chosen(high=float("-inf")) == []
        assert chosen(high=2.0) == chosen(low=-7) == ["p", "q"]
