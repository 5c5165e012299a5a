"""Options that several commands share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how files are read.

    The command takes `options`, an `InputOptions`, and `scale`, a `Scale`.
    """

    @wraps(function)
    def command(*, scale: str, **rest: Any) -> Any:
        from starwatch.ratings.scale import Scale  # noqa: PLC0415 - only when the command runs

        return function(scale=Scale.parse(scale), **rest)

    return file_options(_SCALE(command))


def file_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the same, where a scale of stars is known: it takes `options` alone."""

    @wraps(function)
    def command(  # noqa: PLR0913 - one argument an option
        *,
        file_format: str | None,
        columns: tuple[str, ...],
        header: bool | None,
        delimiter: str | None,
        time_unit: str,
        zone: str,
        **rest: Any,
    ) -> Any:
        from starwatch.codecs.options import InputOptions  # noqa: PLC0415 - imports pyarrow

        options = InputOptions(
            format=file_format,
            columns=dict(map(_column, columns)),
            header=header,
            delimiter=_NAMED.get(delimiter, delimiter) if delimiter else None,
            time_unit=time_unit,
            zone=zone,
        )
        return function(options=options, **rest)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--format",
        "file_format",
        metavar="NAME",
        help="csv, jsonl or parquet, where the ending of a file does not tell.",
    ),
    click.option(
        "--column",
        "columns",
        metavar="FIELD=NAME",
        multiple=True,
        help="Where a field stands: product=sku, or product=1 counted from 0. Fields: product, "
        "reviewer, stars, time, id. Repeatable.",
    ),
    click.option(
        "--header/--no-header",
        default=None,
        help="Whether CSV begins with the names of its columns (default: look).",
    ),
    click.option("--delimiter", metavar="CHAR", help="Between CSV columns (default: look)."),
    click.option(
        "--time-unit",
        default="auto",
        show_default=True,
        metavar="UNIT",
        help="auto, s, ms, us or iso.",
    ),
    click.option(
        "--zone",
        default="UTC",
        show_default=True,
        metavar="ZONE",
        help="Time zone of times that name none.",
    ),
)

_SCALE = click.option(
    "--scale",
    default="1..5/1",
    show_default=True,
    metavar="LOW..HIGH/STEP",
    help="The stars that a rating can have.",
)


def _column(text: str) -> tuple[str, str | int]:
    from starwatch.errors import BadSetting  # noqa: PLC0415 - beside its only use

    field, equals, name = text.partition("=")
    if not (field and equals and name):
        raise BadSetting(f"--column {text} cannot be read", hint="It reads FIELD=NAME")
    return field, int(name) if name.isascii() and name.isdigit() else name
