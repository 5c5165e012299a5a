"""What each field of a rating is within a message, as expressions: the same for JSON and CSV."""

from dataclasses import dataclass

from starwatch.flink import csv_fields, json_fields
from starwatch.flink.plan import Plan
from starwatch.ratings.batch import MAX_ID_BYTES

IDS = ("product", "reviewer", "id")
"""Fields that are texts, taken as they come."""

STAR_DIGITS, TIME_DIGITS = 18, 6
"""Decimals of numbers; no star of a scale has more, no time means more."""

_BYTES = 3
"""Bytes of a character in UTF-8 at most, as Java counts characters."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a message.

    Args:
        plan: Says where they stand.
        named: Whether they are columns already: `product_text` and so on, `stars_number` and
            `time_number`.
    """

    plan: Plan
    named: bool = False

    @property
    def readable(self) -> tuple[str, ...]:
        """What must all hold of a message that can be read."""
        return csv_fields.READABLE if self.plan.csv else json_fields.READABLE

    @property
    def parsed(self) -> str:
        """Whether it keeps to the form that it begins with; only asked of rejects."""
        return f"{self.text('product')} IS NOT NULL" if self.plan.csv else json_fields.PARSED

    def text(self, name: str) -> str:
        """A field as a text; null where it is absent."""
        if self.named:
            return f"`{name}_text`"
        plan = self.plan
        if plan.csv:
            return csv_fields.field_text(name, plan.input.columns, plan.input.delimiter or ",")
        return json_fields.field_text(plan.name_of(name))

    def is_missing(self, name: str) -> str:
        """Whether a field is absent or empty; of stars and time also: whether it is blank."""
        text = self.text(name) if name in IDS else f"BTRIM({self.text(name)})"
        return f"COALESCE({text} = '', TRUE)"

    def number(self, name: str) -> str:
        """A field as an exact number; null where it is none."""
        if self.named:
            return f"`{name}_number`"
        return number(self.text(name), STAR_DIGITS if name == "stars" else TIME_DIGITS)

    def too_long(self) -> str:
        """Whether an id takes more bytes than it may: short messages hold no such."""
        long = " OR ".join(
            f"COALESCE(CHAR_LENGTH(HEX({self.text(name)})), 0) > {2 * MAX_ID_BYTES}" for name in IDS
        )
        return f"(CHAR_LENGTH(`value`) > {MAX_ID_BYTES // _BYTES} AND ({long}))"


def number(text: str, digits: int) -> str:
    """A text as an exact number with so many decimals; null where it is none."""
    return f"TRY_CAST(BTRIM({text}) AS DECIMAL(38, {digits}))"
