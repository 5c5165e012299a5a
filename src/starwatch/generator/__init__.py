"""Made-up shops: ratings that look like real ones, deterministic by seed, in constant memory.

`Shop` is the way in: its `catalogue()` names the products, its `chunks()` and `live()` give the
ratings as columns in order of arrival. `starwatch.generator.files` writes them.
"""

from starwatch.generator.chunk import Chunk
from starwatch.generator.options import ShopOptions
from starwatch.generator.shop import Shop, Step

__all__ = ["Chunk", "Shop", "ShopOptions", "Step"]
