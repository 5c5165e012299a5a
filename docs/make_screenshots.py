"""Take pictures of every view, in both themes and on a phone; three of them stand in the README.

Run by `make screenshots`. The shop is made by a seed and played to its end, so that a picture only
changes with the page (and with the fonts of the machine).
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from servers.chromium import chromium

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs/images"
MOST_BYTES = 200_000
WIDE, NARROW = (1280, 900), (360, 780)
THEMES = ("light", "dark")
IN_README = {
    "overview-light": "overview.png",
    "product-dark": "product.png",
    "compare-light": "compare.png",
}
TOKEN = "only-for-pictures"  # noqa: S105 - of a service that lives for seconds
LABELS = "incidents.csv"
READY = "main[data-ready]"
LIVE = "#connection:is([data-state=live], [data-state=finished])"


def main(folder: Path) -> None:
    """Write all pictures to a folder, and those of the README to `docs/images/`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as shop, chromium("--font-render-hinting=none") as browser:
        state = make_shop(Path(shop))
        with served(state) as url:
            troubled = ids(Path(shop) / LABELS)
            views = {name: url + path for name, path in addresses(browser, url, troubled).items()}
            for name, address in views.items():
                take(browser, address, folder / name)
        with served(state, token=TOKEN) as url:
            take(browser, f"{url}login", folder / "login")
    IMAGES.mkdir(exist_ok=True)
    for name, image in IN_README.items():
        taken = folder / f"{name}.png"
        if taken.stat().st_size > MOST_BYTES:
            sys.exit(f"error: {taken} has more than {MOST_BYTES:,} bytes")
        shutil.copy(taken, IMAGES / image)
    print(f"{len(list(folder.glob('*.png')))} pictures are in {folder}")


def make_shop(folder: Path) -> Path:
    """The state of a shop after an hour; some of what came could not count."""
    starwatch(
        *("generate", "--products", "200", "--rate", "20", "--for", "1h", "--seed", "11"),
        *("--incidents", "60", "--malformed", "0.001", "--disorder", "4s"),
        *("--out", "ratings.csv", "--catalogue", "catalogue.csv", "--labels", LABELS),
        folder=folder,
    )
    starwatch(
        *("replay", "ratings.csv", "--time", "event", "--order", "file", "--bound", "5s"),
        *("--as-fast-as-possible", "--start", "2026-01-01T00:00:00Z"),
        *("--state", "state", "--catalogue", "catalogue.csv"),
        folder=folder,
    )
    return folder / "state"


def ids(labels: Path) -> set[str]:
    """The products to which something happened."""
    with labels.open() as rows:
        return {row["product"] for row in csv.DictReader(rows)}


def addresses(browser: Browser, url: str, troubled: set[str]) -> dict[str, str]:
    """The path of every view by the name of its pictures."""
    page = browser.new_page()
    page.goto(f"{url}api/v1/products?sort=-all_count&limit=500")
    known = page.evaluate("JSON.parse(document.body.innerText).rows.id")
    page.close()
    product, *others = [id_ for id_ in known if id_ in troubled][:3]
    return {
        "overview": "",
        "overview-filtered": "?low=4&high=4.25&q=a",
        "overview-nothing": "?q=nothing+is+called+so",
        "product": f"product?{urlencode({'id': product})}",
        "compare": f"compare?{urlencode({'id': [product, *others]}, doseq=True)}",
        "pipeline": "pipeline",
        "rejects": "rejects",
        "error": "product?id=nowhere",
    }


def take(browser: Browser, address: str, name: Path) -> None:
    """Take a view in both themes, the upper part at a usual width, all of it on a phone."""
    for theme in THEMES:
        for (width, height), end in ((WIDE, ""), (NARROW, "-narrow")):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="UTC",
            )
            page = context.new_page()
            page.goto(address)
            settle(page)
            page.screenshot(path=f"{name}-{theme}{end}.png", full_page=end != "")
            context.close()


def settle(page: Page) -> None:
    """Wait until a view is alive and has drawn."""
    if page.locator("#first").count():
        page.wait_for_selector(READY)
        page.wait_for_selector(LIVE)
    page.wait_for_load_state("load")
    page.wait_for_timeout(400)  # charts draw in the frames after


@contextmanager
def served(state: Path, *, token: str = "") -> Iterator[str]:
    """The page of a state; its address."""
    line = command("serve", "--state", str(state), "--port", "0")
    environment = os.environ | ({"STARWATCH_HTTP__TOKEN": token} if token else {})
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as service:
        try:
            yield service.stdout.readline().split()[-1] if service.stdout else ""
        finally:
            service.terminate()


def starwatch(*words: str, folder: Path) -> None:
    """Run a command in a folder to its end."""
    subprocess.run([*command(*words), "--quiet"], cwd=folder, check=True)


def command(*words: str) -> list[str]:
    """The command line of this project's own program."""
    return [sys.executable, "-m", "starwatch", *words]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
