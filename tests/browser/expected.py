"""What the page must show, computed another way: fractions, rounded half to even."""

import csv
from fractions import Fraction

from commands import T0_MS

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


def one_a_second(file, product):
    """Arrival and stars of a product's ratings in a file of which a row comes each second."""
    with file.open() as rows:
        return [
            (T0_MS + 1000 * at, int(float(row[2])))
            for at, row in enumerate(csv.reader(rows))
            if row[1] == product
        ]


def windows(ratings, size, slide, until):
    """Mean and count of each window with a rating that ends by then, by its end."""
    found = {}
    for end in range(T0_MS + slide, until + 1, slide):
        inside = [stars for at, stars in ratings if end - size <= at < end]
        if inside:
            found[end] = (two(Fraction(sum(inside), len(inside))), f"{len(inside):,}")
    return found
