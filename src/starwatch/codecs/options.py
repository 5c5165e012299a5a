"""How an input is to be read, where it does not say so itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from starwatch.codecs.fields import field_named
from starwatch.codecs.hints import choose_from
from starwatch.codecs.times import TIME_UNITS, known_zone
from starwatch.errors import BadSetting

BLOCK_BYTES = 8 << 20
"""Bytes of text decoded at once: large enough for full speed, small beside a laptop's memory."""


@dataclass(frozen=True, slots=True)
class InputOptions:
    """What a user may say about an input; everything is found out where it is left open.

    Attributes:
        format: The source that reads it (`csv`, `jsonl`, `parquet` or an installed one); None goes
            by the ending of the file.
        columns: Field (`product`, `reviewer`, `stars`, `time`, `id`) to the name of its column, or
            to its number from 0.
        header: Whether a CSV file begins with the names of its columns; None looks.
        delimiter: The character between the columns of a CSV file; None looks.
        time_unit: `auto`, `s`, `ms`, `us` or `iso`.
        zone: The time zone of times that name none, as `Europe/Madrid`.
        time_needed: Whether a rating without an event time is rejected.
        block_bytes: Bytes of text decoded at once; results do not depend on it.

    Raises:
        BadSetting: a field, unit, zone or delimiter that cannot be.
    """

    format: str | None = None
    columns: Mapping[str, str | int] = field(default_factory=lambda: MappingProxyType({}))
    header: bool | None = None
    delimiter: str | None = None
    time_unit: str = "auto"
    zone: str = "UTC"
    time_needed: bool = False
    block_bytes: int = BLOCK_BYTES

    def __post_init__(self) -> None:
        """Refuse what cannot be, and bring the field names into their one spelling."""
        if self.time_unit not in TIME_UNITS:
            raise BadSetting(
                f"the time unit {self.time_unit!r} is unknown",
                hint=choose_from(self.time_unit, TIME_UNITS, "--time-unit"),
            )
        known_zone(self.zone)
        if self.delimiter is not None and (
            len(self.delimiter.encode()) != 1 or self.delimiter in '"\r\n'
        ):
            raise BadSetting(
                f"the delimiter {self.delimiter!r} is not one plain character",
                hint="Use --delimiter with one ASCII character, or tab",
            )
        if self.block_bytes < 1:
            raise BadSetting("a block holds at least one byte")
        named = {field_named(name): column for name, column in self.columns.items()}
        object.__setattr__(self, "columns", MappingProxyType(named))
