"""A folder of Parquet files, each whole and never changed: Parquet that goes on after a crash."""

import re
from pathlib import Path

from starwatch.disk import sync_folder
from starwatch.errors import BadSetting
from starwatch.failpoints import reached
from starwatch.ports import Cursor, RowContext
from starwatch.sinks.files import given_up, lost, opening, writing
from starwatch.sinks.groups import GROUP_ROWS, GroupFile
from starwatch.sinks.held import HeldRows
from starwatch.windows.rows import WindowRows

PART_GROUPS = 8
"""Row groups in a part at most, 1,048,576 rows: few enough files, and little to write again."""

PART_BYTES = 64 << 20
"""A part this long takes no more row groups."""

_PART = re.compile(r"part-(\d{12,})\.parquet")
_UNFINISHED = ".unfinished"
"""Behind the name of a part that is not whole, which also gets a dot in front: DuckDB looks for
`*.parquet`, Arrow and pandas pass over names with a dot."""


class PartsSink:
    """Rows as parts of a folder, named by the number of their first row.

    Guarantee: rows in the order of `write`. A part is written under another name and gets its own
    when it is whole and on the disk; then it is secured and never changed. A part is whole with 8
    row groups of 131,072 rows or 64 MiB, and at `close`; so parts depend on the rows alone, and on
    where a run began and ended. Rows behind the last part are not secured: the cursor stands at its
    end, and counts the bytes of all parts before it.
    A crash leaves an unfinished part, and perhaps whole parts that no cursor holds; opening removes
    both, the last first, and they are written again. Other files in the folder are left alone.
    Nothing is called after `close`, but for `close` and `secured`; after an `OutputFailed` no row
    is taken.

    Args:
        target: The folder; made if it is not there, in a folder that is.
        context: The job and its products.
        name: What the journal keeps the cursor under.
        cursor: Where it goes on.

    Raises:
        BadSetting: the folder cannot be made, or a new one holds files of others.
        OutputFailed: the folder does not hold what the cursor says.
    """

    lasting = True

    def __init__(self, target: str, context: RowContext, *, name: str, cursor: Cursor) -> None:
        self.name = name
        self._context = context
        self._folder = Path(target)
        self._cursor = cursor
        self._part: GroupFile | None = None
        self._waiting = HeldRows()
        self._ended = False
        if not cursor.length:
            _make(self._folder)
        with writing(target):
            _cut_back(self._folder, cursor)

    def write(self, rows: WindowRows) -> None:
        """Take rows; each full row group is written, and each full part made whole."""
        if self._ended:
            raise given_up(str(self._folder))
        self._waiting.add(rows)
        while len(self._waiting) >= GROUP_ROWS:
            self._write_group()

    def skip(self, number: int) -> None:
        """Count rows that are not given: a part ends before them, and the next begins behind."""
        if self._ended:
            raise given_up(str(self._folder))
        self._write_group()
        if self._part is not None:
            self._finish_part()
        self._cursor = Cursor(self._cursor.rows + number, self._cursor.length)

    def secured(self) -> Cursor:
        """Say where the last whole part ends; rows behind it are not on the disk for certain."""
        return self._cursor

    def close(self) -> None:
        """Make the last part whole, of whatever length; without any rows it is an empty one."""
        if self._ended:
            return
        self._write_group()
        if self._part is None and not self._cursor.length:
            self._write(WindowRows.empty(self._context.job.scale.steps))
        if self._part is not None:
            self._finish_part()
        self._ended = True

    def _write_group(self) -> None:
        """Write the rows that wait, one row group at most, and end the part where it is full."""
        rows = self._waiting.take(GROUP_ROWS)
        if rows is None:
            return
        part = self._write(rows)
        if part.rows >= PART_GROUPS * GROUP_ROWS or part.size >= PART_BYTES:
            self._finish_part()

    def _write(self, rows: WindowRows) -> GroupFile:
        try:
            with writing(str(self._folder)):
                self._part = self._part or GroupFile(self._unfinished, self._context)
                self._part.write(rows)
        except BaseException:
            self._give_up()
            raise
        return self._part

    def _finish_part(self) -> None:
        """Make the part whole, bring it to the disk, give it its name, and move the cursor."""
        part, path = self._part, self._path
        assert part is not None  # noqa: S101 - for the type checker
        try:
            with writing(str(self._folder)):
                part.finish(sync=True)
                reached("sink.part_written")
                self._unfinished.replace(path)
                reached("sink.renamed")
                sync_folder(self._folder)
                length = path.stat().st_size if part.rows else 0
        except BaseException:
            self._give_up()
            raise
        self._part = None
        self._cursor = Cursor(self._cursor.rows + part.rows, self._cursor.length + length)

    def _give_up(self) -> None:
        """Let the unfinished part go."""
        self._ended = True
        self._waiting.clear()
        if self._part is not None:
            self._part.abandon()
            self._part = None
        self._unfinished.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        """Where the part goes that is being written."""
        return self._folder / f"part-{self._cursor.rows:012d}.parquet"

    @property
    def _unfinished(self) -> Path:
        return self._path.with_name(f".{self._path.name}{_UNFINISHED}")


def _make(folder: Path) -> None:
    """Make the folder, or see that it holds nothing but parts, for readers take all of it.

    Raises:
        BadSetting: it cannot be made, or holds files of others.
    """
    if folder.exists() and not folder.is_dir():
        raise BadSetting(
            f"{folder} is a file; with a state, Parquet is a folder of parts",
            hint="Remove the file, or name another folder: parquet:windows.parquet",
        )
    with opening(str(folder)):
        if not folder.exists():
            folder.mkdir()
            sync_folder(folder.absolute().parent)
        others = [p.name for p in folder.iterdir() if not p.name.startswith((".", "_"))]
    foreign = sorted(name for name in others if not _PART.fullmatch(name))
    if foreign:
        raise BadSetting(
            f"the folder {folder} holds other files, such as {foreign[0]}",
            hint="Parts need a folder of their own: parquet:windows.parquet",
        )


def _cut_back(folder: Path, cursor: Cursor) -> None:
    """Remove what the cursor does not hold, the last first, and see that the rest is there.

    Raises:
        OutputFailed: it is not.
    """
    if not folder.is_dir():
        raise lost(str(folder), None, cursor.length)
    parts = _parts(folder)
    held = [path for first, path in parts.items() if cursor.length and first < cursor.rows]
    size = sum(path.stat().st_size for path in held)
    if size != cursor.length:
        raise lost(str(folder), size, cursor.length)
    beyond = [path for path in reversed(parts.values()) if path not in held]
    unfinished = [path for path in folder.iterdir() if path.name.endswith(_UNFINISHED)]
    for path in (*unfinished, *beyond):
        reached("sink.cut")
        path.unlink()
    if unfinished or beyond:
        reached("sink.cut")


def _parts(folder: Path) -> dict[int, Path]:
    """The whole parts by the number of their first row, in order."""
    named = ((_PART.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in named if match))
