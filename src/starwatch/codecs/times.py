"""Event times as written to UTC epoch milliseconds (architecture §4).

Integers of a column go through Arrow and numpy at once; only what is no plain integer is read one
distinct value at a time. Parts of a millisecond are cut off, towards the past.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, Context, Decimal
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.codecs.hints import choose_from
from starwatch.errors import BadSetting
from starwatch.ratings.batch import NO_TIME

TIME_UNITS = ("auto", "s", "ms", "us", "iso")
BAD = NO_TIME + 1
"""In a column of times that are being read: cannot be read."""

_SECONDS_BELOW = 10**11
_MILLIS_BELOW = 10**14
_EARLIEST = -62_135_596_800_000
_LATEST = 253_402_300_799_999
"""The years 1 to 9999: no other time can be meant, or shown."""

_INTEGER = r"^-?[0-9]{1,18}$"
_NOTHING = "^a^"
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_LONGEST = 64
_EXACT = Context(prec=200)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def known_zone(name: str) -> tzinfo:
    """The time zone of this name.

    Raises:
        BadSetting: there is none.
    """
    if name.upper() == "UTC":
        return UTC
    import zoneinfo  # noqa: PLC0415 - slow to import, seldom needed

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = choose_from(name, sorted(zoneinfo.available_timezones()))
        raise BadSetting(f"the time zone {name!r} is unknown", hint=hint) from None


class TimeReader:
    """Reads event times in one unit and zone.

    Args:
        unit: One of `TIME_UNITS`; `auto` goes by form and magnitude of each value.
        zone: The time zone of ISO 8601 times that name none.
    """

    def __init__(self, unit: str = "auto", zone: str = "UTC") -> None:
        self._unit = unit
        self._zone = known_zone(zone)
        self._zone_name = zone

    def integers(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Milliseconds of whole numbers of the unit; `BAD` where they are outside the years 1-9999.

        Args:
            values: int64, none of them missing.
        """
        if self._unit == "iso":
            return np.full(len(values), BAD)
        if self._unit == "auto":
            values = np.maximum(values, -np.iinfo(np.int64).max)
            size = np.abs(values)
            largest = size.max(initial=0)
            if largest < -_EARLIEST // 1000:  # seconds, and none outside the years
                return values * 1000
            millis = np.where(size < _MILLIS_BELOW, values, values // 1000)
            ms = np.where(size < _SECONDS_BELOW, values * 1000, millis)
        elif self._unit == "s":
            ms = np.where(np.abs(values // 1000) < _LATEST // 10**6 + 1, values * 1000, BAD)
        else:
            ms = values if self._unit == "ms" else values // 1000
        return np.where((ms >= _EARLIEST) & (ms <= _LATEST), ms, BAD)

    def texts(self, column: pa.Array) -> NDArray[np.int64]:
        """Milliseconds of an Arrow `string` column; nulls and blanks have `NO_TIME`."""
        if self._unit != "iso" and column.null_count == 0 and not _holds_hexadecimal(column):
            try:
                return self.integers(pc.cast(column, pa.int64()).to_numpy())
            except pa.ArrowInvalid:
                pass
        return self._mixed(column.fill_null("") if column.null_count else column)

    def one(self, text: str) -> int:
        """Milliseconds of one time as text, `NO_TIME` if it is blank, `BAD` if unreadable."""
        stripped = text.strip()
        if not stripped:
            return NO_TIME
        if len(stripped) > _LONGEST:
            return BAD
        if self._unit != "iso" and _DECIMAL.fullmatch(stripped):
            return self.number(Decimal(stripped))
        return self._iso(stripped) if self._unit in ("auto", "iso") else BAD

    def number(self, value: Decimal | int) -> int:
        """Milliseconds of one number of the unit, or `BAD`."""
        if self._unit == "iso":
            return BAD
        unit = self._unit
        if unit == "auto":
            size = Decimal(value).copy_abs()
            unit = "s" if size < _SECONDS_BELOW else "ms" if size < _MILLIS_BELOW else "us"
        scaled = _EXACT.scaleb(Decimal(value), {"s": 3, "ms": 0, "us": -3}[unit])
        if not _EARLIEST <= scaled <= _LATEST + 1:
            return BAD
        ms = int(scaled.to_integral_value(ROUND_FLOOR, _EXACT))
        return ms if _EARLIEST <= ms <= _LATEST else BAD

    def arrow(self, column: pa.Array) -> NDArray[np.int64]:
        """Milliseconds of an Arrow column of any sensible type; nulls have `NO_TIME`.

        Raises:
            pa.ArrowInvalid, pa.ArrowNotImplementedError: the type holds no times.
        """
        if isinstance(column, pa.DictionaryArray):
            column = column.dictionary_decode()
        kind = column.type
        if pa.types.is_integer(kind):
            return self._whole(column)
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return self._timestamps(column)
        if pa.types.is_floating(kind):
            column = _without_nan(column)
            whole = pc.equal(column, pc.floor(column))
            small = pc.less(pc.abs(column), 2.0**53)
            if pc.all(pc.and_(whole, small), min_count=0).as_py():
                return self._whole(pc.cast(column, pa.int64()))
        return self.texts(pc.cast(column, pa.string()))

    def _whole(self, column: pa.Array) -> NDArray[np.int64]:
        values = pc.cast(column, pa.int64())
        if not column.null_count:
            return self.integers(np.asarray(values))
        ms = self.integers(np.asarray(values.fill_null(0)))
        return np.where(np.asarray(column.is_null()), NO_TIME, ms)

    def _timestamps(self, column: pa.Array) -> NDArray[np.int64]:
        missing = np.asarray(column.is_null())
        if pa.types.is_date(column.type):
            column = pc.cast(column, pa.timestamp("ms"))
        if column.type.tz is None and self._zone is not UTC:
            column = pc.assume_timezone(
                column, self._zone_name, ambiguous="earliest", nonexistent="earliest"
            )
        per_ms = {"s": 1, "ms": 1, "us": 1000, "ns": 1_000_000}[column.type.unit]
        times = 1000 if column.type.unit == "s" else 1
        values = np.asarray(pc.cast(column, pa.int64()).fill_null(0)) // per_ms
        fits = (values >= _EARLIEST // times) & (values <= _LATEST // times)
        return np.where(missing, NO_TIME, np.where(fits, values * times, BAD))

    def _mixed(self, column: pa.Array) -> NDArray[np.int64]:
        pattern = _NOTHING if self._unit == "iso" else _INTEGER
        plain = np.asarray(pc.match_substring_regex(column, pattern), dtype=bool)
        ms = np.empty(len(column), np.int64)
        whole = pc.cast(column.filter(pa.array(plain)), pa.int64())
        ms[plain] = self.integers(np.asarray(whole))
        distinct = column.filter(pa.array(~plain)).dictionary_encode()
        read = np.array([self.one(text) for text in distinct.dictionary.to_pylist()], np.int64)
        ms[~plain] = read[np.asarray(distinct.indices)] if len(read) else NO_TIME
        return ms

    def _iso(self, text: str) -> int:
        try:
            when = datetime.fromisoformat(text)
            when = when if when.tzinfo else when.replace(tzinfo=self._zone)
            return (when - _EPOCH) // timedelta(milliseconds=1)
        except (ValueError, OverflowError):
            return BAD


def _without_nan(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _holds_hexadecimal(column: pa.Array) -> bool:
    """Arrow would read `0x10` as 16: look for an x among the characters of the column."""
    data = column.buffers()[2]
    if data is None:
        return False
    characters = bytes(data)
    return b"x" in characters or b"X" in characters
