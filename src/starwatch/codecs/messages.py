"""JSON messages to ratings, each decoded for itself: a bad one costs nobody else a rating.

The rule for one message, whatever came before it: an object; of each field the first name of
`starwatch.codecs.fields` that it holds. The quick way gives the same, for messages that hold no
name but the ones seen so far; the others are read again the slow way.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from starwatch.codecs.columns import Read, assemble, nothing
from starwatch.codecs.fields import FIELDS, pick
from starwatch.codecs.json_names import QuickWay, learn, learnable
from starwatch.codecs.json_values import (
    Refused,
    SlowRow,
    StarTable,
    id_column,
    is_fraction,
    slow_row,
    time_column,
)
from starwatch.codecs.options import InputOptions
from starwatch.codecs.times import TimeReader
from starwatch.errors import BadSetting
from starwatch.ratings.batch import Decoded
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale

_MOST_NAMES = 64
"""Names that the quick way learns: more would only come from messages made to be different."""

_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)


class JsonMessages:
    """Decodes messages that hold one JSON object each.

    Args:
        options: What the user said about the input; columns are mapped by name.
        scale: The scale of the stars.

    Raises:
        BadSetting: a column is mapped by number.
    """

    def __init__(self, options: InputOptions, scale: Scale) -> None:
        for field, wanted in options.columns.items():
            if isinstance(wanted, int):
                raise BadSetting(
                    f"JSON has no column {wanted} for the {field}",
                    hint=f"Give its name, as --column {field}=NAME",
                )
        self._mapping = options.columns
        self._stars = StarTable(scale)
        self._times = TimeReader(options.time_unit, options.zone)
        self._time_needed = options.time_needed
        self._generic = msgspec.json.Decoder(dict[str, msgspec.Raw])

        self._names: set[str] = set()
        self._fields: set[str] = set()  # seen in any message, whether their name was learnt or not
        self._fractions = False  # whether stars with a point were seen
        self._quick: QuickWay = self._learnt()

    def found(self) -> dict[str, str]:
        """Field to the name that holds it, of the names seen so far."""
        return dict(self._quick.found)

    def decode(self, messages: Sequence[bytes], *, first: int = 0) -> Decoded:
        """Decode messages; each takes a slot.

        Args:
            messages: The bytes of each message.
            first: The slot of the first one.
        """
        if not messages:
            return nothing()
        rows = self._rows(messages)
        positions = np.arange(first, first + len(messages), dtype=np.int64)
        decoded = assemble(
            self._read(rows),
            positions,
            lambda bad: [messages[at] for at in bad],
            time_needed=self._time_needed,
        )
        return replace(decoded, slots=len(messages))

    def _rows(self, messages: Sequence[bytes]) -> list[Any]:
        """An object with the five fields for each message; None stands for a missing value."""
        rows: list[Any] = []
        rest = iter(messages)
        while len(rows) < len(messages):
            start, quick = len(rows), self._quick
            # Stops behind the first message that cannot be read; the ones before it are kept.
            with suppress(*_ERRORS):
                rows.extend(map(quick.decode, rest))
            for field in quick.doubtful:
                for at in range(start, len(rows)):
                    if getattr(rows[at], field) is None:
                        rows[at] = self._slow(messages[at])
            if len(rows) < len(messages):
                rows.append(self._slow(messages[len(rows)]))
        return rows

    def _slow(self, message: bytes) -> SlowRow:
        try:
            values = self._generic.decode(message)
        except _ERRORS:
            return SlowRow(stars=Refused(Reason.UNREADABLE))
        fresh = set(filter(learnable, values.keys() - self._names))
        if fresh and len(self._names) + len(fresh) <= _MOST_NAMES:
            self._names |= fresh
            self._quick = self._learnt()
        names = sorted(values)
        found: dict[str, Any] = {}
        for field in FIELDS:
            place = pick(field, names, self._mapping)
            found[field] = None if place is None else values[names[place]]
            if place is not None:
                self._fields.add(field)
        if not self._fractions and is_fraction(found["stars"]):
            self._fractions = True
            self._quick = self._learnt()
        return slow_row(found)

    def _learnt(self) -> QuickWay:
        return learn(self._names, self._mapping, fractions=self._fractions)

    def _read(self, rows: Sequence[Any]) -> Read:
        known = self._fields
        steps, verdicts = self._stars.columns([row.stars for row in rows])
        reviewer = [row.reviewer for row in rows] if "reviewer" in known else None
        ids = [row.id for row in rows] if "id" in known else None
        times = [row.time for row in rows] if "time" in known else None
        return Read(
            product=id_column([row.product for row in rows]),
            reviewer=None if reviewer is None else id_column(reviewer),
            rating_id=None if ids is None else id_column(ids),
            steps=steps,
            verdicts=verdicts,
            event_ms=None if times is None else time_column(times, self._times),
        )
