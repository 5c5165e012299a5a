"""The table of products: order, search, filters, keys, addresses."""

import pytest

from browser.expected import means

SORTS = ["name", "mean", "change", "count", "all_mean", "score"]


@pytest.fixture
def tab(shop, look):
    return look(shop).open("/").live()


def ids(tab):
    return [row["id"] for row in tab.rows() if row["known"]]


def shows(tab, shop, **parameters):
    """Wait until the table has the rows that the API gives for these parameters."""
    answer = shop.api("products", **parameters)
    wanted = answer["rows"]["id"][:8]
    tab.until(
        """(ids) => { const rows = [...document.querySelectorAll(".rows > .row:not([hidden])")]
            .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map((row) => new URL(row.querySelector("a").href).searchParams.get("id"));
          return ids.every((id, i) => rows[i] === id) && rows.length >= ids.length; }""",
        wanted,
    )
    return answer


@pytest.mark.parametrize("column", SORTS)
def test_each_head_sorts_and_a_second_click_turns_it_around(tab, shop, column):
    head = f"button[data-sort={column}]"
    rising = column == "name"
    if column == "count":  # it is sorted by that already
        tab.page.click("button[data-sort=mean]")
        shows(tab, shop, sort="-mean")
    for turned in (False, True):
        tab.page.click(head)
        sort = column if rising != turned else f"-{column}"
        answer = shows(tab, shop, sort=sort)
        order = "descending" if sort.startswith("-") else "ascending"
        assert tab.page.locator(f".heads [role=columnheader]:has({head})").get_attribute(
            "aria-sort"
        ) == order  # fmt: skip
        found = tab.rows()[:8]
        assert [row["mean"] for row in found] == means(answer["rows"]["stars"])[:8]
        assert [row["name"] for row in found] == answer["rows"]["name"][:8]


def test_search_finds_by_name_and_the_slash_goes_there(tab, shop):
    name = shop.api("products", sort="name")["rows"]["name"][17]
    tab.page.keyboard.press("/")
    tab.page.keyboard.type(name)
    answer = shows(tab, shop, q=name)
    assert 0 < answer["total"] < 200
    assert f"{answer['total']} of 200 products" in tab.text("[data-total]")
    tab.page.fill("#search", "there is no such thing")
    tab.page.wait_for_selector("#nothing:not([hidden])")
    assert tab.rows() == []
    assert tab.page.is_visible("#category")
    assert tab.page.is_visible("#group")
    tab.page.click("#clear")
    shows(tab, shop)
    assert tab.page.evaluate("document.activeElement.id") == "search"


def test_a_search_without_a_hit_leads_back(shop, look):
    tab = look(shop).open("/?q=there+is+no+such+thing&sort=-mean").live()
    assert tab.text("#nothing").startswith("No product matches.")
    assert tab.page.is_visible("#category")
    tab.page.click("#show-all")
    shows(tab, shop, sort="-mean")
    assert tab.page.input_value("#search") == ""
    assert "q=" not in tab.page.url
    assert not tab.page.is_visible("#nothing")


def test_a_bar_filters_and_lets_go(tab, shop):
    bars = shop.api("overview")["distribution"]
    at = max(range(len(bars["count"])), key=lambda i: bars["count"][i])
    low, high, number = (bars[name][at] for name in ("low", "high", "count"))
    bar = tab.page.locator(".bars-chart button").nth(at)
    assert bar.get_attribute("aria-label").startswith(f"{number} product")
    bar.click()
    answer = shows(tab, shop, low=low, high=high)
    assert answer["total"] == number
    assert bar.get_attribute("aria-pressed") == "true"
    assert all(low <= float(row["mean"]) <= high for row in tab.rows())
    assert "low=" in tab.page.url
    bar.click()
    shows(tab, shop)
    assert "low=" not in tab.page.url


