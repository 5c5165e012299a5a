"""Which column of a table holds which field of a catalogue, and the catalogue that they make."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from starwatch.codecs.columns import empty_texts
from starwatch.codecs.fields import NAMES
from starwatch.codecs.hints import choose_from
from starwatch.codecs.tables import id_texts
from starwatch.errors import BadSetting, UnknownColumn
from starwatch.ratings.catalogue import Catalogue

CATALOGUE_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "product": NAMES["product"],
        "name": ("name", "title"),
        "category": ("category", "main_category", "genres"),
    }
)
"""Names of columns recognised without configuration, whatever their case; an earlier one first."""

OPTION = "--catalogue-column"


def catalogue_column(text: str) -> tuple[str, str]:
    """A field and the column that a user says it is in, from `FIELD=NAME`.

    Raises:
        BadSetting: it reads otherwise, or a catalogue has no such field.
    """
    field, _, column = text.partition("=")
    if field not in CATALOGUE_NAMES or not column:
        raise BadSetting(
            f"{OPTION} {text} cannot be used",
            hint=f"It reads FIELD=NAME; {choose_from(field, CATALOGUE_NAMES, 'the FIELD')}",
        )
    return field, column


def catalogue_places(
    columns: Sequence[str], chosen: Mapping[str, str], where: str
) -> dict[str, int]:
    """Field to the number of its column.

    Args:
        columns: The names of all columns.
        chosen: Field to the name that a user gave.
        where: The name of the file, for errors.

    Raises:
        UnknownColumn: a chosen column or the product's id is not there, or neither the name nor
            the category.
    """
    lower = [column.strip().lower() for column in columns]
    places = {}
    for field, names in CATALOGUE_NAMES.items():
        wanted = [chosen[field]] if field in chosen else names
        place = next((lower.index(n.lower()) for n in wanted if n.lower() in lower), None)
        if place is not None:
            places[field] = place
        elif field in chosen or field == "product":
            raise _unknown(wanted[0] if field in chosen else "", field, columns, where)
    if len(places) == 1:
        raise _unknown("", "name", columns, where)
    return places


def catalogue_of(columns: Mapping[str, pa.Array]) -> Catalogue:
    """A catalogue by rising product id, of several rows of one product the first.

    Rows without a product id are left out.

    Args:
        columns: Field to its column, all of one length, of any type that can be text; a list of
            categories becomes one text, as in `Comedy|Drama`.
    """
    length = len(columns["product"])
    texts = [
        _texts(columns[field]) if field in columns else empty_texts(length)
        for field in CATALOGUE_NAMES
    ]
    named = pc.greater(pc.binary_length(texts[0]), 0)
    if not pc.all(named).as_py():
        texts = [text.filter(named) for text in texts]
    return Catalogue(*texts).by_id()


def _texts(column: pa.Array) -> pa.Array:
    """A column as `string`; bytes that are no UTF-8 show as such instead of failing the rest."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lists = pc.cast(column, pa.list_(pa.string()))
        column = pc.binary_join(lists, "|")
    try:
        return id_texts(column).cast(pa.string()).fill_null("")
    except pa.ArrowInvalid:
        raw = column.cast(pa.large_binary()).to_pylist()
        return pa.array([(text or b"").decode(errors="replace") for text in raw], pa.string())


def _unknown(wanted: str, field: str, columns: Sequence[str], where: str) -> UnknownColumn:
    what = {"product": "product id", "name": "name or category"}.get(field, field)
    missing = f"column {wanted!r} for the {field}" if wanted else f"column for the {what}"
    return UnknownColumn(
        f"the catalogue {where} has no {missing}; its columns are {', '.join(columns) or 'none'}",
        hint=f"Name it, as {OPTION} {field}=NAME",
    )
