from fractions import Fraction

import pytest

from starwatch.terminal.cells import bars, change_text, columns, end_text, padded, printable
from starwatch.windows.spec import WindowSpec


@pytest.mark.parametrize(
    ("stars", "text"),
    [
        ([0, 0, 0, 0, 1], "▁▁▁▁█"),
        ([5, 5, 5, 5, 5], "█████"),
        ([1, 0, 10**6, 0, 0], "▂▁█▁▁"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
    ],
)
def test_bars_tell_none_from_few(stars: list[int], text: str) -> None:
    assert bars(stars) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (Fraction(4), None, "new"),
        (Fraction(4), Fraction(4), "="),
        (Fraction(33, 8), Fraction(4), "▲ 0.12"),
        (Fraction(4), Fraction(35, 8), "▼ 0.38"),
        (Fraction(4), Fraction(4) + Fraction(1, 200), "="),
        (Fraction(4), Fraction(4) + Fraction(3, 200), "▼ 0.02"),
        (Fraction(-2), Fraction(2), "▼ 4.00"),
        (Fraction(100), Fraction(-1, 2), "▲ 100.50"),
    ],
)
def test_a_change_is_rounded_once_half_to_even(
    now: Fraction, before: Fraction | None, text: str
) -> None:
    assert change_text(now, before) == text


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("0000143502", 10, "0000143502"),
        ("0000143502", 9, "00001435…"),
        ("商品商品", 8, "商品商品"),
        ("商品商品", 7, "商品商…"),
        ("商品商品", 6, "商品…"),
        ("a\x1b[31m\n\x00", 40, "a\\x1b[31m\\n\\x00"),
        ("\u202eabc\u200b", 40, "\\u202eabc\\u200b"),
        ("", 5, ""),
    ],
)
def test_ids_fit_and_hold_nothing_that_a_terminal_obeys(text: str, width: int, shown: str) -> None:
    assert printable(text, width) == shown
    assert columns(shown) <= width


def test_padding_counts_columns_and_not_characters() -> None:
    assert padded("商", 4) == "商  "
    assert padded("e\u0301", 3, right=True) == "  e\u0301"


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ("30s/5s", "00:00:05"),
        ("1s/500ms", "00:00:05.000"),
        ("10s/5s+1ms", "00:00:05.000"),
        ("1h", "2021-06-01 00:00"),
        ("1d/1h+15m", "2021-06-01 00:00"),
        ("30d/1d", "2021-06-01"),
    ],
)
def test_ends_are_as_fine_as_their_windows(window: str, text: str) -> None:
    assert end_text(1_622_505_605_000, WindowSpec.parse(window)) == text
