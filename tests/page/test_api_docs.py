"""The page of the docs on the API: each line that it shows works, each path is told."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from page.shown import Events
from starwatch.page.api.description import api_paths, stream_path

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
LINES = re.findall(r"^curl (-N )?'http://127.0.0.1:8321([^']+)'$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("streams", "asked"), LINES)
def test_each_line_is_answered(reference, streams, asked):
    if streams:
        with Events(reference, urlsplit(asked).query) as events:
            assert events.next()[0] == "full"
    else:
        got = reference.get(asked)
        assert got.status == 200
        assert got.body


def test_every_path_stands_in_the_table_and_has_a_line():
    paths = {*api_paths(), *stream_path()}
    assert set(re.findall(r"^\| `(/api/v1/[^`]+)` \|", TEXT, re.MULTILINE)) == paths
    assert {urlsplit(asked).path for _, asked in LINES} == paths
