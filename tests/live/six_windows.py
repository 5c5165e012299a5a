"""The first six windows of 2021, which were calculated by hand, and what the page has of them."""

import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from urllib.request import urlopen

SIZE_MS, SLIDE_MS = 30_000, 5_000


def page(port, path):
    """JSON of the page's service."""
    with urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=60) as answer:
        return json.load(answer)


def on_page(port, products, ends):
    """What the page draws of these windows: means by product, by their ends."""
    span = f"from_ms={ends[0]}&to_ms={ends[-1]}"
    found = {end: {} for end in ends}
    for product in products:
        drawn = page(port, f"series?id={product}&{span}")["points"]
        points = zip(drawn["end_ms"], zip(*drawn["stars"], strict=True), strict=True)
        for end, stars in points:
            if sum(stars) and end in found:
                total = sum(star * count for star, count in enumerate(stars, 1))
                found[end][product] = Fraction(total, sum(stars))
    return found


def ends_of(rows):
    """The ends of the first six windows of ratings."""
    first = (rows[0][0] // SLIDE_MS + 1) * SLIDE_MS
    return range(first, first + SIZE_MS, SLIDE_MS)


def by_hand(rows, end_ms):
    """Means by product of one window, each row looked at alone."""
    stars = defaultdict(list)
    for at_ms, product, number in rows:
        if end_ms - SIZE_MS <= at_ms < end_ms:
            stars[product].append(number)
    return {product: Fraction(sum(each), len(each)) for product, each in stars.items()}


def to_cents(window):
    cent = Decimal("0.01")
    return {p: (Decimal(m.numerator) / m.denominator).quantize(cent) for p, m in window.items()}


def on_time(rows):
    """Whether five rows came in each slide, the first ones before the first end, as in 2021."""
    first = ends_of(rows)[0]
    return all(
        first + (number // 5 - 1) * SLIDE_MS <= at_ms < first + number // 5 * SLIDE_MS
        for number, (at_ms, _, _) in enumerate(rows)
    )


def table_of_2021(shared_data):
    """The means of the first six windows, calculated by hand, with two digits."""
    file = shared_data / "movies_and_tv_first_six_windows.json"
    windows = json.loads(file.read_text(), parse_float=Decimal)["windows"]
    cent = Decimal("0.01")
    return [{product: mean.quantize(cent) for product, mean in each.items()} for each in windows]
