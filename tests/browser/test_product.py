"""The pages of products against hand-calculated means, a recomputation, the API and the export."""

import csv
import json
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlencode

import pytest

from browser.expected import mean, one_a_second, two, windows
from commands import T0_MS, starwatch

DATA = Path(__file__).parents[2] / "../shared/data"
PRODUCT, OTHERS = "0000589012", ["0000143561", "0000143502"]


@pytest.fixture
def tab(reference, look):
    return look(reference).open(f"/product?id={PRODUCT}").live()


def table(tab, wanted):
    """The cells of the table behind the chart, oldest first, when it has so many lines."""
    if not tab.page.locator("#points[open]").count():
        tab.page.click("#points summary")
    tab.until("(n) => document.querySelectorAll('#points tbody tr').length === n", wanted)
    return tab.page.evaluate(
        """() => [...document.querySelectorAll("#points tbody tr")].reverse()
             .map((row) => [...row.cells].map((cell) => cell.textContent))"""
    )


def test_the_first_windows_have_the_means_that_were_calculated_by_hand(tab, reference):
    by_hand = json.loads((DATA / "movies_and_tv_first_six_windows.json").read_text())["windows"]
    ends = reference.api("series", id=PRODUCT, last="1h")["points"]["end_ms"]
    shown = dict(zip(ends, (row[1] for row in table(tab, len(ends))), strict=True))
    for k, products in enumerate(by_hand, 1):
        wanted = products.get(PRODUCT)
        text = None if wanted is None else f"{wanted:.2f}"
        assert shown.get(T0_MS + 5000 * k) == text


def test_every_window_is_that_of_the_export_and_verify_agrees(tab, first_252):
    line = ("--state", first_252, "--out", "-", "--format", "csv", "--product", PRODUCT)
    exported = list(csv.DictReader(starwatch("export", *line).out.splitlines()))
    assert len(exported) > 10
    of = [[row[f"stars_{value}"] for value in range(1, 6)] for row in exported]
    wanted = [
        (mean(map_ints(stars)), row["count"], " · ".join(stars))
        for row, stars in zip(exported, of, strict=True)
    ]
    assert [(row[1], row[3], row[4]) for row in table(tab, len(exported))] == wanted
    verified = starwatch("verify", "--state", first_252)
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "all agree")


def map_ints(texts):
    return [int(text) for text in texts]


def test_the_figures_are_those_of_the_api(tab, reference):
    product = reference.api("product", id=PRODUCT)
    newest = product["now"][0]
    assert tab.text("[data-field=now-mean]") == mean(newest["stars"])
    assert tab.text("[data-field=all-mean]") == mean(product["all_stars"])
    assert tab.text("[data-field=score]") == f"{product['score']:.2f}"
    series = reference.api("series", id=PRODUCT, last="1h")["points"]
    assert tab.text("[data-read=mean]") == mean([column[-1] for column in series["stars"]])
    assert tab.text("[data-read=count]") == str(series["count"][-1])
    stars = reference.api("stars", id=PRODUCT)["stars"]
    tab.until("() => document.querySelector('[data-share=span]').textContent.includes('%')")
    shares = [text.split(" ")[0] for text in tab.all("[data-share=all]")]
    assert shares == [str(number) for number in reversed(stars)]


@pytest.mark.parametrize(("label", "size", "slide"), [("1m/5s", 60, 5), ("30s/5s", 30, 5)])
def test_other_windows_are_those_of_a_recomputation(tab, label, size, slide):
    ratings = one_a_second(DATA / "movies_and_tv_first_252.csv", PRODUCT)
    tab.page.select_option("#window", label)
    wanted = windows(ratings, 1000 * size, 1000 * slide, T0_MS + 252_000 + 60_000)
    shown = [(row[1], row[3]) for row in table(tab, len(wanted))]
    assert shown == list(wanted.values())
    assert urlencode({"window": label}) in tab.page.url


