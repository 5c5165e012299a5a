import pytest

from browser.tab import browsing, tab
from commands import replay, starwatch
from page.conftest import evil, evil_state, first_252, reference, shifted  # noqa: F401 - fixtures
from page.shown import shown


@pytest.fixture(scope="package")
def browser():
    with browsing() as running:
        yield running


@pytest.fixture
def look(browser):
    """A function that opens a tab; all are closed, and checked, at the end."""
    opened = []

    def opening(page, **options):
        context = tab(browser, page.url, **options)
        opened.append(context)
        return context.__enter__()

    yield opening
    while opened:
        opened.pop().__exit__(None, None, None)


@pytest.fixture(scope="session")
def shop_state(tmp_path_factory):
    """Ten minutes of a made-up shop of 200 products with names and categories."""
    folder = tmp_path_factory.mktemp("shop")
    made = starwatch(
        *("generate", "--products", 200, "--rate", 40, "--for", "10m", "--seed", 7, "--quiet"),
        *("--out", folder / "r.csv", "--catalogue", folder / "c.csv"),
    )
    assert made.code == 0, made.err
    state = folder / "s"
    replay(
        *(folder / "r.csv", "--time", "event", "--state", state, "--quiet"),
        *("--catalogue", folder / "c.csv"),
    )
    return state


@pytest.fixture(scope="session")
def shop(shop_state):
    with shown(shop_state) as page:
        yield page
