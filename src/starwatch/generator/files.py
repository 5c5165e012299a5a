"""Files of made-up ratings: written under another name, whole or not at all."""

import gzip
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from starwatch.errors import BadSetting, OutputFailed
from starwatch.generator.shop import Shop
from starwatch.generator.text import FIELDS, Columns, csv_bytes, csv_header, jsonl_bytes
from starwatch.ratings.durations import moment_label

_GZIP_LEVEL = 3  # level 6 takes 3.5 times as long for files that are 8% smaller
_ROW_GROUP = 1 << 20


class Form(StrEnum):
    """The forms of a file of ratings, by its ending."""

    CSV = ".csv"
    CSV_GZ = ".csv.gz"
    CSV_ZST = ".csv.zst"
    JSONL = ".jsonl"
    JSONL_GZ = ".jsonl.gz"
    JSONL_ZST = ".jsonl.zst"
    PARQUET = ".parquet"

    @classmethod
    def of(cls, path: Path) -> "Form":
        """The form that a file's ending asks for.

        Raises:
            BadSetting: it asks for none of them.
        """
        for form in sorted(cls, key=len, reverse=True):
            if path.name.lower().endswith(form):
                return form
        raise BadSetting(
            f"the ending of {path.name} is not known", hint=f"Known are {', '.join(cls)}"
        )


@dataclass(frozen=True, slots=True)
class Writing:
    """How ratings are written.

    Args:
        ids: Whether each rating has an id column.
        progress: Called after each chunk with the rows written so far.
    """

    ids: bool = False
    progress: Callable[[int], None] = lambda _rows: None


def write_stream(shop: Shop, stream: IO[bytes], form: Form, writing: Writing) -> int:
    """Write all ratings of a shop as text to a binary stream, and give the number of rows.

    Chunks are drawn while the one before is being compressed and written.

    Raises:
        OSError: what the stream raises.
    """
    is_csv = form.startswith(".csv")
    render = csv_bytes if is_csv else jsonl_bytes
    rows = 0
    with _compressed(stream, form) as out, ThreadPoolExecutor(max_workers=1) as writer:
        if is_csv:
            out.write(csv_header(ids=writing.ids))
        last: Future[Any] | None = None
        for chunk in shop.chunks():
            data = render(shop.columns(chunk, ids=writing.ids))
            if last is not None:
                last.result()
            last = writer.submit(out.write, data)
            rows += len(chunk)
            writing.progress(rows)
        if last is not None:
            last.result()
    return rows


def write_file(shop: Shop, path: Path, writing: Writing) -> int:
    """Write all ratings of a shop to a file in the form of its ending, and give the rows.

    Raises:
        BadSetting: the ending is not known, or the form cannot hold malformed rows.
        OutputFailed: the file cannot be written; nothing is left of it.
    """
    form = Form.of(path)
    if form is Form.PARQUET:
        if shop.options.malformed:
            raise BadSetting(
                "a Parquet file cannot hold malformed rows", hint="Write .csv or .jsonl instead"
            )
        with whole_file(path) as temporary:
            return _write_parquet(shop, temporary, writing)
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        return write_stream(shop, stream, form, writing)


def write_labels(shop: Shop, path: Path) -> None:
    """Write the incidents as CSV: kind, product, start, end, detail; times in ISO 8601.

    Raises:
        OutputFailed: the file cannot be written; nothing is left of it.
    """
    opening, ids = shop.options.start_ms, shop.catalogue().ids
    with whole_file(path) as temporary, temporary.open("w", newline="\n", encoding="utf-8") as out:
        out.write("kind,product,start,end,detail\n")
        for incident in shop.incidents():
            start = moment_label(opening + incident.start_ms)
            end = moment_label(opening + incident.end_ms)
            product = ids[incident.product].as_py()
            out.write(f"{incident.kind},{product},{start},{end},{incident.detail}\n")


def write_catalogue(shop: Shop, path: Path) -> None:
    """Write the products as CSV: product, name, category; the most popular first.

    Raises:
        OutputFailed: the file cannot be written; nothing is left of it.
    """
    options = pa.csv.WriteOptions(quoting_style="needed", quoting_header="none")
    with whole_file(path) as temporary, temporary.open("wb") as out:
        pa.csv.write_csv(shop.catalogue().table(), out, options)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder; it becomes `path` only if all goes well.

    Raises:
        BadSetting: the path is a folder, a device or a pipe, which a file must not replace.
        OutputFailed: the file cannot be written.
    """
    if path.exists() and not path.is_file():
        raise BadSetting(
            f"{path} is not a regular file", hint="Name a file, or use --out - and a pipe"
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputFailed(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Check that its folder exists, may be written to and has room",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _compressed(stream: IO[bytes], form: Form) -> Iterator[Any]:
    if form.endswith(".gz"):
        # No name and no time in the header: the same ratings are the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, stream, mtime=0) as out:
            yield out
    elif form.endswith(".zst"):
        with pa.CompressedOutputStream(pa.PythonFile(stream, "w"), "zstd") as out:
            yield out
    else:
        yield stream


def _write_parquet(shop: Shop, path: Path, writing: Writing) -> int:
    is_whole = all(value == int(value) for value in shop.options.scale.values)
    kinds = [pa.string(), pa.string(), pa.int32() if is_whole else pa.float64(), pa.int64()]
    names = FIELDS if writing.ids else FIELDS[:-1]
    schema = pa.schema(list(zip(names, [*kinds, pa.string()], strict=False)))
    rows = 0
    with pa.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in shop.chunks(_ROW_GROUP):
            columns = _typed(shop.columns(chunk, ids=writing.ids), schema)
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            rows += len(chunk)
            writing.progress(rows)
    return rows


def _typed(columns: Columns, schema: pa.Schema) -> Sequence[pa.Array]:
    return [text.cast(kind) for text, kind in zip(columns.texts, schema.types, strict=True)]
