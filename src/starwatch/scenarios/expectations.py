"""What a script expects: rows, watermark and books, read from its lines."""

import re
from collections.abc import Sequence

from starwatch.admission.ledger import Books, SpecBook
from starwatch.ratings.means import mean_text
from starwatch.ratings.rejects import Reason
from starwatch.scenarios.steps import Row, Setting
from starwatch.scenarios.words import Line, read_star, read_time
from starwatch.windows.spec import WindowSpec

_ROW = re.compile(
    r'(?:(?P<window>[^\s"]\S*)\s+)?(?P<product>"[^"]*"|\S+)\s+(?P<start>\S+?)\.\.(?P<end>\S+)'
    r"\s+mean\s+(?P<mean>-?\d+(?:\.\d+)?)\s+of\s+(?P<count>\d+)\s+\((?P<stars>[^)]*)\)"
    r"(?:\s+revision\s+(?P<revision>\d+))?"
)
_ROW_HINT = "A row reads: 30s/5s A 0:00..0:30 mean 4.5 of 2 (4 5) revision 1"
_SUM = re.compile(
    r"(?:(?P<window>\S+)\s+)?(?P<total>received|expected)\s+(?P<sum>\d+)\s+=(?P<terms>.*)"
)
_BOOKS_HINT = (
    "Books read: received 5 = 3 counted + 1 late + 1 rejected, "
    "then for each window: 30s/5s expected 18 = 12 closed + 4 open + 2 missed"
)
_CLASSES = ("counted", "duplicate", "late", "rejected")
_PLACES = ("closed", "open", "missed")


def spec_named(line: Line, label: str | None, setting: Setting) -> int:
    """Which window of the job a label means; without a label, the only one there is."""
    windows = setting.job.windows
    if label is None:
        if len(windows) == 1:
            return 0
        raise line.bad("the job has several windows", "Name the one that is meant, as 30s/5s")
    names = {_short(window): spec for spec, window in enumerate(windows)}
    names |= {window.label: spec for spec, window in enumerate(windows)}
    if label not in names:
        raise line.unknown("the window", label, [_short(window) for window in windows])
    return names[label]


def window_name(spec: int, setting: Setting) -> str:
    """The shortest label of one of the job's windows: `1h` for a tumbling one."""
    return _short(setting.job.windows[spec])


def read_row(line: Line, setting: Setting, window: str | None = None) -> Row:
    """Read `30s/5s A 0:00..0:30 mean 4.5 of 2 (4 5) revision 1`.

    Args:
        line: The line.
        setting: The header of its script.
        window: The label of the window that is meant where the row names none.

    Raises:
        BadScript: it has another form, or contradicts itself.
    """
    match = _ROW.fullmatch(line.text)
    if match is None:
        raise line.bad(f"the row {line.text!r} cannot be read", _ROW_HINT)
    spec = spec_named(line, match["window"] or window, setting)
    start = read_time(line, match["start"], setting.day_ms)
    end = read_time(line, match["end"], setting.day_ms)
    _check_window(line, setting.job.windows[spec], start, end)
    stars = _histogram(line, match["stars"], setting)
    _check_mean(line, stars, match, setting)
    return Row(spec, match["product"].strip('"'), end, stars, int(match["revision"] or 0))


def read_books(line: Line, lines: Sequence[Line], setting: Setting) -> Books:
    """Read the indented lines under `books`.

    Raises:
        BadScript: a line cannot be read, a sum is wrong, or a window is left out.
    """
    classes: dict[str, int] | None = None
    specs: dict[int, SpecBook] = {}
    reasons: dict[Reason, int] = {}
    for each in lines:
        match = _SUM.fullmatch(each.text)
        if match is None:
            reasons |= _reason(each)
        elif match["total"] == "received":
            classes = {"received": int(match["sum"])} | _terms(each, match, _CLASSES)
        else:
            book = {"expected": int(match["sum"])} | _terms(each, match, _PLACES)
            specs[spec_named(each, match["window"], setting)] = SpecBook(**book)
    if classes is None or len(specs) < len(setting.job.windows):
        raise line.bad("the books are not whole", _BOOKS_HINT)
    if sum(reasons.values()) != classes["rejected"]:
        raise line.bad(
            "the reasons do not add up to the rejected ones", "Say why, as: rejected 1 off_scale"
        )
    return Books(**classes, reasons=reasons, specs=tuple(specs[i] for i in sorted(specs)))


def _short(window: WindowSpec) -> str:
    """The label without its slide, where the slide is the size."""
    if window.size_ms != window.slide_ms:
        return window.label
    spans, plus, offset = window.label.partition("+")
    return spans.partition("/")[0] + plus + offset


def _check_window(line: Line, window: WindowSpec, start: int, end: int) -> None:
    if end - start != window.size_ms:
        raise line.bad(f"a window of {window.label} has another length than this one")
    if (end - window.offset_ms) % window.slide_ms:
        raise line.bad(f"no window of {window.label} ends there")


def _histogram(line: Line, text: str, setting: Setting) -> tuple[int, ...]:
    """Read `4 3x5` (one four, three fives) as a count of each step."""
    stars = [0] * setting.job.scale.steps
    for word in text.split():
        times, x, value = word.rpartition("x")
        if x and not times.isdecimal():
            raise line.bad(f"{word!r} is no star", "Three fives read 3x5")
        stars[read_star(line, value, setting.job.scale)] += int(times or 1)
    return tuple(stars)


def _check_mean(line: Line, stars: tuple[int, ...], match: re.Match[str], setting: Setting) -> None:
    if sum(stars) != int(match["count"]) or not sum(stars):
        raise line.bad(f"{match['stars']!r} are {sum(stars)} ratings, not {match['count']}")
    digits = len(match["mean"].partition(".")[2])
    mean = mean_text(stars, setting.job.scale, digits)
    if (mean if digits else mean.partition(".")[0]) != match["mean"]:
        exact = mean_text(stars, setting.job.scale)
        raise line.bad(f"the mean of ({match['stars']}) is {exact}, not {match['mean']}")


def _terms(line: Line, match: re.Match[str], known: Sequence[str]) -> dict[str, int]:
    """Read `3 counted + 1 late`; what is not named is 0."""
    terms = dict.fromkeys(known, 0)
    for term in match["terms"].split("+"):
        number, _, name = term.strip().partition(" ")
        if name not in terms:
            raise line.unknown("the term", name, known)
        if not number.isdecimal():
            raise line.bad(f"{number!r} is no whole number", _BOOKS_HINT)
        terms[name] += int(number)
    if sum(terms.values()) != int(match["sum"]):
        raise line.bad(f"the sum is {sum(terms.values())}, not {match['sum']}")
    return terms


def _reason(line: Line) -> dict[Reason, int]:
    """Read `rejected 2 off_scale`."""
    words = line.words
    if len(words) != 3 or words[0] != "rejected" or not words[1].isdecimal():  # noqa: PLR2004
        raise line.bad(f"the books line {line.text!r} cannot be read", _BOOKS_HINT)
    if words[2] not in list(Reason):
        raise line.unknown("the reason", words[2], [r.value for r in Reason])
    return {Reason(words[2]): int(words[1])}
