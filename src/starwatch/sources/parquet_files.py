"""The source `parquet`: files of Apache Parquet."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from starwatch.codecs.options import InputOptions
from starwatch.codecs.tables import TableDecoder
from starwatch.errors import BrokenInput
from starwatch.ratings.batch import Decoded
from starwatch.ratings.scale import Scale
from starwatch.sources.streams import FileBytes, missing

_ROW_BYTES = 64
"""About what a rating takes in memory: turns the size of a block into rows."""


class ParquetFile:
    """One Parquet file, read from its start; a `FileReader`.

    Args:
        path: The file.
        options: What the user said about it.
        scale: The scale of its stars.

    Raises:
        MissingInput: the file is not there.
    """

    def __init__(self, path: str, options: InputOptions, scale: Scale) -> None:
        self._path = path
        self._options = options
        self._scale = scale
        self._total_bytes = FileBytes(path).total_bytes

        self._read = 0.0
        self._slots = 0
        self._decoder: TableDecoder | None = None

    @property
    def name(self) -> str:
        """The file's path as the user gave it."""
        return self._path

    @property
    def total_bytes(self) -> int:
        """The file's size on disk."""
        return self._total_bytes

    @property
    def read_bytes(self) -> int:
        """How much of `total_bytes` has been consumed so far, by the share of rows."""
        return int(self._read * self._total_bytes)

    def found(self) -> Mapping[str, str]:
        """Field to the column that holds it; complete after the first block."""
        return {} if self._decoder is None else self._decoder.layout.found()

    def blocks(self) -> Iterator[Decoded]:
        """Read the file block by block; to be called once.

        Raises:
            BrokenInput: the file is no whole Parquet file; the rows before the break came first.
            UnknownColumn: a field of a rating is not found in it.
            BadSetting: a column cannot hold its field.
        """
        try:
            yield from self._blocks()
        except FileNotFoundError as error:
            raise missing(self._path, error) from None
        except (pa.ArrowException, OSError, EOFError) as error:
            why = str(error).split("\n")[0].rstrip(". ")
            raise BrokenInput(
                f"{self._path} breaks off: {why} (after row {self._slots})",
                hint="Fetch the file again, or name its true --format",
            ) from error

    def _blocks(self) -> Iterator[Decoded]:
        with pq.ParquetFile(self._path) as file:
            decoder = TableDecoder(file.schema_arrow, self._options, self._scale, where=self._path)
            self._decoder = decoder
            rows = max(1, self._options.block_bytes // _ROW_BYTES)
            for batch in file.iter_batches(rows, columns=decoder.columns, use_threads=False):
                decoded = decoder.decode(batch, first=self._slots)
                self._slots += len(batch)
                self._read = self._slots / max(1, file.metadata.num_rows)
                if decoded.slots:
                    yield decoded
        self._read = 1.0


def parquet_source(path: str, options: InputOptions, scale: Scale) -> ParquetFile:
    """Open a Parquet file.

    Raises:
        MissingInput: it is not there.
    """
    return ParquetFile(path, options, scale)
