"""The end of a run in a few lines: what came, what became of it, and whether the books balance."""

from collections.abc import Sequence
from dataclasses import dataclass

from starwatch.admission.ledger import Books, SpecBook
from starwatch.windows.job import Job


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, besides its books.

    Attributes:
        rows: Rows of windows that were emitted, corrections among them.
        products: Distinct products with a readable rating.
        seconds: How long the run took.
    """

    rows: int
    products: int
    seconds: float


def summary(books: Books, job: Job, outcome: Outcome) -> str:
    """The summary, some short lines without a last line feed."""
    return "\n".join(
        [
            _received(books, outcome),
            *class_lines(books),
            number_text(outcome.rows, "window row")
            + f", {number_text(outcome.products, 'product')}",
            *_specs(books, [window.label for window in job.windows]),
            _verdict(books),
        ]
    )


def books_lines(books: Books, windows: Sequence[str]) -> list[str]:
    """Both books alone, for windows of these labels."""
    received = f"received {number_text(books.received, 'rating')}"
    return [received, *class_lines(books), *_specs(books, windows), _verdict(books)]


def duration_text(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration_text(2.345), duration_text(75), duration_text(7384)
    ('2.3 s', '1:15', '2:03:04')
    """
    minute, hour = 60, 3600
    if round(seconds, 1) < minute:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    rest = f"{whole % minute:02d}"
    if whole < hour:
        return f"{whole // minute}:{rest}"
    return f"{whole // hour}:{whole % hour // minute:02d}:{rest}"


def size_text(size: int) -> str:
    """Bytes in a unit that leaves up to three digits before the point.

    >>> size_text(999), size_text(1234), size_text(5_000_000_000_000)
    ('999 bytes', '1.2 kB', '5.0 TB')
    """
    kilo, value = 1000, float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < kilo:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= kilo
    return f"{value:.1f} TB"


def number_text(number: int, word: str) -> str:
    """A number of things: `1 file`, `1,234 files`."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def _received(books: Books, outcome: Outcome) -> str:
    text = f"received {number_text(books.received, 'rating')} in {duration_text(outcome.seconds)}"
    if outcome.seconds > 0:
        text += f", {books.received / outcome.seconds:,.0f} a second"
    return text


def class_lines(books: Books) -> list[str]:
    """One line a class, the numbers under each other."""
    classes = [
        ("counted", books.counted),
        ("duplicate", books.duplicate),
        ("late", books.late),
        ("rejected", books.rejected),
        ("pending", books.pending),
    ]
    width = max(len(f"{number:,}") for _, number in classes)
    marks = ["=", "+", "+", "+", "+"]
    lines = [
        f"  {mark} {number:>{width},} {word}"
        for mark, (word, number) in zip(marks, classes, strict=True)
    ]
    if books.reasons:
        by_size = sorted(books.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        reasons = ", ".join(f"{number:,} {reason.value}" for reason, number in by_size)
        lines[3] += f": {reasons}"
    return lines


def _specs(books: Books, windows: Sequence[str]) -> list[str]:
    return [_spec(label, book) for label, book in zip(windows, books.specs, strict=True)]


def _spec(label: str, book: SpecBook) -> str:
    return (
        f"  {label}: {book.expected:,} contributions = {book.closed:,} in closed windows"
        f" + {book.open:,} in open ones + {book.missed:,} missed"
    )


def _verdict(books: Books) -> str:
    if books.balanced:
        return "both books balance"
    parts = books.counted + books.duplicate + books.late + books.rejected + books.pending
    wrong = [f"{books.received - parts:+,} ratings"] if books.received != parts else []
    wrong += [
        f"{book.expected - book.closed - book.open - book.missed:+,} contributions"
        for book in books.specs
        if not book.balanced
    ]
    return (
        f"WARNING: THE BOOKS DO NOT BALANCE: {', '.join(wrong)} unaccounted for.\n"
        "WARNING: do not trust this run's windows; please report this with the command you ran"
    )
