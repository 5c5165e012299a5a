"""The words of a script: lines, names, times and stars, read and written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from starwatch.errors import BadScript, StarwatchError
from starwatch.ratings.durations import duration_ms, moment_label, moment_ms
from starwatch.ratings.scale import Scale

_TOKEN = re.compile(r'"[^"]*"|\S+')
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_CLOCK = re.compile(r"(-?)(?:(\d+):)?(\d+):(\d\d)(?:\.(\d{1,3}))?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")
_GLYPHS = re.compile(r"(★*)(½?)☆*")
_FAR_MS = 2 * 86_400_000
_TIME_HINT = "A time reads 0:03, 0:03.250, 1:00:00 or 2013-02-14T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a script that says something."""

    path: str
    number: int
    indented: bool
    text: str

    @property
    def words(self) -> list[str]:
        """Its words; what stands in double quotes is one word, without the quotes."""
        return [word.strip('"') for word in _TOKEN.findall(self.text)]

    def bad(self, what: str, hint: str = "") -> BadScript:
        """The error that names this line."""
        return BadScript(f"{self.path}:{self.number}: {what}", hint=hint)

    def unknown(self, what: str, word: str, known: Iterable[str]) -> BadScript:
        """The error for a word that is none of those known here."""
        names = list(known)
        close = get_close_matches(word, names, 1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(names)}"
        return self.bad(f"{what} {word!r} is not known", hint)


def lines_of(text: str, path: str) -> list[Line]:
    """All lines that say something, without their comments."""
    found = []
    for number, raw in enumerate(text.splitlines(), 1):
        said = _COMMENT.sub("", raw).rstrip()
        if said.strip():
            found.append(Line(path, number, said[0].isspace(), said.strip()))
    return found


def read_duration(line: Line, text: str) -> int:
    """A duration in whole milliseconds, as `1s` or `250ms`."""
    try:
        return duration_ms(text)
    except StarwatchError as error:
        raise line.bad(error.message, error.hint) from error


def read_time(line: Line, text: str, day_ms: int) -> int:
    """A time of the script's day (`0:03.250`, `1:00:00`) or a date, as epoch milliseconds."""
    match = _CLOCK.fullmatch(text)
    if match:
        sign, hours, minutes, seconds, part = match.groups()
        ms = (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000
        ms += int((part or "0").ljust(3, "0"))
        return day_ms - ms if sign else day_ms + ms
    if not _DATE.fullmatch(text):
        raise line.bad(f"the time {text!r} cannot be read", _TIME_HINT)
    try:
        return moment_ms(text)
    except StarwatchError:
        raise line.bad(f"the time {text!r} cannot be read", _TIME_HINT) from None


def write_time(ms: int, day_ms: int) -> str:
    """Epoch milliseconds as `read_time` reads them, as short as they go."""
    since = ms - day_ms
    if abs(since) > _FAR_MS:
        return moment_label(ms)
    seconds, part = divmod(abs(since), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    sign = "-" if since < 0 else ""
    return f"{sign}{clock}.{part:03}" if part else f"{sign}{clock}"


def looks_like_stars(text: str) -> bool:
    """Whether a word is meant as stars: a number, or the glyphs."""
    return text[0] in "★½☆-.0123456789"


def read_star(line: Line, text: str, scale: Scale) -> int:
    """The index of one star value, written as a number or as `★★★½☆`."""
    match = _GLYPHS.fullmatch(text)
    value = text
    if match:
        value = str(len(match[1])) + (".5" if match[2] else "")
    index = scale.index_of(value)
    if index is None:
        raise line.bad(
            f"{text!r} is no star of the scale {scale.label}",
            "A rating off the scale is written: reject off_scale",
        )
    return index


def write_name(name: str) -> str:
    """A name as one word, in quotes where it needs them."""
    return name if _TOKEN.fullmatch(name) and "#" not in name else f'"{name}"'
