"""The SQL of exact means: rounded once, half to even, on the fraction of two whole numbers."""
# ruff: noqa: S608 - what is put into the texts are names of columns and whole numbers

from starwatch.recompute.rules import Stars

DIGITS = 6
"""Decimals of a mean in every file."""


def with_means(source: str, stars: Stars) -> str:
    """A query for the rows of a relation with two columns more.

    Args:
        source: Its name; it has a column for each step of the scale.
        stars: The scale.

    Returns:
        SQL with `count`, how many ratings a row holds, and `scaled_mean`, their mean in millionths.
    """
    units = " + ".join(
        f"{name} * {numerator}"
        for name, numerator in zip(stars.columns, stars.numerators, strict=True)
    )
    return f"""
SELECT * EXCLUDE (total, parts, floor, twice),
       (floor + (twice > parts OR (twice = parts AND floor % 2 <> 0))::BIGINT) AS scaled_mean
FROM (
    SELECT *, total // parts - (total % parts < 0)::BIGINT AS floor,
           2 * (total - floor * parts) AS twice
    FROM (
        SELECT *, {" + ".join(stars.columns)} AS count, ({units}) * {10**DIGITS} AS total,
               count * {stars.denominator} AS parts
        FROM {source}
    )
)"""


def mean_decimal(scaled: str) -> str:
    """A mean in millionths as a decimal number: -0.500000."""
    return f"({scaled})::DECIMAL(18, 0) * {10**-DIGITS:.{DIGITS}f}::DECIMAL(18, {DIGITS})"
