"""What every sink promises of its target: files, pipes, full disks, standard output."""

import os
import sys
import threading
from pathlib import Path

import pytest
from sink_rows import TEXT, assert_holds, context, rows, write

from starwatch.errors import BadSetting, OutputFailed
from starwatch.sinks.registry import Output, open_output


def test_closing_twice_is_harmless(sink: str, target: Path) -> None:
    of = context()
    whole = rows(of, 4)
    opened = open_output(Output(sink, str(target)), of)
    opened.write(whole)
    opened.close()
    opened.close()
    assert_holds(sink, target, of, whole)


def test_a_file_that_is_there_is_replaced(sink: str, target: Path) -> None:
    of = context()
    target.write_text("something old and long\n" * 1000)
    whole = rows(of, 2)
    write(sink, target, of, whole)
    assert_holds(sink, target, of, whole)
    assert list(target.parent.iterdir()) == [target]


def test_a_missing_folder_is_named(sink: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no such file.*Create its folder first"):
        open_output(Output(sink, str(tmp_path / "none" / "w")), context())


def test_a_folder_is_refused(sink: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"is a directory.*Name a file inside"):
        open_output(Output(sink, str(tmp_path)), context())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other names for such places")
def test_a_file_as_folder_is_refused(sink: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match="not a directory"):
        open_output(Output(sink, str(tmp_path / "file" / "w")), context())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
@pytest.mark.parametrize(
    "sink", TEXT
)  # not Parquet: a mistake in its renaming would end the device
def test_a_full_disk_is_said_and_not_said_twice(sink: str) -> None:
    of = context()
    opened = None
    with pytest.raises(OutputFailed, match=r"/dev/full cannot be written.*Make room"):  # noqa: PT012
        opened = open_output(Output(sink, "/dev/full"), of)
        opened.write(rows(of, 200_000))
        opened.close()
    if opened:
        opened.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_write_that_fails_in_the_middle_is_said_and_not_said_twice(
    sink: str, target: Path
) -> None:
    import resource  # noqa: PLC0415

    of = context(ids=[f"{n:010d}" for n in range(50_000)])
    many = rows(of, 300_000, most=10**6)
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    opened = open_output(Output(sink, str(target)), of)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutputFailed, match="file too large"):  # noqa: PT012
            opened.write(many)
            opened.close()
        opened.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(target.parent.iterdir()) == [target]
    if sink == "parquet":
        assert target.read_text() == "old"
    else:
        assert target.stat().st_size == 100_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_written_and_stays_a_pipe(sink: str, tmp_path: Path) -> None:
    of = context()
    whole = rows(of, 20)
    pipe, copy = tmp_path / "pipe", tmp_path / "copy"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: copy.write_bytes(pipe.read_bytes()), daemon=True)
    reader.start()
    write(sink, pipe, of, whole)
    reader.join(timeout=20)
    assert not reader.is_alive()
    assert pipe.is_fifo()
    assert_holds(sink, copy, of, whole)


def test_standard_output_gets_the_same_bytes(
    sink: str, target: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    of = context()
    whole = rows(of, 50)
    if sink == "parquet":
        with pytest.raises(BadSetting, match="standard output"):
            open_output(Output(sink, "-"), of)
        return
    write(sink, target, of, whole)
    write(sink, Path("-"), of, whole)
    assert capfdbinary.readouterr().out == target.read_bytes()
    print("still open")  # noqa: T201
    assert capfdbinary.readouterr().out.split() == [b"still", b"open"]


def test_what_was_flushed_can_be_read_before_the_end(sink: str, target: Path) -> None:
    of = context()
    whole = rows(of, 30)
    opened = open_output(Output(sink, str(target)), of)
    for first in (0, 10, 20):
        opened.write(whole.take(slice(first, first + 10)))
        opened.flush()
        if sink == "parquet":  # an open Parquet file cannot be read, so it has no name yet
            assert not target.exists()
        else:
            assert_holds(sink, target, of, whole.take(slice(first + 10)))
    opened.close()
    assert_holds(sink, target, of, whole)
