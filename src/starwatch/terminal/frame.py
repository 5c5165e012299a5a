"""The live table as lines of styled text: pure, and as wide and high as it is told to be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from starwatch.admission.ledger import Books
from starwatch.ports import RowContext
from starwatch.ratings.durations import moment_label
from starwatch.ratings.means import mean_fractions, mean_text
from starwatch.terminal.cells import bars, change_text, columns, end_text, padded, printable
from starwatch.terminal.order import SortKey, top
from starwatch.terminal.previous import PreviousMeans
from starwatch.windows.rows import WindowRows

Names = Callable[[str], str]
"""From a product id to its name in a catalogue, or an empty text."""

Line = tuple[tuple[str, str], ...]
"""One line: pieces of text, each with its style (empty: plain)."""

OPEN_MARK = "○"
"""Behind a row whose window is still open."""

_AROUND = 6
"""Lines that are no rows: three above, the table's heading, the count of the rest, the keys."""

_HEADINGS = ("product", "name", "mean", "count", "stars", "change", "")
_RIGHT = {2, 3}
_STYLES = ("bold", "", "bold", "", "cyan", "", "dim")
_CHANGE = 5
_CHANGE_STYLES = {"▲": "green", "▼": "red"}
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the stream is, for the header.

    Attributes:
        clock_ms: The stream's clock.
        watermark_ms: The job's watermark; None before there is one.
        rate: Ratings a second, lately.
        books: Both books.
        fraction: How much of the input is done, 0 to 1; None where that is not known.
        paused: Whether the drawing is held.
    """

    clock_ms: int
    watermark_ms: int | None
    rate: float
    books: Books
    fraction: float | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a person chose to see.

    Attributes:
        spec: Which of the job's windows.
        sort: What the rows are sorted by.
        width: Columns of the terminal.
        height: Lines of the terminal.
        keys: Whether keys are read, and so named in the footer.
        names: The catalogue's names, if there is a catalogue.
        page: Where the page of the same job is, if there is one.
    """

    spec: int = 0
    sort: SortKey = SortKey.COUNT
    width: int = 100
    height: int = 30
    keys: bool = True
    names: Names | None = None
    page: str = ""


def frame(
    rows: WindowRows, stream: Stream, look: Look, *, context: RowContext, previous: PreviousMeans
) -> list[Line]:
    """The whole table.

    Args:
        rows: The rows so far of one open window, by rising product id.
        stream: What the header says.
        look: What to show of it, and how large.
        context: The job and its products.
        previous: The last closed windows, for the change.
    """
    room = max(look.height - _AROUND, 1)
    chosen = top(rows, look.sort, room, scale=context.job.scale, previous=previous)
    cells = table_cells(rows.take(chosen), look, context=context, previous=previous)
    rest = len(rows) - len(chosen)
    return [
        *_header(stream),
        _window(rows, look, context),
        *_table(cells, look),
        ((f"… and {rest:,} more" if rest else "", "dim"),),
        _footer(look, context),
    ]


def table_cells(
    rows: WindowRows, look: Look, *, context: RowContext, previous: PreviousMeans
) -> list[tuple[str, ...]]:
    """The texts of these rows: product, name, mean, count, stars, change, mark."""
    scale, name_of = context.job.scale, look.names
    ids = context.products.texts(rows.product)
    befores = previous.means(look.spec, rows.product)
    pairs = zip(*(c.tolist() for c in mean_fractions(rows.stars, scale)), strict=True)
    return [
        (
            printable(product, max(look.width // 3, 12)),
            printable(name_of(product), _LONGEST_NAME) if name_of else "",
            mean_text(stars, scale, 2),
            f"{sum(stars):,}",
            bars(stars),
            change_text(Fraction(*pair), before),
            OPEN_MARK,
        )
        for product, stars, pair, before in zip(
            ids, rows.stars.tolist(), pairs, befores, strict=True
        )
    ]


def _header(stream: Stream) -> list[Line]:
    books = stream.books
    mark = "none yet" if stream.watermark_ms is None else _moment(stream.watermark_ms)
    first = (
        f"   stream {_moment(stream.clock_ms)}   watermark {mark}   {stream.rate:,.0f} ratings/s"
    )
    if stream.fraction is not None:
        first += f"   {stream.fraction:.0%} done"
    counts = [("received", books.received), ("counted", books.counted)]
    if books.duplicate:
        counts.append(("duplicate", books.duplicate))
    counts += [("late", books.late), ("rejected", books.rejected)]
    second = "   ".join(f"{word} {number:,}" for word, number in counts)
    paused = (("   paused", "bold yellow"),) if stream.paused else ()
    balance = () if books.balanced else (("   THE BOOKS DO NOT BALANCE", "bold red"),)
    return [(("Starwatch", "bold"), (first, ""), *paused), ((second, ""), *balance)]


def _window(rows: WindowRows, look: Look, context: RowContext) -> Line:
    window = context.job.windows[look.spec]
    if not len(rows):
        return ((f"{window.label}: no rating in an open window", "italic"),)
    end = int(rows.end_ms[0])
    span = f"{end_text(end - window.size_ms, window)} to {end_text(end, window)}"
    text = f"{window.label}: {span}, {OPEN_MARK} provisional, by {look.sort.value}"
    return ((text, "italic"),)


def _table(cells: Sequence[tuple[str, ...]], look: Look) -> list[Line]:
    """The heading and the rows, in columns that are as wide as their widest text."""
    used = [n for n in range(len(_HEADINGS)) if n != 1 or look.names]
    widths = {n: max(columns(row[n]) for row in (_HEADINGS, *cells)) for n in used}
    lines = [tuple((_cell(_HEADINGS[n], n, widths[n]), "underline") for n in used)]
    lines += [tuple((_cell(row[n], n, widths[n]), _style(row, n)) for n in used) for row in cells]
    return lines


def _cell(text: str, column: int, width: int) -> str:
    return padded(text, width, right=column in _RIGHT) + "  "


def _style(row: tuple[str, ...], column: int) -> str:
    if column == _CHANGE:
        return _CHANGE_STYLES.get(row[column][0], "dim")
    return _STYLES[column]


def _footer(look: Look, context: RowContext) -> Line:
    page = ((f"   page {look.page}", ""),) if look.page else ()
    if not look.keys:
        return (("Ctrl-C stops", "dim"), *page)
    window = "   w window" if len(context.job.windows) > 1 else ""
    return ((f"s sort{window}   p pause   q quit", "dim"), *page)


def _moment(ms: int) -> str:
    return moment_label(ms)[:19].replace("T", " ")
