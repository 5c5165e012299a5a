"""What is finished, or was stopped, does not speak as if it were live."""

from threading import Event

from http_door.served import served
from page.shown import shown
from service.live_sources import KnowsItsEnd, backlog_then_ten_a_second
from service.serving import running
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(3_600_000, 3_600_000),), time=WindowTime.ARRIVAL, bound_ms=0)
LIVE = ["Ratings a second", "Products rated just now", "Newest rating"]
SENTENCE = """(text) => document.querySelector("[data-figure=sentence]").textContent
  .startsWith(text)"""
NONE = "\u2013"
STOPPED = ["This service", "Products rated at the end", "Last rating"]


def heads(tab):
    """The headings of the figures, but for the books."""
    return [text.split("?")[0].strip() for text in tab.all(".figures dt")][:3]


def says(tab, connection, wanted):
    tab.sees("#connection", connection)
    tab.until("(text) => document.querySelector('.figures dt').innerText.startsWith(text)", wanted)
    tab.ready()


def test_a_finished_replay_says_so(shop, look):
    tab = look(shop).open("/").live()
    assert tab.text("#connection") == "finished"
    assert heads(tab) == ["This replay", "Products rated at the end", "Last rating"]
    assert tab.text(".figures dd") == "finished"
    last = tab.page.evaluate(
        "(ms) => new Date(ms).toISOString().slice(11, 19)", shop.api("status")["newest_ms"]
    )
    assert tab.text("[data-figure=last-time]") == last
    assert not tab.page.locator(".row .c-open").first.is_visible()
    assert "Still counting" not in tab.page.inner_text("main")
    tab.page.click(".c-name a >> nth=0")
    tab.page.wait_for_selector("main[data-view=product][data-ready]")
    said = tab.page.inner_text("main").lower()
    assert "average at the end" in said
    assert "still counting" not in said


def test_a_page_says_when_its_job_stops_and_when_it_goes_on(tmp_path, look):
    state = tmp_path / "state"
    with served(tmp_path, job=JOB) as service:
        rating = {"reviewerID": "A", "productID": "P", "rating": 4}
        assert service.post(rating).json["counted"] == 1
        page = shown(state)
        opened = page.__enter__()
    try:
        tab = look(opened).open("/").live()
        says(tab, "not running", "This service")
        assert heads(tab) == STOPPED
        assert tab.all(".heads .c-open > span") == ["Left open"]
        assert tab.text(".row .c-open .value") == "4.00"
        with served(tmp_path, job=JOB) as service:
            says(tab, "live", "Ratings a second")
            assert heads(tab) == LIVE
            assert tab.all(".heads .c-open > span") == ["Still counting"]
            assert service.post(rating | {"rating": 2}).json["counted"] == 1
            tab.sees(".row .c-open .value", "3.00")
        says(tab, "not running", "This service")
        assert heads(tab) == STOPPED
        tab.sees(".row .c-open .value", "3.00")
    finally:
        page.__exit__(None, None, None)


def test_what_had_waited_for_a_service_is_no_rate_but_catching_up(tmp_path, look):
    read = Event()
    source = KnowsItsEnd(backlog_then_ten_a_second(3000, read))
    with running(tmp_path, source, job=JOB, noted=True):
        try:
            with shown(tmp_path / "state") as page:
                tab = look(page).open("/").live()
                tab.until(SENTENCE, "3,000 ratings came")
                tab.sees("[data-figure=catching]", "catching up")
                assert tab.text("[data-figure=rate]") == NONE
                read.set()
                tab.sees("[data-figure=catching]", "", seconds=60)
                assert 0 <= float(tab.text("[data-figure=rate]")) < 12
                tab.page.goto("about:blank")  # the page ends before its browser looks for it
        finally:
            read.set()
