"""Catalogues in files: CSV, also packed, and Parquet, told apart by their first bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from starwatch.codecs.catalogue import catalogue_of, catalogue_places
from starwatch.codecs.sniff import columns_of
from starwatch.errors import BrokenInput, MissingInput
from starwatch.ratings.catalogue import Catalogue
from starwatch.sources.streams import FileBytes, missing

_PARQUET = b"PAR1"
_BLOCK_BYTES = 8 << 20
"""Also the longest row that a CSV file may hold."""
_SHOWN = 60


def read_catalogue(path: str, chosen: Mapping[str, str]) -> Catalogue:
    """Read a whole catalogue, by rising product id; of several rows of one product the first.

    Args:
        path: A CSV file whose first line names its columns, also packed as `.gz`, `.zst` or
            `.bz2`; or a Parquet file.
        chosen: Field (`product`, `name`, `category`) to the name of its column, where it is none
            of `CATALOGUE_NAMES`.

    Raises:
        MissingInput: the file is not there or empty.
        UnknownColumn: the product's id is not found in it, or neither names nor categories.
        BrokenInput: it cannot be read as one of these formats.
    """
    try:
        with Path(path).open("rb") as file:
            is_parquet = file.read(len(_PARQUET)) == _PARQUET
    except OSError as error:
        raise missing(path, error) from None
    try:
        return _read_parquet(path, chosen) if is_parquet else _read_csv(path, chosen)
    except (pa.ArrowException, OSError) as error:
        why = str(error).split("\n")[0].rstrip(". ")
        raise BrokenInput(
            f"the catalogue {path} cannot be read: {why}",
            hint="It is CSV, a name with commas in quotes, or Parquet",
        ) from None


def _read_parquet(path: str, chosen: Mapping[str, str]) -> Catalogue:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        places = catalogue_places(names, chosen, path)
        table = file.read(columns=[names[place] for place in places.values()])
    return _catalogue({field: table[names[place]] for field, place in places.items()})


def _read_csv(path: str, chosen: Mapping[str, str]) -> Catalogue:
    data = b"".join(FileBytes(path).pieces(_BLOCK_BYTES)).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data:
        raise MissingInput(f"the catalogue {path} is empty")
    delimiter, names = columns_of(data)
    places = catalogue_places(names, chosen, path)
    header = data.find(b"\n") + 1 or len(data)
    body = pa.py_buffer(data).slice(header)
    if not data[header : header + _BLOCK_BYTES].strip():
        return _catalogue({field: pa.chunked_array([], pa.string()) for field in places})
    table = _read_rows(body, delimiter, len(names), sorted(places.values()))
    return _catalogue({field: table[str(place)] for field, place in places.items()})


def _read_rows(body: pa.Buffer, delimiter: str, width: int, needed: Sequence[int]) -> pa.Table:
    """These columns of all rows behind the header, named by their numbers."""
    wrong: list[pacsv.InvalidRow] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    try:
        return pacsv.read_csv(
            pa.BufferReader(body),
            # One thread: it tells the number of a row that cannot be read.
            pacsv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK_BYTES,
                column_names=[str(place) for place in range(width)],
            ),
            pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            pacsv.ConvertOptions(
                include_columns=[str(place) for place in needed],
                column_types={str(place): pa.binary() for place in needed},
            ),
        )
    except pa.ArrowInvalid:
        if not wrong:
            raise
        row = wrong[0]
        raise pa.ArrowInvalid(
            f"row {row.number} behind the header has {row.actual_columns} columns,"
            f" not {row.expected_columns}: {row.text[:_SHOWN]}"
        ) from None


def _catalogue(columns: Mapping[str, pa.ChunkedArray]) -> Catalogue:
    return catalogue_of({field: _whole(column) for field, column in columns.items()})


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
