"""A timeline behind what was committed: the same timeline, less its first inputs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from starwatch.ratings.batch import Batch
from starwatch.replay.events import Event, Joins


@dataclass(frozen=True, slots=True)
class Done:
    """How much of a timeline was played already.

    Attributes:
        ratings: So many ratings.
        rejects: So many rejects.
        others: So much else; every partition that joins is one.
    """

    ratings: int = 0
    rejects: int = 0
    others: int = 0


def resumed(events: Iterator[Event], done: Done) -> Iterator[Event]:
    """The events behind those that were played; a timeline is the same at every start.

    Ratings, rejects and other events keep their order among themselves however batches are cut, so
    each kind is skipped by its number.
    """
    ratings, rejects, others = done.ratings, done.rejects, done.others
    for event in events:
        if not isinstance(event, Batch):
            if others:
                others -= len(event.partitions) if isinstance(event, Joins) else 1
            else:
                yield event
            continue
        skip, refused = min(ratings, len(event)), min(rejects, len(event.rejects))
        ratings, rejects = ratings - skip, rejects - refused
        if skip < len(event) or refused < len(event.rejects):
            yield _behind(event, skip, refused)


def _behind(batch: Batch, ratings: int, rejects: int) -> Batch:
    if not (ratings or rejects):
        return batch
    arrivals = batch.reject_arrival_ms
    return replace(
        batch.slice(ratings, len(batch)),
        rejects=batch.rejects[rejects:],
        reject_arrival_ms=None if arrivals is None else arrivals[rejects:],
    )
