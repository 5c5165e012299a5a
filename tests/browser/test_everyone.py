"""The page for everyone: screen readers, both themes, a phone, paper."""

import os
from pathlib import Path

import pytest

from page.shown import shown

AXE = Path(__file__).parents[1] / "js/node_modules/axe-core/axe.min.js"
VIEWS = {
    "overview": "/",
    "overview without rows": "/?q=nothing+is+called+so",
    "product": "/product?id={}",
    "compare": "/compare",
    "pipeline": "/pipeline",
    "rejects": "/rejects",
    "error": "/product?id=nowhere",
    "login": "/login",
}
DRAWN_LIKE_ITS_KEY = """() => {
  const key = getComputedStyle(document.querySelector(".key-line"), "::before").borderTopColor;
  const wanted = key.match(/\\d+/g).map(Number);
  const chart = document.querySelector("[data-chart=mean] canvas");
  const { width, height } = chart;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(chart, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) { // a canvas may round a colour by one
    const near = wanted.every((part, i) => Math.abs(data[at + i] - part) < 2);
    found += near && data[at + 3] === 255;
  }
  return found > 20 && key; }"""
CONTROLS = "#pause, #theme, nav, #search, #window, #span, #csv, .what, #add, .more"


@pytest.fixture(scope="module")
def axe():
    if not AXE.is_file():
        if os.environ.get("CI"):
            pytest.fail("axe-core is missing, and CI leaves out nothing")
        pytest.skip("axe-core is not installed here (make page)")
    return AXE.read_text()


@pytest.fixture(scope="module")
def locked(evil_state):
    with shown(evil_state, token="a token of sixteen or more") as page:
        yield page


@pytest.fixture
def opened(shop, locked, look):
    def opening(view, **options):
        page = locked if view == "login" else shop
        tab = look(page, **options)
        tab.excuse("404")
        product = shop.api("products", limit=1)["rows"]["id"][0]
        tab.page.goto(tab.url + VIEWS[view].format(product))
        if tab.page.locator("#first").count():
            tab.ready()
            tab.live()
        return tab

    return opening


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_in_either_theme(opened, axe, view):
    tab = opened(view)
    for details in tab.page.locator("details").all():
        details.locator("summary").click()
    tab.page.evaluate(axe)
    for theme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = tab.page.evaluate("() => axe.run()")
        assert found["passes"]
        said = [
            f"{each['id']} ({theme}): {[node['html'] for node in each['nodes']][:3]}"
            for each in found["violations"]
        ]
        assert not said, "\n".join(said)


@pytest.mark.parametrize("view", VIEWS)
def test_on_a_phone_nothing_lies_beside_the_screen(opened, view):
    tab = opened(view, viewport={"width": 360, "height": 740})
    assert tab.page.evaluate("() => document.scrollingElement.scrollWidth") == 360


@pytest.mark.parametrize("view", VIEWS)
def test_paper_has_no_controls(opened, view):
    tab = opened(view)
    tab.page.emulate_media(media="print")
    for control in tab.page.locator(CONTROLS).all():
        assert not control.is_visible(), control.evaluate("(node) => node.outerHTML")
    assert tab.page.locator("main").is_visible()


def test_a_chart_has_the_colours_of_what_stands_beside_it_in_each_theme_and_on_paper(opened):
    tab = opened("product")
    lines = [
        tab.page.wait_for_function(DRAWN_LIKE_ITS_KEY).json_value()
        for look in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"media": "print"})
        if tab.page.emulate_media(**look) is None
    ]
    assert lines[0] == lines[2] != lines[1]
