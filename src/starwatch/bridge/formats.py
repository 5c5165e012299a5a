"""What a message becomes on its way, and the product that it is about."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starwatch.codecs.convert_record import Unreadable, converted, records
from starwatch.codecs.fields import pick

_REFERENCE, _USUAL = 5, 4
_PRODUCT_PLACES = {_REFERENCE: 4, _USUAL: 1}
"""Where the product stands in CSV of so many columns (`starwatch.codecs.payloads`)."""

_MOST_KEY = 512
"""Bytes of a product id, as everywhere."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a message became.

    Attributes:
        value: What is sent on.
        key: The product that all of it is about; None where there is none, or several.
    """

    value: bytes
    key: bytes | None


Format = Callable[[bytes], Made]
"""Makes what is sent on of what came; raises `Unreadable` where it cannot."""


def as_is(payload: bytes) -> Made:
    """The bytes as they came."""
    return Made(payload, _key(_products(payload)))


def as_csv(payload: bytes) -> Made:
    """JSON as the CSV of the reference.

    Raises:
        Unreadable: it is no JSON, or not only objects.
    """
    made = converted(payload)
    return Made(made.text, _key(made.products))


FORMATS: Mapping[str, Format] = {"as-is": as_is, "csv": as_csv}


def _key(products: Sequence[str]) -> bytes | None:
    if not products or not products[0] or len(set(products)) > 1:
        return None
    key = products[0].encode("utf-8", "replace")
    return key if len(key) <= _MOST_KEY else None


def _products(payload: bytes) -> Sequence[str]:
    """The product of each rating in a message; none where it cannot be known."""
    try:
        if payload.lstrip()[:1] in {b"{", b"["}:
            return list(map(_of_object, records(payload)))
        text = payload.decode().removesuffix("\n")
        rows = csv.reader(map("{}\n".format, text.split("\n")), escapechar="\\", strict=True)
        return [row[_PRODUCT_PLACES[len(row)]] for row in rows]
    except (Unreadable, UnicodeDecodeError, csv.Error, KeyError):
        return ()


def _of_object(record: Mapping[str, Any]) -> str:
    names = list(record)
    place = pick("product", names, {})
    value = None if place is None else record[names[place]]
    return str(value).strip() if isinstance(value, str | int) else ""
