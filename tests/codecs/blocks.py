"""Decoding in pieces, and what came out as plain values."""

from starwatch.ratings.batch import NO_TIME


def in_pieces(decoder, data, size):
    blocks = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return [*blocks, decoder.finish()]


def plain(blocks):
    """Ratings as tuples of slot, product, reviewer, step, time and id; rejects; slots."""
    ratings, rejects = [], []
    for block in blocks:
        ids = [None] * len(block) if block.rating_id is None else block.rating_id.to_pylist()
        ratings += zip(
            block.position.tolist(),
            block.product.to_pylist(),
            block.reviewer.to_pylist(),
            block.stars.tolist(),
            [None if ms == NO_TIME else ms for ms in block.event_ms.tolist()],
            ids,
            strict=True,
        )
        rejects += [(r.position, r.reason.value, r.raw) for r in block.rejects]
    return ratings, rejects, sum(block.slots for block in blocks)
