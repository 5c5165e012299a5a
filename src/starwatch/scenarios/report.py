"""Rows, books and differences as text, in the words in which a script writes them."""

from collections.abc import Sequence
from difflib import ndiff

from starwatch.admission.ledger import Books, SpecBook
from starwatch.ratings.means import mean_text
from starwatch.scenarios.expectations import window_name
from starwatch.scenarios.steps import Row, Setting
from starwatch.scenarios.words import write_name, write_time

_DIGITS = 3
_END_OF_TIME = 2**62


def row_text(row: Row, setting: Setting) -> str:
    """A row as a script expects it: `10s A 0:00..0:10 mean 4.5 of 2 (4 5)`."""
    start = row.end_ms - setting.job.windows[row.spec].size_ms
    span = f"{write_time(start, setting.day_ms)}..{write_time(row.end_ms, setting.day_ms)}"
    mean = mean_text(row.stars, setting.job.scale, _DIGITS).rstrip("0").rstrip(".")
    named = f"{window_name(row.spec, setting)} {write_name(row.product)}"
    text = f"{named}  {span}  mean {mean} of {sum(row.stars)} ({_stars_text(row, setting)})"
    return f"{text}  revision {row.revision}" if row.revision else text


def watermark_text(at_ms: int | None, setting: Setting) -> str:
    """A watermark as a script expects it."""
    if at_ms is None:
        return "none"
    return "at the end of time" if at_ms > _END_OF_TIME else write_time(at_ms, setting.day_ms)


def books_lines(books: Books, setting: Setting) -> list[str]:
    """Both books, line by line, as a script expects them."""
    classes = (
        (books.counted, "counted"),
        (books.duplicate, "duplicate"),
        (books.late, "late"),
        (books.rejected, "rejected"),
        (books.pending, "pending"),
    )
    reasons = sorted((reason.value, number) for reason, number in books.reasons.items() if number)
    return [
        _sum("received", books.received, classes),
        *(f"rejected {number} {reason}" for reason, number in reasons),
        *(_spec_line(spec, book, setting) for spec, book in enumerate(books.specs)),
    ]


def diff(expected: Sequence[str], got: Sequence[str]) -> tuple[str, ...]:
    """Both sides line by line: `-` was expected and did not come, `+` came and was not expected."""
    marked = ndiff(list(expected), list(got))
    return tuple(line.rstrip("\n") for line in marked if not line.startswith("?"))


def _spec_line(spec: int, book: SpecBook, setting: Setting) -> str:
    places = ((book.closed, "closed"), (book.open, "open"), (book.missed, "missed"))
    return f"{window_name(spec, setting)} {_sum('expected', book.expected, places)}"


def _sum(name: str, total: int, terms: Sequence[tuple[int, str]]) -> str:
    told = [f"{number} {term}" for number, term in terms if number] or [f"0 {terms[0][1]}"]
    return f"{name} {total} = {' + '.join(told)}"


def _stars_text(row: Row, setting: Setting) -> str:
    counts = zip(setting.job.scale.values, row.stars, strict=True)
    return " ".join(f"{n}x{value}" if n > 1 else f"{value}" for value, n in counts if n)
