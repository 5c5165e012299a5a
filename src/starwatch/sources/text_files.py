"""Files of text as runs of decoded blocks: what CSV and JSON lines share."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from starwatch.errors import BrokenInput
from starwatch.ratings.batch import Decoded
from starwatch.sources.streams import FileBytes


class TextDecoder(Protocol):
    """Decodes one file of text that comes in pieces."""

    @property
    def slots(self) -> int:
        """How many slots have been decoded so far."""

    def found(self) -> Mapping[str, str]:
        """Field to the column that holds it, as far as is known."""

    def feed(self, data: bytes) -> Decoded:
        """Decode the next bytes."""

    def finish(self, *, broken: bool = False) -> Decoded:
        """Decode what is left; `broken`: the last line is not whole."""


class TextFile:
    """One file of text, read from its start; a `FileReader`.

    Args:
        path: The file.
        decoder: A new decoder for it.
        block_bytes: Bytes decoded at once.

    Raises:
        MissingInput: the file is not there.
    """

    def __init__(self, path: str, decoder: TextDecoder, block_bytes: int) -> None:
        self._path = path
        self._block_bytes = block_bytes
        self._bytes = FileBytes(path)
        self._decoder = decoder

    @property
    def name(self) -> str:
        """The file's path as the user gave it."""
        return self._path

    @property
    def total_bytes(self) -> int:
        """The file's size on disk."""
        return self._bytes.total_bytes

    @property
    def read_bytes(self) -> int:
        """How much of `total_bytes` has been consumed so far."""
        return self._bytes.read_bytes

    def found(self) -> Mapping[str, str]:
        """Field to the column that holds it; complete after the first block."""
        return self._decoder.found()

    def blocks(self) -> Iterator[Decoded]:
        """Read the file block by block; to be called once.

        Raises:
            BrokenInput: the file breaks off; the ratings before the break came first.
            UnknownColumn: a field of a rating is not found in it.
        """
        decoder = self._decoder
        try:
            for piece in self._bytes.pieces(self._block_bytes):
                yield from _filled(decoder.feed(piece))
        except BrokenInput as error:
            yield from _filled(decoder.finish(broken=True))
            raise BrokenInput(
                f"{error.message} (after row {decoder.slots})", hint=error.hint
            ) from error
        yield from _filled(decoder.finish())


def _filled(block: Decoded) -> Iterator[Decoded]:
    if block.slots:
        yield block
