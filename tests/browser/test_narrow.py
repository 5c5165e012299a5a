"""Windows between a phone and a laptop: nothing lies beside the screen, and nothing is cut."""

import pytest

from browser.tab import tab as tab_of
from commands import replay
from http_door.served import served
from page.shown import shown
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(3_600_000, 3_600_000),), time=WindowTime.ARRIVAL, bound_ms=0)
PHONE = {"width": 360, "height": 740}

CUT_NAMES = """() => [...document.querySelectorAll(".row:not([hidden], .unknown) .c-name")]
  .filter((cell) => {
    const name = cell.querySelector("a");
    const [inner, outer, row] = [name, cell, cell.closest(".row")]
      .map((node) => node.getBoundingClientRect());
    return name.scrollHeight > name.clientHeight + 1 || inner.right > outer.right + 1
      || outer.bottom > row.bottom; })
  .map((cell) => cell.textContent)"""

COVERED = """() => [...document.querySelectorAll(".row:not([hidden], .unknown)")].flatMap((row) => {
  const cells = [...row.children].filter((cell) => cell.offsetParent !== null)
    .map((cell) => [cell.className, cell.getBoundingClientRect()]);
  const edge = row.getBoundingClientRect();
  return cells.flatMap(([name, box], at) => [
    ...(box.right > edge.right || box.bottom > edge.bottom ? [`${name} leaves its row`] : []),
    ...cells.slice(at + 1).filter(([, other]) =>
      Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
      Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 1)
      .map(([other]) => `${name} covers ${other}`)]); })"""

BESIDE = """() => [...document.querySelectorAll(".compared tbody :is(a, button, td, th)")]
  .filter((node) => { const box = node.getBoundingClientRect();
    return box.right > innerWidth || box.left < 0 || node.scrollWidth > node.clientWidth + 1
      && getComputedStyle(node).display !== "inline"; })
  .map((node) => node.textContent)"""

LABELS = """() => [...document.querySelectorAll(".compared tr:first-child [data-read]")]
  .map((cell) => getComputedStyle(cell, "::before").content)"""

MARKS = """globalThis.marks = [];  // text, left and right edge, width of the canvas
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, ...more) {
  const width = this.measureText(text).width;
  const before = { center: width / 2, right: width, end: width }[this.textAlign] ?? 0;
  marks.push([text, x - before, x - before + width, this.canvas.width]);
  return write.call(this, text, x, ...more); };"""

MINUTE_MS, DAY_MS = 60_000, 86_400_000


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A service that was stopped: its product has a figure more than that of a finished replay."""
    folder = tmp_path_factory.mktemp("stopped")
    with served(folder, job=JOB) as service:
        assert service.post({"reviewerID": "A", "productID": "P", "rating": 4}).json["counted"] == 1
    with shown(folder / "state") as page:
        yield page


@pytest.mark.parametrize("width", [736, 740, 800, 870, 960])
def test_the_figures_of_a_product_take_another_line_where_the_screen_ends(stopped, look, width):
    tab = look(stopped, viewport={"width": width, "height": 800}).open("/product?id=P").live()
    assert len(tab.all(".figures dt")) == 4
    assert tab.page.evaluate("() => document.scrollingElement.scrollWidth") == width


def test_on_a_phone_the_name_of_a_file_takes_several_lines(tmp_path, look):
    file = tmp_path / f"{'ratings_of_all_products_' * 4}.csv"  # nowhere in it a line may end
    file.write_text("reviewerID,productID,rating,timestamp\nA,P,5,1600000000\n")
    done = replay(file, "--as-fast-as-possible", "--state", tmp_path / "s")
    assert done.code == 0, done.err
    with shown(tmp_path / "s") as page:
        tab = look(page, viewport=PHONE).open("/pipeline").live()
        assert file.name in tab.text(".way-table")
        assert tab.page.evaluate("() => document.scrollingElement.scrollWidth") == PHONE["width"]


def test_on_a_phone_every_product_has_its_whole_name(shop, look):
    tab = look(shop, viewport=PHONE).open("/").live()
    assert len(tab.all(".row:not([hidden], .unknown) .c-name a")) > 5
    assert tab.page.evaluate(CUT_NAMES) == []
    assert tab.page.evaluate(COVERED) == []


def test_on_a_phone_compared_products_have_all_of_their_numbers_on_the_screen(shop, look):
    tab = look(shop, viewport=PHONE).open("/compare").live()
    tab.until(
        """() => [...document.querySelectorAll(".compared [data-read=all]")]
          .filter((cell) => / of /.test(cell.textContent)).length === 3"""
    )
    assert tab.page.evaluate(BESIDE) == []
    assert tab.page.locator(".compared [data-read]").count() == 9
    said = tab.page.evaluate(LABELS)
    assert said == ['"At the cursor "', '"Ratings there "', '"All time "']
    tab.page.locator(".compared button").first.click()
    tab.until("() => document.querySelectorAll('.compared tbody tr').length === 2")


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_no_mark_of_a_chart_is_cut_though_it_stands_on_the_edge(reference, browser, width):
    product = reference.api("products", limit=1)["rows"]["id"][0]
    newest = reference.api("status")["newest_ms"]
    with tab_of(browser, reference.url, viewport={"width": width, "height": 800}) as tab:
        tab.page.add_init_script(MARKS)
        for long in (MINUTE_MS, 30 * DAY_MS):  # where both ends are whole, a mark stands on them
            end = newest - newest % (MINUTE_MS if long < DAY_MS else DAY_MS)
            span = f"from_ms={end - long}&to_ms={end}&window=30s/5s"
            tab.open(f"/product?id={product}&{span}").live()
            tab.until("() => marks.length > 6")
            marks = tab.page.evaluate("() => marks")
            assert max(right for _, _, right, _ in marks) > width / 2
            assert [text for text, left, right, room in marks if left < 0 or right > room] == []
