"""All outputs of a run as one: every sink gets all, and is closed whatever another one does."""

import json

import numpy as np
import pytest

from starwatch.errors import BadSetting, OutputFailed
from starwatch.service.kept import KeptFile
from starwatch.service.outputs import Outputs
from starwatch.windows.rows import WindowRows


class Noted:
    def __init__(self, *, fails=False):
        self.rows, self.closed, self._fails = 0, False, fails

    def write(self, rows):
        self.rows += len(rows)

    def flush(self):
        pass

    def close(self):
        self.closed = True
        if self._fails:
            raise OutputFailed("the disk is full")


def some(number):
    column = np.zeros(number, np.int64)
    stars = np.ones((number, 5), np.uint32)
    return WindowRows(
        spec=column, product=column, end_ms=column, stars=stars, revision=column.astype(np.int32)
    )


def test_every_sink_gets_all_rows():
    first, second = Noted(), Noted()
    outputs = Outputs([first])
    outputs.add(second)
    outputs.write(some(3))
    outputs.write(some(0))
    outputs.write(some(2))
    assert (first.rows, second.rows, outputs.rows) == (5, 5, 5)


def test_every_sink_is_closed_though_one_fails():
    sinks = [Noted(), Noted(fails=True), Noted()]
    with pytest.raises(OutputFailed):
        Outputs(sinks).close()
    assert all(sink.closed for sink in sinks)


def test_kept_lines_are_there_at_once(tmp_path):
    path = tmp_path / "kept.jsonl"
    kept = KeptFile(str(path))
    kept.write([{"raw": "ä\n"}, {"raw": "b"}])
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [
        {"raw": "ä\n"},
        {"raw": "b"},
    ]
    kept.close()
    kept.close()


def test_a_kept_file_that_cannot_be(tmp_path):
    with pytest.raises(BadSetting, match="cannot be written"):
        KeptFile(str(tmp_path))
