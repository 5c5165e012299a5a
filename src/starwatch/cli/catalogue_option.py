"""The options that give a replay a catalogue."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from starwatch.ratings.catalogue import Catalogue
    from starwatch.service.state import State


def catalogue_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `given_catalogue` reads."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def given_catalogue(given: Mapping[str, Any]) -> "Catalogue | None":
    """The catalogue of the file that was named, None if none was."""
    from starwatch.codecs.catalogue import catalogue_column  # noqa: PLC0415 - imports pyarrow
    from starwatch.errors import BadSetting  # noqa: PLC0415
    from starwatch.sources.catalogue_files import read_catalogue  # noqa: PLC0415

    chosen = dict(map(catalogue_column, given["catalogue_columns"]))
    if given["catalogue"] is None:
        if chosen:
            raise BadSetting(
                "--catalogue-column needs a catalogue", hint="Use it with --catalogue FILE"
            )
        return None
    return read_catalogue(given["catalogue"], chosen)


def lasting_catalogue(
    catalogue: "Catalogue | None", state: "State", *, needed: bool
) -> "Catalogue | None":
    """The catalogue of a run with a state: what is given is kept there, else what is kept there.

    Args:
        catalogue: What is given.
        state: The state.
        needed: Whether anybody looks at names; a large catalogue is not read for nobody.
    """
    from starwatch.journal.catalogue import keep_catalogue, kept_catalogue  # noqa: PLC0415
    from starwatch.journal.places import DATABASE  # noqa: PLC0415

    if catalogue is not None:
        keep_catalogue(state.directory / DATABASE, catalogue)
        return catalogue
    return kept_catalogue(state.directory / DATABASE) if needed else None


_OPTIONS = (
    click.option(
        "--catalogue",
        metavar="FILE",
        help="Names and categories by product id, CSV or Parquet; kept with --state.",
    ),
    click.option(
        "--catalogue-column",
        "catalogue_columns",
        metavar="FIELD=NAME",
        multiple=True,
        help="Where a field of the catalogue stands: product=sku. Fields: product, name, "
        "category. Repeatable.",
    ),
)
