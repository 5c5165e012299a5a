"""Views of whole states, against the rows that the run emitted and against exports."""

import csv
import io
import math

import pytest

from commands import starwatch
from durable.runs import FREQUENT, Scene, untidy_files
from starwatch.ratings.means import mean_text
from starwatch.ratings.scale import Scale
from starwatch.views import ProductQuery, Views
from starwatch.windows.spec import WindowSpec
from views.looking import every_window

SPECS = [WindowSpec.parse("10m/5m"), WindowSpec.parse("1h")]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Disorder, corrections, late ratings and duplicates, in many files."""
    folder = tmp_path_factory.mktemp("views")
    scene = Scene(untidy_files(folder, rows=200, seed=11), folder)
    done = starwatch(*scene.lasting(*FREQUENT))
    assert (done.code, done.err) == (0, "")
    return scene


@pytest.fixture(scope="module")
def views(scene):
    with Views.open(scene.state) as views:
        yield views


def emitted_rows(scene, spec):
    """The last revision of every row as {(product, end): stars}."""
    rows = {}
    for row in scene.rows():
        if row["window"] == spec.label:
            end = int(row["end"].timestamp() * 1000)
            rows[row["product"], end] = tuple(row[f"stars_{star}"] for star in range(1, 6))
    return rows


def known(value):
    return None if math.isnan(value) else value


def exported(scene, spec, *options):
    done = starwatch(
        "export", "--state", scene.state, "--window", spec.label, *options, "--out", "-"
    )
    assert done.code == 0
    return list(csv.DictReader(io.StringIO(done.out)))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_series_as_emitted_are_the_last_rows_that_the_run_emitted(scene, views, spec):
    rows = emitted_rows(scene, spec)
    assert len(rows) > 15
    assert every_window(views, spec, emitted=True) == rows


@pytest.mark.parametrize("label", ["10m/5m", "1h", "30m/10m", "1d/1h+15m"])
def test_complete_series_are_those_of_the_export(scene, views, label):
    spec = WindowSpec.parse(label)
    counts = {
        (row["product"], row["end"]): tuple(int(row[f"stars_{star}"]) for star in range(1, 6))
        for row in exported(scene, spec)
    }
    found = every_window(views, spec, emitted=False)
    assert len(found) == len(counts) > 0
    assert sorted(found.values()) == sorted(counts.values())


@pytest.mark.parametrize("window", range(2))
def test_products_show_the_newest_window_that_the_run_emitted(scene, views, window):
    spec, rows = SPECS[window], emitted_rows(scene, SPECS[window])
    page = views.products(ProductQuery(window=window, limit=100, sort="id"))
    assert page.window == spec
    newest = {product: stars for (product, end), stars in rows.items() if end == page.end_ms}
    assert newest
    shown = zip(page.rows.id, page.rows.stars.tolist(), page.rows.mean.tolist(), strict=True)
    for product, stars, mean in shown:
        assert tuple(stars) == newest.get(product, (0, 0, 0, 0, 0))
        if product in newest:
            assert f"{mean:.6f}" == mean_text(stars, Scale())


@pytest.mark.parametrize("window", range(2))
def test_trend_and_change_are_those_of_the_windows_before(scene, views, window):
    spec, rows = SPECS[window], emitted_rows(scene, SPECS[window])
    page = views.products(ProductQuery(window=window, limit=100))

    def mean(product, end):
        stars = rows.get((product, end))
        return None if stars is None else float(mean_text(stars, Scale()))

    for number, product in enumerate(page.rows.id):
        ends = [page.end_ms - back * spec.slide_ms for back in range(23, -1, -1)]
        trend = [known(value) for value in page.rows.trend[number].tolist()]
        assert trend == [mean(product, end) for end in ends]
        now, before = mean(product, page.end_ms), mean(product, page.end_ms - spec.size_ms)
        change = known(page.rows.change[number])
        expected = None if now is None or before is None else now - before
        assert change == pytest.approx(expected)


def test_all_time_histograms_are_those_of_every_rating_that_counts(views):
    books = views.about().books
    page = views.products(ProductQuery(limit=100))
    assert page.rows.all_count.sum() == books.counted + books.late
    for product, stars in zip(page.rows.id, page.rows.all_stars.tolist(), strict=True):
        assert views.stars(product).stars.tolist() == stars
        assert views.stars(product, 0, 1 << 50).stars.tolist() == stars
