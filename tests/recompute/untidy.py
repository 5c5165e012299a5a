"""A small file with everything in it: disorder, late ratings, repetitions, what is no rating."""

import random

from commands import csv_file

OPTIONS = (
    *("--speed", "60x", "--order", "file", "--window", "30s/5s", "--window", "1m+7s"),
    *("--bound", "5s", "--lateness", "12s", "--duplicates", "content"),
)


def untidy_file(path, *, rows=600, seed=3, pause=0):
    """A CSV file whose ratings are up to 40 s out of order; the same for the same seed.

    It begins with so many lines of pause.
    """
    draw = random.Random(seed)  # noqa: S311 - the same for the same seed
    lines = []
    for row in range(rows):
        if lines and draw.random() < 0.08:
            lines.append(draw.choice(lines[-40:]))
            continue
        seconds = 1_600_000_000 + row + draw.choice([0, 0, 0, -3, -8, -15, -40])
        product = draw.choice(["A", "B", "C", "0000143502", "é"])
        stars = draw.choice([1, 2, 3, 4, 5, 5, "6"])
        lines.append(f"u{draw.randrange(9)},{product},{stars},{seconds}")
    return csv_file(path, *["-"] * pause, *lines)
