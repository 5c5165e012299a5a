"""What every lasting sink promises: it goes on from its cursor, or says why it cannot."""

import os
import sys
from pathlib import Path

import pytest
from lasting_run import small_parts
from sink_rows import TEXT, assert_holds, context, rows, split, write

from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import Cursor, LastingSink
from starwatch.sinks import parts
from starwatch.sinks.registry import Output, at_most_once, open_lasting
from starwatch.windows.rows import WindowRows

OF = context()
WHOLE = rows(OF, 100)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "GROUP_ROWS", parts.GROUP_ROWS)
    monkeypatch.setattr(parts, "PART_GROUPS", parts.PART_GROUPS)
    small_parts()


def opened(sink: str, target: Path, cursor: Cursor = Cursor()) -> LastingSink:  # noqa: B008
    return open_lasting(Output(sink, str(target)), OF, cursor)


def written(sink: str, target: Path, number: int) -> Cursor:
    """Write the first rows, secure them, close; returns the cursor behind them."""
    made = opened(sink, target)
    made.write(WHOLE.take(slice(number)))
    made.secured()
    made.close()
    return made.secured()


def held(sink: str, target: Path) -> int:
    """Bytes that a target holds."""
    files = [target] if sink in TEXT else list(target.iterdir())
    return sum(path.stat().st_size for path in files)


def test_it_has_a_name_and_lasts(sink: str, target: Path) -> None:
    made = opened(sink, target)
    assert (made.name, made.lasting) == (f"{sink}:{target}", True)
    assert at_most_once([made]) is None
    made.close()


def test_it_goes_on_at_its_cursor_wherever_it_was_closed(sink: str, target: Path) -> None:
    cursor = Cursor()
    for part in split(WHOLE, 3):
        made = opened(sink, target, cursor)
        made.write(part)
        made.close()
        now = made.secured()
        assert now.rows == cursor.rows + len(part)
        cursor = now
        if cursor.rows:
            assert cursor.length == held(sink, target)
    assert_holds(sink, target, OF, WHOLE)