def test_another_span_is_a_part_of_the_same(reference, look):
    from_ms, to_ms = T0_MS + 15_000, T0_MS + 30_000
    span = f"from_ms={from_ms}&to_ms={to_ms}"
    ratings = one_a_second(DATA / "movies_and_tv_first_252.csv", PRODUCT)
    wanted = [
        shown
        for end, shown in windows(ratings, 30_000, 5000, to_ms).items()
        if from_ms <= end <= to_ms
    ]
    anew = look(reference).open(f"/product?id={PRODUCT}&window=30s/5s&{span}").live()
    assert [(row[1], row[3]) for row in table(anew, len(wanted))] == wanted
    anew.page.click("#live")
    assert "from_ms" not in anew.page.url
    ends = reference.api("series", id=PRODUCT, last="1h")["points"]["end_ms"]
    assert len(table(anew, len(ends))) > len(wanted)


def test_keys_read_the_windows_one_by_one(tab, reference):
    points = reference.api("series", id=PRODUCT, last="1h")["points"]
    texts = [mean(stars) for stars in zip(*points["stars"], strict=True)]
    tab.page.focus("#charts")
    tab.page.keyboard.press("Home")
    assert tab.text("[data-read=mean]") == texts[0]
    tab.page.keyboard.press("ArrowRight")
    assert tab.text("[data-read=mean]") == texts[1]
    tab.page.keyboard.press("End")
    assert tab.text("[data-read=mean]") == texts[-1]
    tab.until("(m) => document.querySelector('#announcements').textContent.includes(m)", texts[-1])


def test_the_csv_is_what_is_shown(tab):
    rows = table(tab, len(tab.api(f"/api/v1/series?id={PRODUCT}&last=1h")["points"]["end_ms"]))
    with tab.page.expect_download() as got:
        tab.page.click("#csv")
    lines = list(csv.DictReader(Path(got.value.path()).read_text().splitlines()))
    assert [two(Fraction(line["mean"])) for line in lines] == [row[1] for row in rows]


def test_compared_products_are_drawn_from_the_same_windows(reference, look):
    ids = [PRODUCT, *OTHERS]
    tab = look(reference).open(f"/compare?{urlencode({'id': ids}, doseq=True)}").live()
    ratings = {id_: one_a_second(DATA / "movies_and_tv_first_252.csv", id_) for id_ in ids}
    again = {id_: windows(ratings[id_], 30_000, 5000, T0_MS + 300_000) for id_ in ids}
    ends = sorted({end for found in again.values() for end in found})
    shown = [row[1:] for row in table(tab, max(len(ends), 1))]
    drawn = [[again[id_].get(end, ("–",))[0] for id_ in ids] for end in ends]  # noqa: RUF001
    assert [row for row in shown if set(row) != {"–"}] == drawn  # noqa: RUF001
    tab.page.click("[aria-label='Remove 0000143561']")
    tab.until("() => !location.search.includes('0000143561')")
    assert len(tab.all(".compared tbody tr")) == 2


TICKS = """() => {
  const box = document.querySelector("[data-chart=mean]");
  const canvas = box.querySelector("canvas");
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const shown = context.getImageData(0, 0, width, height).data;
  const over = box.querySelector(".u-over").getBoundingClientRect();
  const ratio = width / canvas.getBoundingClientRect().width;
  const below = Math.round((over.bottom - canvas.getBoundingClientRect().top) * ratio);
  const found = { on: new Set(), elsewhere: 0 };
  for (let at = 0; at < shown.length; at += 4) {
    if (shown[at] !== 0x7a || shown[at + 1] !== 0x55 || shown[at + 2] !== 0) continue;
    const [x, y] = [(at / 4) % width, Math.floor(at / 4 / width)];
    if (y >= below - 8 * ratio && y < below) found.on.add(Math.floor(x / ratio / 2));
    else found.elsewhere += 1;
  }
  return [found.on.size, found.elsewhere];
}"""


def test_windows_that_late_ratings_changed_are_marked_below_the_line(shifted, look):
    points = shifted.api("series", id="P", window="30s/5s")["points"]
    assert sum(points["corrected"]) == 6  # each window that the late rating is in
    tab = look(shifted, color_scheme="light").open("/product?id=P&window=30s/5s").live()
    tab.until(f"() => ({TICKS})()[0] >= 6")
    assert tab.page.evaluate(TICKS)[1] == 0
