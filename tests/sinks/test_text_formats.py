"""The text formats to the byte, and standard output when its reader has gone."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from starwatch.errors import OutputFailed
from starwatch.ports import RowContext
from starwatch.ratings.scale import Scale
from starwatch.sinks import csv, jsonl, log
from starwatch.sinks.files import ByteTarget
from starwatch.sinks.registry import Output, open_output
from starwatch.sinks.texts import as_bytes
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
from starwatch.windows.spec import WindowSpec

END = 1_622_505_603_000


def one(product: str, stars: list[int], scale: str = "1..5/1") -> tuple[WindowRows, RowContext]:
    rows = WindowRows(
        spec=np.array([1], np.int16),
        product=np.array([0], np.int32),
        end_ms=np.array([END]),
        stars=np.array([stars]),
        revision=np.array([2], np.int32),
    )
    job = Job(windows=(WindowSpec(), WindowSpec(3_600_000, 60_000, 3000)), scale=Scale.parse(scale))
    return rows, RowContext(job, ProductIds(pa.array([product])))


def test_jsonl_is_this() -> None:
    assert (
        jsonl.format_rows(*one('"\\\n\x1f\x7fé☃', [0, 2, 0, 1, 5]))
        == (
            '{"window":"1h/1m+3s","product":"\\"\\\\\\n\\u001f\x7fé☃",'
            '"start":"2021-05-31T23:00:03.000Z","end":"2021-06-01T00:00:03.000Z",'
            '"count":8,"stars":[0,2,0,1,5],"mean":4.125000,"revision":2}\n'
        ).encode()
    )


def test_csv_is_this() -> None:
    rows, context = one('a "b", c', [0, 0, 1], "0..1/0.5")
    assert csv.header(context.job.scale) + csv.format_rows(rows, context) == (
        b"window,product,start,end,count,stars_0,stars_0.5,stars_1,mean,revision\n"
        b'1h/1m+3s,"a ""b"", c",2021-05-31T23:00:03.000Z,2021-06-01T00:00:03.000Z,'
        b"1,0,0,1,1.000000,2\n"
    )


@pytest.mark.parametrize(
    ("stars", "scale", "truncated", "exact"),
    [
        ([0, 0, 0, 0, 3], "1..5/1", "5", "5"),
        ([0, 0, 1, 0, 4], "1..5/1", "4", "4.6"),
        ([0, 2, 0, 1, 5], "1..5/1", "4", "4.125"),
        ([0, 1, 0, 0, 2], "1..5/1", "4", "4"),
        ([0, 0, 0, 1, 2], "1..5/1", "4", "4.666667"),
        ([1, 0, 0, 0, 9_999_999], "1..5/1", "4", "5.000000"),
        ([1, 1, 0, 0, 0], "-2..2/1", "-1", "-1.5"),
        ([0, 1, 1, 0, 0], "-2..2/1", "0", "-0.5"),
        ([1, 0, 0, 0, 1], "-2..2/1", "0", "0"),
        ([0, 1, 9_999_999, 0, 0], "-2..2/1", "0", "0.000000"),
        ([0, 2], "0..10/10", "10", "10"),
        ([63, 1], "0..1/1", "0", "0.015625"),
        ([127, 1], "0..1/1", "0", "0.007812"),
    ],
)
def test_the_logs_print_means_so(stars: list[int], scale: str, truncated: str, exact: str) -> None:
    rows, context = one("0000143502", stars, scale)
    assert log.format_rows(rows, context) == f"(0000143502\n,{truncated})\n".encode()
    assert log.format_exact(rows, context) == f"(0000143502\n,{exact})\n".encode()


@pytest.mark.parametrize(
    ("end_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (253402300799999, "9999-12-31T23:59:59.999Z"),
        (951782400001, "2000-02-29T00:00:00.001Z"),
    ],
)
def test_moments_of_all_ages(end_ms: int, text: str) -> None:
    rows, context = one("p", [1, 0, 0, 0, 0])
    rows = WindowRows(rows.spec, rows.product, np.array([end_ms]), rows.stars, rows.revision)
    assert f'"end":"{text}"'.encode() in jsonl.format_rows(rows, context)


def test_a_part_of_a_column_gives_its_own_bytes_alone() -> None:
    texts = pa.array(["a", "é", "c", "d"])
    assert as_bytes(texts[1:3]) == "éc".encode()
    assert as_bytes(texts[4:]) == b""
    assert as_bytes(pa.array([], pa.string())) == b""


class Slow(io.RawIOBase):
    """A non-blocking pipe that takes three bytes at a time, and every other time none."""

    def __init__(self, pipe: int) -> None:
        self.pipe, self.turn = pipe, 0

    def fileno(self) -> int:
        return self.pipe

    def write(self, data: memoryview) -> int | None:
        self.turn += 1
        return os.write(self.pipe, data[:3]) if self.turn % 2 else None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot wait for a pipe")
def test_what_standard_output_does_not_take_at_once_is_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    stdout = SimpleNamespace(buffer=SimpleNamespace(raw=Slow(writing)), flush=lambda: None)
    monkeypatch.setattr(sys, "stdout", stdout)
    ByteTarget("-").write(b"0123456789")
    os.close(writing)
    assert os.read(reading, 100) == b"0123456789"
    os.close(reading)


@pytest.mark.parametrize("locale", ["C", "de_DE.UTF-8", "tr_TR.ISO8859-9"])
def test_bytes_do_not_depend_on_the_locale(locale: str) -> None:
    code = (
        "import numpy as np, pyarrow as pa\n"
        "from starwatch.ports import RowContext\n"
        "from starwatch.sinks.registry import Output, open_output\n"
        "from starwatch.windows.job import Job\n"
        "from starwatch.windows.products import ProductIds\n"
        "from starwatch.windows.rows import WindowRows\n"
        "of = RowContext(Job(), ProductIds(pa.array(['I\\u0131\\u0130\\u2603'])))\n"
        "z, end = np.zeros(1, np.int32), np.zeros(1, np.int64)\n"
        "sink = open_output(Output('csv', '-'), of)\n"
        "sink.write(WindowRows(z, z, end, np.array([[1, 1, 0, 0, 0]]), z))\n"
        "sink.close()\n"
    )
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment
    )
    assert done.stdout.split(b"\n")[1:] == [
        "30s/5s,I\u0131\u0130\u2603,1969-12-31T23:59:30.000Z,1970-01-01T00:00:00.000Z,"
        "2,1,1,0,0,0,1.500000,0".encode(),
        b"",
    ]


PIPE = """
import sys, numpy as np, pyarrow as pa
from starwatch.ports import RowContext
from starwatch.sinks.registry import Output, open_output
from starwatch.windows.job import Job
from starwatch.windows.products import ProductIds
from starwatch.windows.rows import WindowRows
n = np.zeros(200_000, np.int32)
sink = open_output(Output(sys.argv[1], "-"), RowContext(Job(), ProductIds(pa.array(["p"]))))
try:
    sink.write(WindowRows(n, n, n.astype(np.int64), np.ones((200_000, 5), np.int32), n))
except BrokenPipeError:
    sink.close()
    sys.exit(7)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows says EINVAL for a closed pipe")
@pytest.mark.parametrize("sink", ["csv", "jsonl", "log"])
def test_a_reader_of_standard_output_that_goes_is_told_to_the_caller(sink: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PIPE, sink], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr
        assert child.stderr.read() == b""
    assert child.returncode == 7


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_reader_of_a_named_pipe_that_goes_is_an_error(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: pipe.open("rb").close(), daemon=True)
    reader.start()
    rows, context = one("p", [1, 0, 0, 0, 0])
    sink = open_output(Output("log", str(pipe)), context)
    reader.join()
    sink.write(rows)
    with pytest.raises(OutputFailed, match="broken pipe"):
        sink.flush()
    sink.close()
