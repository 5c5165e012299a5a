"""JSON lines: bytes that come in any pieces to ratings, one message a line."""

from dataclasses import replace

import msgspec
import numpy as np

from starwatch.codecs.columns import nothing
from starwatch.codecs.fields import named_layout
from starwatch.codecs.messages import JsonMessages
from starwatch.codecs.options import InputOptions
from starwatch.codecs.records import MAX_RECORD
from starwatch.codecs.sniff import HEAD_BYTES
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import RAW_LIMIT
from starwatch.ratings.scale import Scale

_BOM = b"\xef\xbb\xbf"
_BLANK = (b"", b"\r")
_PAUSE = (b"-", b"-\r")
_SHORT = 2
"""No blank or pause line is longer."""


class JsonLinesDecoder:
    """Reads one file of JSON lines that comes in pieces.

    A blank line takes no slot, a line that is just `-` takes one and is no rating. Of a line over
    1 MiB only the first 4 KiB are looked at.

    Args:
        options: What the user said about the input.
        scale: The scale of its stars.
        where: The name of the input, for errors.
    """

    def __init__(self, options: InputOptions, scale: Scale, where: str = "the input") -> None:
        self._options = options
        self._where = where
        self._messages = JsonMessages(options, scale)

        self._held = b""
        self._begun = False
        self._slots = 0

    @property
    def slots(self) -> int:
        """How many slots have been decoded so far."""
        return self._slots

    def found(self) -> dict[str, str]:
        """Field to the name that holds it, of the names seen so far."""
        return self._messages.found()

    def feed(self, data: bytes) -> Decoded:
        """Decode the next bytes, as far as lines are whole.

        Raises:
            UnknownColumn: no message at the start of the file holds a field.
        """
        self._held = self._held + data if self._held else data
        if not self._begun and len(self._held) < HEAD_BYTES:
            return nothing()
        return self._whole(last=False)

    def finish(self, *, broken: bool = False) -> Decoded:
        """Decode what is left.

        Args:
            broken: The input broke off here: its last line is not whole and no rating.
        """
        if broken:
            self._held = self._held[: self._held.rfind(b"\n") + 1]
        return self._whole(last=True)

    def _whole(self, *, last: bool) -> Decoded:
        if not self._begun:
            self._begun = True
            self._held = self._held.removeprefix(_BOM)
            self._look(self._held[:HEAD_BYTES].split(b"\n"))
        oversized = len(self._held) > MAX_RECORD
        *lines, rest = self._held.split(b"\n")
        if last:
            lines, rest = [*lines, rest], b""
        self._held = rest if len(rest) <= MAX_RECORD else rest[: MAX_RECORD + 1]
        return self._lines(lines, oversized=oversized)

    def _look(self, lines: list[bytes]) -> None:
        """Refuse a file whose first messages lack a field that is needed."""
        names: dict[str, None] = {}
        decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
        for line in lines:
            try:
                names.update(dict.fromkeys(decoder.decode(line)))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
        if names:
            named_layout(list(names), self._options.columns, self._where)

    def _lines(self, lines: list[bytes], *, oversized: bool) -> Decoded:
        places = None
        short = min(map(len, lines), default=0) <= _SHORT
        if short:
            lines = [line for line in lines if line not in _BLANK]
        slots = len(lines)
        if oversized and max(map(len, lines), default=0) > MAX_RECORD:
            lines = [line[:RAW_LIMIT] if len(line) > MAX_RECORD else line for line in lines]
        if short and any(pause in lines for pause in _PAUSE):
            places = np.array([at for at, line in enumerate(lines) if line not in _PAUSE], np.int64)
            lines = [line for line in lines if line not in _PAUSE]
        decoded = self._messages.decode(lines, first=0 if places is not None else self._slots)
        if places is not None:
            decoded = _moved(decoded, places + self._slots)
        self._slots += slots
        return replace(decoded, slots=slots)


def _moved(decoded: Decoded, places: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Decoded:
    """The same with slot i replaced by `places[i]`."""
    rejects = tuple(
        replace(reject, position=int(places[reject.position])) for reject in decoded.rejects
    )
    return replace(decoded, position=places[decoded.position], rejects=rejects)
