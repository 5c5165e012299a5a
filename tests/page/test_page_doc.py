"""The addresses and commands of docs/page.md do what it says, on the reference's rows."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from commands import starwatch

PAGE = (Path(__file__).parents[2] / "docs" / "page.md").read_text(encoding="utf-8")
LINKS = re.findall(r"^http://127\.0\.0\.1:8321(\S+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("link", LINKS)
def test_an_address_shows_what_it_names(reference, link):
    got = reference.get(link, Accept="text/html")
    assert got.status == 200
    html = got.body.decode() if isinstance(got.body, bytes) else got.body
    assert 'id="first"' in html
    named = re.findall(r"id=(\w+)", urlsplit(link).query)
    assert all(product in html for product in named)


def test_there_are_some_of_each_view():
    paths = {urlsplit(link).path for link in LINKS}
    assert paths == {"/", "/product", "/compare"}


def test_the_commands_of_the_terminal(reference):
    (once,) = re.findall(r"^starwatch (top --once.*?) +#", PAGE, re.MULTILINE)
    done = starwatch(*once.split(), "--url", reference.url)
    assert done.code == 0
    assert "by mean" in done.out
