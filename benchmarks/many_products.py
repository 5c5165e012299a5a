"""A state in which very many products were rated just now."""

import subprocess
import sys
from pathlib import Path

START = 1_767_225_600
SPREAD_SECONDS = 25


def made(folder: Path, products: int) -> Path:
    """A finished replay: each product has from one to three ratings in the newest window.

    Product `P000042` has `1 + 42 % 3` of them, with 1 to 5 stars by `stars`.
    """
    file = folder / "many.csv"
    with file.open("w") as rows:
        rows.write("reviewerID,productID,rating,timestamp\n")
        for number in range(products):
            second = START + number * SPREAD_SECONDS // products
            rows.writelines(
                f"A{each},P{number:06d},{value},{second}\n"
                for each, value in enumerate(stars(number))
            )
    state = folder / "many"
    command = [sys.executable, "-m", "starwatch", "replay", str(file), "--time", "event"]
    command += ["--as-fast-as-possible", "--quiet", "--state", str(state)]
    subprocess.run(command, check=True)
    return state


def stars(number: int) -> list[int]:
    """The ratings of a product by its number."""
    return [1 + (number * 7 + each * 3) % 5 for each in range(1 + number % 3)]
