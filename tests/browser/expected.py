"""What the page must show, computed another way: fractions, rounded half to even."""

from fractions import Fraction

NONE = "\u2013"


def mean(stars):
    """The mean of a histogram over 1 to 5 as the page prints it."""
    number = sum(stars)
    if not number:
        return NONE
    return two(Fraction(sum(value * count for value, count in enumerate(stars, 1)), number))


def means(histograms):
    return [mean(stars) for stars in histograms]


def two(value):
    """Two places of a fraction."""
    hundredths = round(Fraction(value) * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