def test_all_bars_are_one_stop_of_tab_and_arrows_go_from_bar_to_bar(tab, shop):
    bars = shop.api("overview")["distribution"]
    tallest = bars["count"].index(max(bars["count"]))
    here = "() => [...document.querySelectorAll('.bar')].indexOf(document.activeElement)"
    tab.until("() => document.querySelectorAll(\".bar[tabindex='0']\").length === 1")
    tab.page.focus("[popovertarget=what-distribution]")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate(here) == tallest
    for key, at in (("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("End", 15)):
        tab.page.keyboard.press(key)
        assert tab.page.evaluate(here) == at
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate(here) == -1
    tab.page.keyboard.press("Shift+Tab")
    assert tab.page.evaluate(here) == 15
    tab.page.keyboard.press("Enter")
    shows(tab, shop, low=bars["low"][15], high=bars["high"][15])
    assert tab.page.evaluate(here) == 15
    assert tab.page.get_attribute(".bar:last-child", "aria-pressed") == "true"


def test_the_table_behind_the_bars_adds_up(tab, shop):
    tab.page.click(".distribution summary")
    numbers = [int(text) for text in tab.all(".distribution tbody td")]
    assert sum(numbers) == shop.api("status")["active"]
    assert numbers == shop.api("overview")["distribution"]["count"]


def test_categories_filter_and_group(tab, shop):
    categories = shop.api("overview")["categories"]
    assert len(categories) > 2
    chosen = categories[1]["category"]
    tab.page.select_option("#category", label=chosen)
    answer = shows(tab, shop, category=chosen)
    assert set(answer["rows"]["category"]) == {chosen}
    # From one category to the next: what does not match now can still be chosen.
    assert tab.page.locator("#category option").count() == len(categories) + 1
    other = categories[2]["category"]
    tab.page.select_option("#category", label=other)
    shows(tab, shop, category=other)
    tab.page.click("#clear")
    shows(tab, shop)
    tab.page.click("#group")
    assert sorted(tab.all(".groups tbody th")) == sorted(each["category"] for each in categories)
    shown = zip(*map(tab.all, (".groups tbody th", ".groups tbody td:nth-of-type(1)")), strict=True)
    assert dict(shown) == {each["category"]: means([each["stars"]])[0] for each in categories}


def test_arrows_move_and_enter_opens(tab, shop):
    third = shop.api("products")["rows"]["id"][2]
    tab.page.focus("[role=grid]")
    for key in ("ArrowDown", "ArrowDown"):
        tab.page.keyboard.press(key)
    active = tab.page.get_attribute("[role=grid]", "aria-activedescendant")
    assert tab.page.get_attribute(f"#{active}", "aria-rowindex") == "4"
    tab.page.keyboard.press("End")
    tab.until("""() => document.querySelector('[aria-rowindex="201"]:not(.unknown)')""")
    tab.page.keyboard.press("Home")
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        tab.page.keyboard.press(key)
    tab.page.wait_for_selector("main[data-view=product][data-ready]")
    assert third in tab.page.url


def test_back_and_forward_and_a_permalink_show_the_same(tab, shop, look):
    tab.page.click("button[data-sort=mean]")
    tab.page.fill("#search", "a")
    answer = shows(tab, shop, sort="-mean", q="a")
    tab.until("() => location.search.includes('q=a')")
    link, first = tab.page.url, answer["rows"]["id"][0]
    tab.page.click(".row >> nth=0 >> a")
    tab.page.wait_for_selector("main[data-view=product][data-ready]")
    there = tab.page.url
    tab.page.go_back()
    tab.page.wait_for_selector("main[data-view=overview][data-ready]")
    assert tab.page.url == link
    assert tab.page.input_value("#search") == "a"
    shows(tab, shop, sort="-mean", q="a")
    tab.page.go_forward()
    tab.page.wait_for_selector("main[data-view=product][data-ready]")
    assert tab.page.url == there
    assert tab.text("h1") == answer["rows"]["name"][0]
    anew = look(shop)
    anew.open(link.removeprefix(anew.url)).live()
    assert ids(anew)[0] == first
    shows(anew, shop, sort="-mean", q="a")


CUT = """() => [...document.querySelectorAll(".row:not([hidden], .unknown), .heads [role=row]")]
  .flatMap((row) => [...row.children].filter((cell) => cell.offsetParent !== null)
    .filter((cell) => {
      const [inner, outer] = [cell, row].map((node) => node.getBoundingClientRect());
      const text = cell.firstElementChild?.getBoundingClientRect() ?? inner;
      const number = row.matches(".row") && !cell.matches(".c-name"); // a name may end in dots
      const wide = number && cell.scrollWidth > cell.clientWidth + 1;
      return wide || inner.right > outer.right + 1 || text.left < inner.left - 1;
    })
    .map((cell) => `${cell.className}: ${cell.textContent}`))"""


@pytest.mark.parametrize("width", [1600, 1280, 1024, 930, 740])
def test_the_score_is_in_the_table_from_a_small_laptop_on_and_no_cell_is_cut(shop, look, width):
    tab = look(shop, viewport={"width": width, "height": 800}).open("/").live()
    answer = shows(tab, shop)
    scores = [f"{score:.2f}" for score in answer["rows"]["score"]]
    assert tab.all(".row:not([hidden]) .c-score .value")[:5] == scores[:5]
    ranks = [f"rank {rank}" for rank in answer["rows"]["rank"]]
    assert tab.all(".row:not([hidden]) .c-score .sub")[:5] == ranks[:5]
    assert tab.page.evaluate(CUT) == []
    tab.page.evaluate("document.querySelector('.grid').classList.remove('without-open')")
    assert tab.page.evaluate(CUT) == []


def test_on_a_phone_one_rating_is_one_rating(shop, look):
    tab = (
        look(shop, viewport={"width": 360, "height": 740}).open("/?sort=count&low=1&high=5").live()
    )
    answer = shows(tab, shop, sort="count", low=1, high=5)
    assert answer["rows"]["count"][0] == 1
    units = tab.page.evaluate(
        """() => [...document.querySelectorAll(".row:not([hidden], .unknown)")]
          .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
          .map((row) => row.querySelector(".c-count"))
          .map((cell) => [cell.textContent, getComputedStyle(cell, "::after").content])
          .map(([number, unit]) => number + JSON.parse(unit))"""
    )
    wanted = [f"{n} rating{'' if n == 1 else 's'}" for n in answer["rows"]["count"]]
    assert units == wanted[: len(units)]


def test_products_are_picked_by_mouse_and_keys_and_compared(tab, shop):
    names = shop.api("products")["rows"]["name"]
    box = ".row:not([hidden]) .c-pick input >> nth={}"
    assert not tab.page.is_visible("#picked a")
    tab.page.click(box.format(1))
    assert tab.text("#picked a") == "Compare 1"
    tab.page.focus("[role=grid]")
    tab.page.keyboard.press("Home")
    tab.page.keyboard.press("Space")
    assert tab.text("#picked a") == "Compare 2"
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Space")  # it was picked already
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Space")
    assert tab.text("#picked a") == "Compare 2"
    tab.page.click("button[data-sort=name]")
    answer = shows(tab, shop, sort="name")
    assert not tab.page.is_checked(box.format(0)) or answer["rows"]["name"][0] in names[::2]
    tab.page.click("button[data-sort=count]")
    shows(tab, shop)
    assert [tab.page.is_checked(box.format(at)) for at in range(4)] == [True, False, True, False]
    tab.page.click("#picked a")
    tab.page.wait_for_selector("main[data-view=compare][data-ready]")
    assert tab.all(".compared th a") == [names[0], names[2]]
    tab.page.go_back()
    tab.page.wait_for_selector("main[data-view=overview][data-ready]")
    assert tab.text("#picked a") == "Compare 2"
    tab.page.click("#picked button")
    assert not tab.page.is_visible("#picked a")
    assert tab.page.locator(".c-pick input:checked").count() == 0


def test_no_more_are_picked_than_fit_on_a_chart(tab):
    tab.page.focus("[role=grid]")
    for _ in range(7):
        tab.page.keyboard.press("Space")
        tab.page.keyboard.press("ArrowDown")
    assert tab.text("#picked a") == "Compare 6"
    assert tab.page.locator(".c-pick input:checked").count() == 6
    tab.sees("#announcements", "No more than 6 products fit")
    tab.page.click(".row:not([hidden]) .c-pick input >> nth=7")
    assert tab.page.locator(".c-pick input:checked").count() == 6