def test_text_is_secured_at_once_and_parquet_by_whole_parts(sink: str, target: Path) -> None:
    made = opened(sink, target)
    for part in (slice(45), slice(45, 59), slice(59, 60)):
        made.write(WHOLE.take(part))
        secured = made.secured()
        assert secured.rows == (part.stop if sink in TEXT else part.stop // 30 * 30)
        whole = [target] if sink in TEXT else list(target.glob("*.parquet"))
        assert secured.length == sum(path.stat().st_size for path in whole)
        assert_holds(sink, target, OF, WHOLE.take(slice(secured.rows)))
    made.close()
    assert_holds(sink, target, OF, WHOLE.take(slice(60)))


def test_closing_twice_is_harmless(sink: str, target: Path) -> None:
    made = opened(sink, target)
    made.write(WHOLE)
    made.close()
    cursor = made.secured()
    made.close()
    assert made.secured() == cursor
    assert cursor == Cursor(len(WHOLE), held(sink, target))
    assert_holds(sink, target, OF, WHOLE)


def test_no_rows_make_a_file_without_rows_and_rows_may_follow(sink: str, target: Path) -> None:
    cursor = written(sink, target, 0)
    assert cursor.rows == 0
    assert_holds(sink, target, OF, WindowRows.empty(5))
    made = opened(sink, target, cursor)
    made.write(WHOLE)
    made.close()
    assert_holds(sink, target, OF, WHOLE)


def test_a_torn_tail_is_cut_back(sink: str, target: Path) -> None:
    cursor = written(sink, target, 60)
    if sink in TEXT:
        with target.open("ab") as file:
            file.write(b"a line that a crash has to")
    else:
        for name in ("part-000000000060.parquet", ".part-000000000090.parquet.unfinished"):
            (target / name).write_bytes(b"PAR1 and no more")
    made = opened(sink, target, cursor)
    assert held(sink, target) == cursor.length
    made.write(WHOLE.take(slice(60, None)))
    made.close()
    assert_holds(sink, target, OF, WHOLE)


def test_what_stands_there_goes_where_nothing_is_certain(sink: str, target: Path) -> None:
    written(sink, target, 80)
    made = opened(sink, target)
    made.write(WHOLE.take(slice(5)))
    made.close()
    assert_holds(sink, target, OF, WHOLE.take(slice(5)))


def test_a_sink_that_joins_later_counts_from_where_it_joined(sink: str, target: Path) -> None:
    made = opened(sink, target, Cursor(40))
    made.write(WHOLE.take(slice(40, 70)))
    made.close()
    assert made.secured() == Cursor(70, held(sink, target))
    made = opened(sink, target, made.secured())
    made.write(WHOLE.take(slice(70, None)))
    made.close()
    assert_holds(sink, target, OF, WHOLE.take(slice(40, None)))


def test_rows_that_are_skipped_are_counted_and_leave_no_trace(sink: str, target: Path) -> None:
    made = opened(sink, target)
    made.write(WHOLE.take(slice(40)))
    made.skip(5)
    made.write(WHOLE.take(slice(45, 70)))
    made.close()
    assert made.secured() == Cursor(70, held(sink, target))
    made = opened(sink, target, made.secured())
    made.write(WHOLE.take(slice(70, None)))
    made.close()
    left = WindowRows.concat([WHOLE.take(slice(40)), WHOLE.take(slice(45, None))])
    assert_holds(sink, target, OF, left)


def test_less_than_was_certain_is_refused_with_both_lengths(sink: str, target: Path) -> None:
    cursor = written(sink, target, 60)
    if sink in TEXT:
        os.truncate(target, cursor.length - 1)
    else:
        (target / "part-000000000000.parquet").unlink()
    left = held(sink, target)
    with pytest.raises(OutputFailed, match=f"holds {left} bytes, where {cursor.length} bytes"):
        opened(sink, target, cursor)
    assert held(sink, target) == left  # and nothing was changed


def test_a_target_that_is_gone_is_refused(sink: str, target: Path) -> None:
    with pytest.raises(OutputFailed, match=r"is gone, where 1000 bytes.*Put back"):
        opened(sink, target, Cursor(10, 1000))
    assert not target.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_it_goes_on_when_a_full_disk_has_room_again(sink: str, target: Path) -> None:
    import resource  # noqa: PLC0415

    made = opened(sink, target)
    made.write(WHOLE.take(slice(30)))
    cursor = made.secured()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = cursor.length + 50 if sink in TEXT else 2000
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(OutputFailed, match="file too large"):  # noqa: PT012
            made.write(WHOLE.take(slice(30, 95)))
            made.secured()
        assert made.secured() == cursor
        with pytest.raises(OutputFailed, match="takes no more rows"):
            made.write(WHOLE)
        made.close()
        assert made.secured() == cursor
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    made = opened(sink, target, cursor)
    made.write(WHOLE.take(slice(30, None)))
    made.close()
    assert_holds(sink, target, OF, WHOLE)


def test_what_is_secured_is_on_the_disk_and_so_is_its_name(
    sink: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, int]] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        found = os.fstat(handle)
        synced.append((found.st_ino, found.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    made = opened(sink, target)
    made.write(WHOLE.take(slice(30)))
    made.secured()
    file = target if sink in TEXT else target / "part-000000000000.parquet"
    assert (file.stat().st_ino, file.stat().st_size) in synced
    if sys.platform != "win32":
        assert file.parent.stat().st_ino in [inode for inode, _ in synced]
    made.close()


@pytest.mark.parametrize("sink", TEXT)
@pytest.mark.parametrize("place", ["-", os.devnull])
def test_what_is_no_file_does_not_last_and_says_so(
    sink: str, place: str, capfdbinary: pytest.CaptureFixture[bytes], target: Path
) -> None:
    made = opened(sink, Path(place), Cursor(10, 0))
    made.write(WHOLE)
    made.secured()
    made.close()
    assert not made.lasting
    assert f"{sink}:{place} is no file" in str(at_most_once([made]))
    write(sink, target, OF, WHOLE)
    if place == "-":
        assert capfdbinary.readouterr().out == target.read_bytes()


def test_parquet_has_no_standard_output() -> None:
    with pytest.raises(BadSetting, match="standard output"):
        opened("parquet", Path("-"))


def test_a_missing_folder_is_named(sink: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no such file.*Create its folder first"):
        opened(sink, tmp_path / "none" / "w")
