"""A posted body to messages of one rating each: an object, an array, lines, or form fields."""

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import msgspec

from starwatch.codecs.fields import NAMES
from starwatch.codecs.records import MAX_RECORD
from starwatch.ratings.rejects import RAW_LIMIT
from starwatch.sources.http_door.limits import DoorLimits

_JSON = {"application/json"}
_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl", "text/plain"}
_FORM = {"application/x-www-form-urlencoded"}
USUAL = frozenset(name.lower() for names in NAMES.values() for name in names)
"""Names of fields that are read without configuration, in small letters."""
TYPES = sorted(_JSON | _LINES | _FORM)
"""The content types that are taken; a body without one is looked at."""

_USABLE = f"{', '.join(TYPES[:-1])} or {TYPES[-1]}"

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder(msgspec.Raw)


class Refused(Exception):
    """A body that cannot be taken; nothing of it is.

    Args:
        status: The HTTP status that says so.
        message: Why, in one line.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Messages:
    """What a body holds.

    Attributes:
        each: The messages, one JSON object each, if they are well made.
        lines: The line or element that each stands on, from 1; None: they stand on 1, 2, 3, ...
        form: The body as it came, where it was form fields.
    """

    each: Sequence[bytes]
    lines: Sequence[int] | None = None
    form: bytes | None = None


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its content encoding.

    Raises:
        Refused: another encoding than gzip (415), no gzip (400), or more than the limit (413).
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise Refused(415, f"the content encoding {encoding[:40]!r} is not known; use gzip")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        whole = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise Refused(400, "the body is no gzip") from None
    if len(whole) > limit:
        raise Refused(413, f"the unpacked body is over {limit:,} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise Refused(400, "the body is not one whole gzip member")
    return whole


def split(
    body: bytes, content_type: str, limits: DoorLimits, read: Collection[str] = USUAL
) -> Messages:
    """The messages of a body.

    What is said to be JSON or form fields is looked at as well, for curl calls everything form
    fields: an array is its elements, one object is one message, anything else is lines.

    Args:
        body: Unpacked.
        content_type: As the client named it, with parameters or without; may be empty.
        limits: Bounds of the door.
        read: Names of form fields that are read, in small letters; others may come repeatedly.

    Raises:
        Refused: the type is not known (415), there is nothing in it or no form (400), or too many
            lines (413).
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind and kind not in TYPES:
        raise Refused(415, f"the content type {kind[:80]!r} is not known; use {_USABLE}")
    text = body.removeprefix(_BOM).strip(_BLANK)
    if not text:
        raise Refused(400, "the body is empty")
    if kind in _LINES:
        messages = _lines(body)
    elif text[:1] == b"[":
        messages = _elements(text)
    elif kind in _FORM and text[:1] != b"{":
        messages = _form(body, read)
    elif text[:1] == b"{" and _is_one(text):
        messages = Messages([_short(text)])
    else:
        messages = _lines(body)
    if len(messages.each) > limits.lines:
        raise Refused(413, f"the body holds over {limits.lines:,} ratings")
    return messages


def _lines(body: bytes) -> Messages:
    lines = body.removeprefix(_BOM).split(b"\n")
    if not lines[-1]:
        lines.pop()
    if max(map(len, lines)) > MAX_RECORD:
        lines = [_short(line) for line in lines]
    if all(lines) and not any(map(bytes.isspace, lines)):
        return Messages(lines)
    numbered = [(at, line) for at, line in enumerate(lines, 1) if line and not line.isspace()]
    return Messages([line for _, line in numbered], [at for at, _ in numbered])


def _elements(text: bytes) -> Messages:
    try:
        elements = _ARRAY.decode(text)
    except _ERRORS:
        raise Refused(400, "the body begins like a JSON array and is none") from None
    if not elements:
        raise Refused(400, "the array is empty")
    return Messages([_short(bytes(element)) for element in elements])


def _form(body: bytes, read: Collection[str]) -> Messages:
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=64, errors="strict"
        )
    except ValueError:
        raise Refused(400, "the body is neither form fields nor JSON") from None
    if not any(value for _, value in fields):
        raise Refused(400, "the form has no fields")
    for name, times in Counter(name for name, _ in fields).items():
        if times > 1 and name.lower() in read:  # which of them is meant, nobody can know
            raise Refused(400, f"the form has the field {name[:80]!r} {times} times")
    return Messages([msgspec.json.encode(dict(fields))], form=body)


def _is_one(text: bytes) -> bool:
    """Whether a text is one JSON value, or one line at least."""
    if b"\n" not in text:
        return True
    try:
        _ANY.decode(text)
    except _ERRORS:
        return False
    return True


def _short(message: bytes) -> bytes:
    """A message, or the beginning of one that is too long to be looked at."""
    return message if len(message) <= MAX_RECORD else message[:RAW_LIMIT]
