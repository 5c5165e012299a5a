"""Names that come, or change, while a view is open."""

import time
from contextlib import closing

import pyarrow as pa

from starwatch.journal.catalogue import keep_catalogue
from starwatch.journal.places import Places
from starwatch.ratings.catalogue import Catalogue
from starwatch.views import ProductQuery, Views
from starwatch.windows.job import Job, WindowTime
from views.made import begun, commit


def catalogue(**names):
    columns = ([*names], [*names.values()], ["books"] * len(names))
    return Catalogue(*(pa.array(column, pa.string()) for column in columns))


def test_a_catalogue_given_while_a_view_is_open_shows(tmp_path):
    database = Places(tmp_path).database
    with closing(begun(tmp_path, Job(time=WindowTime.ARRIVAL, bound_ms=0))) as journal:
        commit(journal, [("a", 4, 1), ("b", 1, 2)], 31_000)
        with Views.open(tmp_path) as views:

            def named():
                return views.products(ProductQuery(sort="id")).rows.name

            def until(names):
                end = time.monotonic() + 5
                while named() != names and time.monotonic() < end:
                    views.wait(views.seq, 0.1)
                assert named() == names

            assert named() == ["", ""]
            assert not views.about().catalogue
            keep_catalogue(database, catalogue(a="Lamp", c="Chair"))
            until(["Lamp", ""])
            assert views.about().catalogue
            assert views.product("c").row.name == ["Chair"]
            assert views.categories() == ["books"]
            keep_catalogue(database, catalogue(a="Lantern", b="Book"))
            until(["Lantern", "Book"])
            assert views.product("c") is None
            commit(journal, [("c", 2, 3)], 32_000)
            until(["Lantern", "Book", ""])
