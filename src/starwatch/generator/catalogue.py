"""What a made-up shop sells."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starwatch.generator.ids import product_ids
from starwatch.generator.streams import Concern, stream
from starwatch.generator.words import WORDS, Words
from starwatch.ratings.catalogue import Catalogue

_STEP = 1_000_003  # a prime longer than any word list: neighbours in a category are far apart


def make_catalogue(seed: int, products: int) -> Catalogue:
    """The catalogue of a seed, the most popular first; a larger one begins with the smaller one.

    Ids have ten characters each; no two are the same, nor two names.

    Args:
        seed: The shop's seed.
        products: How many, at most 10 million.
    """
    random = stream(seed, Concern.CATALOGUE)
    offsets = random.integers(0, 1 << 30, size=len(WORDS))
    category = (random.random(products) * len(WORDS)).astype(np.int32)
    is_book = np.array([words.is_book for words in WORDS])[category]
    labels = pa.array([words.category for words in WORDS])
    return Catalogue(
        ids=product_ids(seed, is_book),
        names=_names(category, offsets),
        categories=labels.take(pa.array(category)),
    )


def _names(category: NDArray[np.int32], offsets: NDArray[np.int64]) -> pa.Array:
    order = np.argsort(category, kind="stable")
    sizes = np.bincount(category, minlength=len(WORDS)).tolist()
    parts = [
        _category_names(words, size, int(offset))
        for words, size, offset in zip(WORDS, sizes, offsets, strict=True)
    ]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return pa.concat_arrays(parts).take(pa.array(place))


def _category_names(words: Words, count: int, offset: int) -> pa.Array:
    """The first `count` names of a category: all combinations, then all again with a number."""
    serial = np.arange(count, dtype=np.int64)
    mixed = (serial * _STEP + offset) % words.combinations
    mixed, last = np.divmod(mixed, len(words.last))
    first, middle = np.divmod(mixed, len(words.middle))
    names = pc.binary_join_element_wise(
        pa.array(words.first).take(pa.array(first)),
        pa.array(words.middle).take(pa.array(middle)),
        pa.array(words.last).take(pa.array(last)),
        " ",
    )
    edition = serial // words.combinations + 1
    numbered = pc.binary_join_element_wise(names, pc.cast(pa.array(edition), pa.string()), " No. ")
    return pc.if_else(pa.array(edition > 1), numbered, names)
