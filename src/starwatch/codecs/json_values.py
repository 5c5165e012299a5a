"""Values of JSON messages to columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starwatch.codecs.stars import GOOD, star_index, verdict
from starwatch.codecs.times import TimeReader
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale

_BAD_FROM = 128
_MOST_VALUES = 4096
"""Distinct star values remembered; a stream of honest ones has at most some dozens."""

_UNREAD_TIME = "?"


@dataclass(frozen=True, slots=True)
class Refused:
    """In place of the stars of a message: why it is no rating."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class SlowRow:
    """A message that was read without a decoder made for it; its stars as they were written."""

    stars: msgspec.Raw | Refused | None
    product: str | int | None = None
    reviewer: str | int | None = None
    time: float | str | None = None
    id: str | int | None = None


class StarTable(dict[Any, int]):
    """Star value to its step, or to `_BAD_FROM` and a reason; fills itself as values come.

    A value is a whole number, a text, None, or the bytes of either or of a fraction as JSON has it:
    as a float 4.5 and 4.50000000000000000000001 would be the same.
    """

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self._scale = scale

    def __missing__(self, value: Any) -> int:
        """Look at a value for the first time."""
        text = _star_text(value) if isinstance(value, bytes) else value
        if isinstance(text, Refused):
            found: int | Reason = text.reason
        else:
            found = star_index("" if text is None else str(text), self._scale)
        code = _BAD_FROM + verdict(found) if isinstance(found, Reason) else found
        if len(self) < _MOST_VALUES:
            self[value] = code
        return code

    def columns(self, values: Sequence[Any]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Steps and verdicts of these values, `msgspec.Raw` standing for its bytes."""
        codes = np.frombuffer(bytes(map(self.__getitem__, _keys(values))), np.uint8)
        if codes.max(initial=0) < _BAD_FROM:
            return codes, np.full(len(codes), GOOD, np.uint8)
        bad = codes >= _BAD_FROM
        return np.where(bad, 0, codes), np.where(bad, codes - _BAD_FROM, GOOD).astype(np.uint8)


def id_column(values: Sequence[str | int | None]) -> pa.Array:
    """Ids as texts; integers become their decimal digits."""
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def time_column(values: Sequence[float | str | None], times: TimeReader) -> NDArray[np.int64]:
    """Event times as milliseconds."""
    try:
        # Without a type: asked for int64, pyarrow would cut 4.5 to 4 and say nothing.
        column = pa.array(values)
        if pa.types.is_integer(column.type):
            return times.arrow(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    texts = ["" if value is None else str(value) for value in values]
    return times.texts(pa.array(texts, pa.string()))


def is_fraction(raw: msgspec.Raw | None) -> bool:
    """Whether a value is a number with a point or an exponent."""
    return isinstance(_plain(raw), float)


def slow_row(values: Mapping[str, msgspec.Raw | None]) -> SlowRow:
    """A row of the raw values of its fields."""
    plain = {field: _plain(raw) for field, raw in values.items() if field != "stars"}
    ids = [plain[field] for field in ("product", "reviewer", "id")]
    if not all(isinstance(value, str | int | None) and value is not _ODD for value in ids):
        return SlowRow(stars=Refused(Reason.UNREADABLE))
    time = plain["time"]
    return SlowRow(
        stars=values["stars"],
        product=plain["product"],
        reviewer=plain["reviewer"],
        time=_UNREAD_TIME if time is _ODD else time,
        id=plain["id"],
    )


def _keys(values: Sequence[Any]) -> Iterable[Any]:
    """The values with bytes in the place of each `Raw`, which has no hash."""
    kinds = set(map(type, values))
    if msgspec.Raw not in kinds:
        return values
    if len(kinds) == 1:
        return map(bytes, values)
    return [bytes(value) if type(value) is msgspec.Raw else value for value in values]


def _star_text(value: bytes) -> str | Refused | None:
    """Stars as JSON has them: of a number all its digits."""
    plain = _plain(msgspec.Raw(value))
    if plain is _ODD:
        return Refused(Reason.BAD_STARS)
    return value.decode() if isinstance(plain, int | float) else plain


_ODD = object()


def _plain(raw: msgspec.Raw | None) -> Any:
    """A number, a text or None; `_ODD` for anything else."""
    if raw is None:
        return None
    try:
        return _DECODE(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _ODD


_DECODE = msgspec.json.Decoder(int | float | str | None).decode
