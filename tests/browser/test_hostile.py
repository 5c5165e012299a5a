"""Names and ids that would be code elsewhere are text here."""

import csv
from urllib.parse import urlencode

import pytest

from commands import replay
from page.shown import shown

HOSTILE = {
    "image": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "quotes": '"\'`;--\\" onclick="alert(1)',
    "template": "{{ 7*7 }}${7*7}",
    "long": "x" * 500,
    "rtl": "\u05de\u05d5\u05e6\u05e8 \u202eevil",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2b50",
    "path": "../../login?x=1&y=2#z%41",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A product of each such id, and one whose name is such a text."""
    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "r.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["reviewerID", "productID", "rating", "timestamp"])
        for at, name in enumerate([*HOSTILE.values(), *HOSTILE]):
            rows.writerows([f"A{n}", name, 1 + n % 5, 1_600_000_000 + at] for n in range(at + 1))
        rows.writerow(["A", HOSTILE["image"], HOSTILE["script"], 1_600_000_100])
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["productID", "name", "category"])
        rows.writerows([name, text, text] for name, text in HOSTILE.items())
    state = folder / "s"
    replay(folder / "r.csv", "--time", "event", "--state", state, "--catalogue", folder / "c.csv")
    with shown(state) as running:
        yield running


def spaced(text):
    return " ".join(text.split())


def test_the_table_shows_them_as_text(page, look):
    tab = look(page).open("/?sort=id").live()
    rows = {row["id"]: row["name"] for row in tab.rows()}
    assert rows == {text: text for text in HOSTILE.values()} | HOSTILE
    assert tab.page.locator(".rows img, .rows script").count() == 0
    options = tab.page.locator("#category option").all_text_contents()
    assert {spaced(text) for text in HOSTILE.values()} <= {spaced(text) for text in options}


@pytest.mark.parametrize("kind", HOSTILE)
def test_each_has_its_page_and_can_be_compared_and_found(page, look, kind):
    text = HOSTILE[kind]
    tab = look(page)
    tab.open(f"/product?{urlencode({'id': kind})}").live()
    assert tab.page.text_content("h1") == text
    tab.open(f"/product?{urlencode({'id': text})}").live()
    assert tab.page.text_content("h1") == text
    tab.page.click(".crumbs a >> nth=0")
    tab.page.wait_for_selector("main[data-view=overview][data-ready]")
    tab.page.fill("#search", text)
    tab.until("(t) => document.querySelector('.row:not([hidden]) a')?.textContent === t", text)
    tab.open(f"/compare?{urlencode({'id': [text, kind]}, doseq=True)}").live()
    tab.until(
        """(t) => [...document.querySelectorAll(".compared tbody th a")]
             .every((a) => a.textContent === t)""",
        text,
    )
    assert tab.page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth")


def test_what_was_rejected_is_shown_as_it_came(page, look):
    tab = look(page).open("/rejects").live()
    assert HOSTILE["image"] in tab.page.text_content("[data-kind=rejects] tbody")
    assert tab.page.locator("main img, main script").count() == 0
