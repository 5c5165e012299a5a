"""The scale of stars: lowest, highest and step (architecture §3)."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from math import lcm
from typing import Self

from starwatch.errors import BadScale

MAX_STEPS = 21
"""A scale has at most this many steps: 0 to 10 by halves."""


@dataclass(frozen=True)
class Scale:
    """The star values that a rating can take, evenly spaced.

    Stars are kept as the index of their step: on 0.5 to 5 by 0.5, a rating of 2.0 is index 3.

    Args:
        lowest: The lowest value.
        highest: The highest value; it is itself a step.
        step: The distance between two neighbours.

    Raises:
        BadScale: the step is not above zero, the steps do not end on `highest`, or there are fewer
            than two or more than 21 of them.
    """

    lowest: Decimal = Decimal(1)
    highest: Decimal = Decimal(5)
    step: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        """Refuse a scale that cannot be."""
        hint = "A scale reads LOWEST..HIGHEST/STEP, for instance 1..5/1 or 0.5..5/0.5"
        if not all(v.is_finite() for v in (self.lowest, self.highest, self.step)):
            raise BadScale(f"the scale {self.label} is not made of plain numbers", hint=hint)
        if self.step <= 0 or self.highest <= self.lowest:
            raise BadScale(f"the scale {self.label} does not go upwards", hint=hint)
        steps = (self.highest - self.lowest) / self.step
        if steps != int(steps):
            raise BadScale(f"the steps of the scale {self.label} miss its highest value", hint=hint)
        if steps >= MAX_STEPS:
            raise BadScale(f"the scale {self.label} has over {MAX_STEPS} steps", hint=hint)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0.5..5/0.5`; without `/STEP` the step is 1.

        Raises:
            BadScale: the text has another form.
        """
        span, _, step = text.partition("/")
        lowest, dots, highest = span.partition("..")
        try:
            if not dots:
                raise InvalidOperation
            return cls(Decimal(lowest), Decimal(highest), Decimal(step or "1"))
        except InvalidOperation:
            raise BadScale(
                f"the scale {text!r} cannot be read",
                hint="A scale reads LOWEST..HIGHEST/STEP, for instance 1..5/1 or 0.5..5/0.5",
            ) from None

    @property
    def label(self) -> str:
        """The scale as text, as `parse` reads it."""
        return f"{self.lowest}..{self.highest}/{self.step}"

    @cached_property
    def values(self) -> tuple[Decimal, ...]:
        """The values of the steps, from the lowest up."""
        steps = int((self.highest - self.lowest) / self.step) + 1
        return tuple(self.lowest + i * self.step for i in range(steps))

    @property
    def steps(self) -> int:
        """How many values a rating can take."""
        return len(self.values)

    @cached_property
    def denominator(self) -> int:
        """The smallest integer that makes every value times it an integer."""
        return lcm(*(v.as_integer_ratio()[1] for v in (self.lowest, self.step)))

    @cached_property
    def numerators(self) -> tuple[int, ...]:
        """Each value times `denominator`, as integers."""
        return tuple(int(v * self.denominator) for v in self.values)

    def index_of(self, value: str | float | Decimal) -> int | None:
        """The index of a value's step, or None where the value is off the scale.

        `5`, `5.0` and `"5"` are the same value; nothing is ever rounded. A float counts as the
        shortest decimal that stands for it.
        """
        text = str(value).strip()
        if "_" in text or not text.isascii():
            return None  # Decimal would read 1_0 as ten, and the digits of other scripts
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        if not number.is_finite() or not self.lowest <= number <= self.highest:
            return None
        steps = (number - self.lowest) / self.step
        index = int(steps)
        return index if index < self.steps and self.values[index] == number else None


def star_names(scale: Scale) -> list[str]:
    """A column name for each step, by its value: `stars_0.5`, `stars_1`."""
    return [f"stars_{plain(value)}" for value in scale.values]


def plain(value: Decimal) -> str:
    """A star value without exponent or spare zeros: 1.0 is `1`, 0.50 is `0.5`."""
    return f"{value.normalize():f}"
