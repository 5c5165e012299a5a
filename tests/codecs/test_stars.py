import pytest

from starwatch.codecs.stars import star_index
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale


@pytest.mark.parametrize("text", ["4", "4.0", " 4 ", "+4", "4.", "04", "4e0", "400E-2", "4.000000"])
def test_one_value_written_in_many_ways(text):
    assert star_index(text, Scale()) == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.MISSING_STARS),
        (" \t", Reason.MISSING_STARS),
        ("0", Reason.OFF_SCALE),
        ("4.5", Reason.OFF_SCALE),
        ("4.00000000000000000000000000000000000000001", Reason.OFF_SCALE),
        ("1e9999", Reason.OFF_SCALE),
        ("4,0", Reason.BAD_STARS),
        ("inf", Reason.BAD_STARS),
        ("\u0664", Reason.BAD_STARS),
        ("4" * 65, Reason.BAD_STARS),
    ],
)
def test_no_star_is_rounded_or_guessed(text, reason):
    assert star_index(text, Scale()) == reason


def test_half_stars():
    scale = Scale.parse("0.5..5/0.5")
    assert [star_index(text, scale) for text in ("0.5", "2.0", "5")] == [0, 3, 9]
    assert star_index("2.25", scale) == Reason.OFF_SCALE
