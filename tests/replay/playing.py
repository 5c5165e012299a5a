"""A replay from files to rows: on the model, happening by happening, and on the engine."""

from dataclasses import dataclass, field, replace

from model import Model, Rating
from model.values import INFINITY
from property.players import as_tuples
from replay.brute import Broke, Happening, Joined, Left, Options, Rated, happenings
from replay.readers import events_of
from starwatch.engine import Engine
from starwatch.errors import BrokenInput
from starwatch.service.outputs import Outputs
from starwatch.service.pacing import NoPacing
from starwatch.service.replaying import Keeping, Replay
from starwatch.windows.job import Job


@dataclass
class Played:
    """What a replay came to."""

    rows: list = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    rejects: list[tuple] = field(default_factory=list)
    late: list[tuple[int, int]] = field(default_factory=list)
    books: object = None
    broken: bool = False


class Never:
    """A stop that nobody asks for."""

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s")


class Rows:
    """A sink that keeps rows."""

    def __init__(self, kept: list, engine: Engine) -> None:
        self._kept, self._engine = kept, engine

    def write(self, rows) -> None:
        self._kept += as_tuples(rows, self._engine)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class Watched(Engine):
    """An engine that notes the class of every rating."""

    noted: list[int]

    def ingest(self, batch, /):
        outcome = super().ingest(batch)
        self.noted += outcome.classes.tolist()
        return outcome


def on_engine(job: Job, files, sizes, how: Options, batch_rows: int) -> Played:
    played = Played()
    engine = Watched(replace(job, merged=how.speed is not None))
    engine.noted = played.classes

    def keep_late(batch) -> None:
        played.late += zip(batch.partition.tolist(), batch.position.tolist(), strict=True)

    replay = Replay(
        engine,
        Outputs([Rows(played.rows, engine)]),
        pacing=NoPacing(how.start, Never()),
        stop=Never(),
        keeping=Keeping(
            lambda some: played.rejects.extend((f, r.position, r.reason) for f, r in some),
            keep_late,
        ),
        batch_rows=max(batch_rows // 2, 1),
    )
    try:
        assert replay.run(events_of(files, sizes, how, batch_rows))
    except BrokenInput:
        played.broken = True
    played.books = engine.books()
    return played


def on_model(job: Job, files, how: Options) -> Played:
    played, model = Played(), Model(job)
    now = how.start
    for what in happenings(files, how):
        now = getattr(what, "arrival", None) or now
        if isinstance(what, Broke):
            played.broken = True
        else:
            tell(model, what, now, played, one=how.speed is not None)
    if not played.broken:
        played.rows += model.finish()
        assert model.watermark_ms == INFINITY
    played.books = model.books()
    return played


def tell(model: Model, what: Happening, now: int, played: Played, *, one: bool) -> None:
    if isinstance(what, Joined):
        for partition in what.files:
            model.join(partition)
    elif isinstance(what, Left):
        played.rows += model.leave(what.file, what.at)
    elif isinstance(what, Rated):
        rate = what.rate
        rating = Rating(
            what.arrival,
            0 if one else what.file,
            what.row,
            rate.product,
            rate.reviewer,
            rate.star,
            rate.event,
            rate.rating_id,
        )
        kind, rows = model.rate(rating)
        played.rows += rows
        played.classes.append(int(kind))
        if kind.name == "LATE":
            played.late.append((what.file, what.row))
    else:
        played.rows += model.reject(0 if one else what.file, now, what.reason)
        played.rejects.append((what.file, what.row, what.reason))
