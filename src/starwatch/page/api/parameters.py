"""Parameters of a query string: each known by name, read strictly, bounded in size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starwatch.errors import UsageError

_MOST_FIELDS = 40


class BadRequest(Exception):
    """What was asked for cannot be; answered with 400 and this text.

    Args:
        message: What is wrong, in one line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint.

    Attributes:
        name: What it is called.
        about: What it means, for the description.
        schema: What it may be, in JSON Schema.
        read: Its value from its text; raises `ValueError`, with what it must be, where it cannot.
        default: Its value where it is not given.
        required: Whether it must be given.
        several: How often it may be given; beyond 1 its value is a list.
    """

    name: str
    about: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    default: Any = None
    required: bool = False
    several: int = 1

    def described(self) -> dict[str, Any]:
        """It as a parameter of OpenAPI."""
        schema = dict(self.schema)
        if self.several > 1:
            schema = {
                "type": "array",
                "items": schema,
                "minItems": 1,
                "maxItems": self.several,
            }
        elif self.default is not None:
            schema["default"] = self.default
        return {
            "name": self.name,
            "in": "query",
            "description": self.about,
            "required": self.required,
            "schema": schema,
        }


def values_of(query: bytes, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The value of each parameter, by its name.

    Args:
        query: The query string as it came.
        parameters: All that are known.

    Raises:
        BadRequest: one is unknown, missing, given too often, or cannot be read.
    """
    known = {each.name: each for each in parameters}
    given: dict[str, list[Any]] = {}
    for name, text in _pairs(query):
        parameter = known.get(name)
        if parameter is None:
            raise BadRequest(f"the parameter {_shown(name)} is unknown; known: {_names(known)}")
        given.setdefault(name, []).append(_read(parameter, text))
        if len(given[name]) > parameter.several:
            raise BadRequest(f"{name} may be given {_times(parameter.several)}")
    for parameter in parameters:
        if parameter.required and parameter.name not in given:
            raise BadRequest(f"{parameter.name} must be given")
    return {
        each.name: _value(each, given[each.name]) if each.name in given else each.default
        for each in parameters
    }


def _value(parameter: Parameter, values: list[Any]) -> Any:
    return values if parameter.several > 1 else values[0]


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise BadRequest(
            f"the query cannot be read: percent-encoded UTF-8, at most {_MOST_FIELDS} parameters"
        ) from None


def _read(parameter: Parameter, text: str) -> Any:
    try:
        return parameter.read(text)
    except UsageError as error:
        raise BadRequest(f"{parameter.name}: {error}") from None
    except ValueError as error:
        raise BadRequest(f"{parameter.name} must be {error}, not {_shown(text)}") from None


def _shown(text: str) -> str:
    most = 60
    return repr(text if len(text) <= most else text[: most - 1] + "…")


def _names(known: Mapping[str, Parameter]) -> str:
    return ", ".join(known) or "none"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times at most"


def integer(
    name: str, about: str, lowest: int, highest: int, default: int | None = None
) -> Parameter:
    """A whole number between two bounds."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        number = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 17 else None  # noqa: PLR2004
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return number

    schema = {"type": "integer", "minimum": lowest, "maximum": highest}
    return Parameter(name, about, schema, read, default)


def number(name: str, about: str, lowest: float, highest: float) -> Parameter:
    """A decimal number between two bounds."""

    def read(text: str) -> float:
        plain = text.removeprefix("-").replace(".", "", 1)
        value = float(text) if plain.isascii() and plain.isdigit() and len(plain) < 20 else None  # noqa: PLR2004
        if value is None or not lowest <= value <= highest:
            raise ValueError(f"a number from {lowest:g} to {highest:g}")
        return value

    return Parameter(name, about, {"type": "number", "minimum": lowest, "maximum": highest}, read)


def choice(name: str, about: str, choices: Sequence[str], default: str | None = None) -> Parameter:
    """One of some words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return Parameter(name, about, {"type": "string", "enum": list(choices)}, read, default)


def flag(name: str, about: str) -> Parameter:
    """0 or 1; None where it is not given."""

    def read(text: str) -> bool:
        if text not in {"0", "1"}:
            raise ValueError("0 or 1")
        return text == "1"

    return Parameter(name, about, {"type": "integer", "enum": [0, 1]}, read)


def words(name: str, about: str, most: int, default: str | None = None) -> Parameter:
    """Any text up to a number of characters."""

    def read(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"at most {most} characters")
        return text

    return Parameter(name, about, {"type": "string", "maxLength": most}, read, default)
