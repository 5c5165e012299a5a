"""What becomes of reviewer ids before anything is kept of them."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from starwatch.errors import BadState
from starwatch.journal.store import Journal
from starwatch.ratings.batch import Decoded

KEY_FILE = "reviewers.key"
"""Lies in the state, readable by its owner alone; without it no hash leads back to an id."""

_FACT = "reviewers"
_KEY_BYTES = 32
_HASH_BYTES = 16
"""128 bits: among a billion reviewers two have the same with a chance of 1 in 10^21."""

Prepare = Callable[[Decoded], Decoded]


def as_they_are(ratings: Decoded) -> Decoded:
    """Everything is kept."""
    return ratings


def prepared(reviewers: str, directory: Path) -> Prepare:
    """What every delivery goes through before it is queued.

    Args:
        reviewers: `keep`, `hash` or `drop`. With the last two, nothing is kept of what a reject
            looked like either, for a reviewer may stand in it.
        directory: The state, which keeps the key of the hashes.

    Raises:
        BadState: the key is not whole.
    """
    if reviewers == "keep":
        return as_they_are
    if reviewers == "drop":
        return lambda ratings: _without(ratings, pa.array([""] * len(ratings), pa.string()))
    key = _key(directory / KEY_FILE)
    return lambda ratings: _without(ratings, _hashed(ratings.reviewer, key))


def remember_reviewers(journal: Journal, reviewers: str) -> None:
    """Let a state remember what becomes of reviewer ids, for what is brought in beside the run."""
    journal.note({_FACT: reviewers})


def prepared_as_remembered(journal: Journal, directory: Path) -> Prepare:
    """What ratings go through that come into a state beside its run.

    Raises:
        BadState: the key is not whole.
    """
    return prepared(journal.fact(_FACT) or "keep", directory)


def kept_forms(directory: Path, reviewers: Sequence[str]) -> list[str]:
    """How a state may hold reviewers: as they came; hashed too, if it ever hashed any.

    Args:
        directory: The state.
        reviewers: Their ids as they came.

    Raises:
        BadState: the key is not whole.
    """
    path = directory / KEY_FILE
    if not path.is_file():
        return list(reviewers)
    return [*reviewers, *_hashed(pa.array(reviewers, pa.string()), _key(path)).to_pylist()]


def _without(ratings: Decoded, reviewer: pa.Array) -> Decoded:
    rejects = tuple(replace(reject, raw=b"") for reject in ratings.rejects)
    return replace(ratings, reviewer=reviewer, rejects=rejects)


def _hashed(reviewers: pa.Array, key: bytes) -> pa.Array:
    """A keyed BLAKE2b (RFC 7693) of each id, as hexadecimal; no id stays no id."""
    distinct = reviewers.dictionary_encode()
    hashes = [
        hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES, key=key).hexdigest() if text else ""
        for text in distinct.dictionary.to_pylist()
    ]
    return pa.array(hashes, pa.string()).take(distinct.indices)


def _key(path: Path) -> bytes:
    """The key of a state, made with the first use."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise BadState(
                f"{path} is not whole", hint="Restore it from a backup; other hashes would differ"
            ) from None
        return key
    with os.fdopen(file, "wb") as new:
        key = os.urandom(_KEY_BYTES)
        new.write(key)
        new.flush()
        os.fsync(new.fileno())
    return key
