"""A hundred thousand products: any of them is a scroll away, and the document stays small."""

import pytest

from benchmarks.many_products import made, stars
from browser.expected import mean
from browser.tab import tab as tab_of
from page.shown import shown

PRODUCTS = 100_000
MOST_NODES = 4000
FILLED = """([first, last]) => {
  const shown = [...document.querySelectorAll(".rows > .row:not([hidden], .unknown)")]
    .filter((row) => { const box = row.getBoundingClientRect();
                       return box.bottom > 0 && box.top < innerHeight; })
    .map((row) => Number(row.getAttribute("aria-rowindex")) - 2);
  return shown.length > 5 && Math.min(...shown) >= first && Math.max(...shown) <= last; }"""


@pytest.mark.slow
def test_the_middle_and_the_end_have_their_rows_and_the_document_stays_small(tmp_path, browser):
    with shown(made(tmp_path, PRODUCTS)) as page, tab_of(browser, page.url) as tab:
        tab.open("/?sort=id").live()
        assert tab.text("[data-total]") == "100,000 products"
        right(tab, 0)
        nodes = [count_nodes(tab)]
        for share in (0.5, 1, 0.25):
            tab.page.evaluate(
                """(share) => { const rows = document.querySelector(".rows");
                  const top = rows.getBoundingClientRect().top + scrollY;
                  scrollTo(0, top + share * (rows.offsetHeight - innerHeight)); }""",
                share,
            )
            near = int(share * PRODUCTS)
            tab.until(FILLED, [near - 50, near + 50])
            right(tab, near)
            nodes.append(count_nodes(tab))
        assert max(nodes) < MOST_NODES
        assert max(nodes) - min(nodes) < 100


def right(tab, near):
    """Every row on screen is the product of its place, with the numbers of that product."""
    rows = [row for row in tab.rows() if row["known"]]
    assert len(rows) > 5
    for row in rows:
        number = row["index"]
        given = stars(number)
        assert abs(number - near) < 100
        assert row["id"] == f"P{number:06d}"
        assert row["count"] == str(len(given))
        assert row["mean"] == mean([given.count(value) for value in range(1, 6)])


def count_nodes(tab):
    return tab.page.evaluate("() => document.querySelectorAll('*').length")
