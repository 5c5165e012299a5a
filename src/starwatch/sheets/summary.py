"""The first sheet of a validation: what was checked, by which rules, what came of it, a chart."""

from typing import Any

from starwatch.ratings.durations import duration_label
from starwatch.recompute.rules import Rules
from starwatch.sheets.cells import write_text
from starwatch.sheets.columns import BESIDE, CHECK, CLASSES, ENDS, MEANS, PRODUCTS
from starwatch.sheets.contents import Contents

CHARTED = 5
"""How many products are drawn: more lines than these are hard to tell apart."""

_READ = """\
Formulas count every window from the ratings beside it and set its mean against the one as written.
Change the stars of a counted rating: the difference of its windows is no longer 0.
A rating is in a window if start <= window time < end, unless it came too late for it:
it enters windows that end after the watermark that it met, less the allowed lateness.
Of each window the row of the highest revision is shown. All times are UTC.
"""


def write_summary(book: Any, sheet: Any, contents: Contents, rules: Rules, against: str) -> None:
    """Write the sheet; row after row, as a workbook of constant memory takes them."""
    bold, count = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0"})
    mean = book.add_format({"num_format": "0.000000", "bold": True})
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 1, 28)
    write_text(sheet, 0, 0, "Starwatch: windows counted by formulas", bold)
    row = 2
    for label, text in [("windows as written", against), *_rules(rules)]:
        write_text(sheet, row, 0, label)
        write_text(sheet, row, 1, text)
        row += 1
    row += 1
    for label, formula, shown in [*_counts(contents, count), *_totals(contents, count, mean)]:
        write_text(sheet, row, 0, label)
        if isinstance(formula, str):
            sheet.write_formula(row, 1, formula, shown, "")
        else:
            sheet.write_number(row, 1, formula, shown)
        row += 1
    for text in _READ.splitlines():
        row += 1
        write_text(sheet, row, 0, text)
    if contents.windows_number:
        sheet.insert_chart(2, 3, _chart(book, contents, rules), {"x_scale": 1.8, "y_scale": 1.4})


def _rules(rules: Rules) -> list[tuple[str, str]]:
    """The job's rules in words."""
    duplicates = rules.duplicates
    if duplicates != "off":
        duplicates += f", remembered for {duration_label(rules.horizon_ms)}"
    return [
        ("windows", ", ".join(windows.label for windows in rules.windows)),
        ("window time", "arrival" if rules.by_arrival else "event"),
        ("out-of-orderness bound", duration_label(rules.bound_ms)),
        ("allowed lateness", duration_label(rules.lateness_ms)),
        ("duplicates", duplicates),
        ("stars", f"{rules.stars.names[0]} to {rules.stars.names[-1]}"),
    ]


def _counts(contents: Contents, count: Any) -> list[tuple[str, Any, Any]]:
    """How many ratings of each class, as the sheet counts them."""
    classes = [
        (f"  {name}", f'=COUNTIF(rating_class,"{name}")', count) for name in CLASSES.values()
    ]
    return [
        ("ratings", contents.ratings_number, count),
        *classes,
        ("refused before they were ratings", contents.refused_number, count),
    ]


def _totals(contents: Contents, count: Any, mean: Any) -> list[tuple[str, Any, Any]]:
    """What came of the check."""
    apart = "(ABS(difference_of_ratings)+ABS(difference_of_means))"
    return [
        ("windows", contents.windows_number, count),
        ("windows that differ", f"=SUMPRODUCT(--({apart}>0))", count),
        (
            "sum of absolute differences of ratings",
            "=SUMPRODUCT(ABS(difference_of_ratings))",
            count,
        ),
        ("sum of absolute differences of means", "=SUMPRODUCT(ABS(difference_of_means))", mean),
    ]


def _chart(book: Any, contents: Contents, rules: Rules) -> Any:
    """The means by formula over time, of those products that have the most windows."""
    chart = book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for stretch in contents.longest(CHARTED):
        rows = stretch.first + 1, stretch.last + 1
        means, ends = ([CHECK, rows[0], BESIDE + c, rows[1], BESIDE + c] for c in (MEANS, ENDS))
        # Named by its cell: a text that begins with `=` would be a formula here.
        name = [CHECK, rows[0], BESIDE + PRODUCTS]
        marker = {"type": "circle", "size": 3}
        chart.add_series({"name": name, "categories": ends, "values": means, "marker": marker})
    chart.set_title({"name": "Mean over time"})
    chart.set_x_axis({"name": "end of the window", "num_format": "yyyy-mm-dd hh:mm"})
    lowest, highest = float(rules.stars.names[0]), float(rules.stars.names[-1])
    chart.set_y_axis({"name": "mean", "min": lowest, "max": highest})
    return chart
