"""Links that lead to a place on another page, or to what was picked."""

import pytest

from commands import replay
from page.shown import shown

ON_SCREEN = """(id) => { const box = document.getElementById(id).getBoundingClientRect();
  const head = document.querySelector(".top").getBoundingClientRect().bottom;
  return scrollY > 500 && box.top >= head && box.bottom < innerHeight / 2; }"""
AT_THE_TOP = "() => scrollY === 0"


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """Many rows that cannot be read, and behind them many ratings that came too late."""
    folder = tmp_path_factory.mktemp("refused")
    second = 1_600_000_000
    rows = [f"A{at},P,six,{second + at}" for at in range(80)]
    rows.append(f"A,P,5,{second + 4000}")
    rows += [f"B{at},P,5,{second + at}" for at in range(80)]
    file = folder / "r.csv"
    file.write_text("\n".join(["reviewerID,productID,rating,timestamp", *rows]) + "\n")
    done = replay(
        *(file, "--time", "event", "--order", "file", "--as-fast-as-possible"),
        *("--state", folder / "s"),
    )
    assert done.code == 0, done.err
    with shown(folder / "s") as page:
        yield page


def test_the_pipeline_leads_to_the_ratings_that_came_too_late(refused, look):
    tab = look(refused, viewport={"width": 1280, "height": 800}).open("/pipeline").live()
    tab.page.click("a[href$='rejects#late-title']")
    tab.page.wait_for_selector("main[data-view=rejects][data-ready]")
    tab.until(ON_SCREEN, "late-title")
    assert tab.page.evaluate("document.activeElement.id") == "late-title"
    assert "80 ratings" in tab.text("[data-kind=late] [data-total]")
    tab.page.go_back()
    tab.page.wait_for_selector("main[data-view=pipeline][data-ready]")
    tab.until(AT_THE_TOP)


def test_an_address_with_a_place_leads_there_when_it_is_opened(refused, look):
    tab = look(refused, viewport={"width": 1280, "height": 800}).open("/rejects#late-title").live()
    tab.until(ON_SCREEN, "late-title")


def test_compare_in_the_head_shows_what_was_picked(shop, look):
    tab = look(shop).open("/").live()
    names = shop.api("products")["rows"]["name"]
    head = "nav a[data-view=compare]"
    assert tab.page.get_attribute(head, "href") == "/compare"
    for at in (1, 3):
        tab.page.click(f".row:not([hidden]) .c-pick input >> nth={at}")
    tab.page.click(head)
    tab.page.wait_for_selector("main[data-view=compare][data-ready]")
    assert tab.all(".compared th a") == [names[1], names[3]]
    tab.open("/pipeline")  # a page of its own: what is picked lasts as long as the tab
    tab.page.click(head)
    tab.page.wait_for_selector("main[data-view=compare][data-ready]")
    assert tab.all(".compared th a") == [names[1], names[3]]
    tab.page.click("nav a[data-view=overview]")
    tab.page.wait_for_selector("main[data-view=overview][data-ready]")
    tab.page.click("#picked button")
    assert tab.page.get_attribute(head, "href") == "/compare"
