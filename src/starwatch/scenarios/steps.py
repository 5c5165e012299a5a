"""A script as values: what happens, when, and what must come of it."""

from dataclasses import dataclass

from starwatch.admission.ledger import Books, Class
from starwatch.ratings.rejects import Reason
from starwatch.windows.job import Job


@dataclass(frozen=True, slots=True)
class Rate:
    """A rating comes through the door."""

    line: int
    at_ms: int
    partition: int
    position: int
    product: str
    star: int
    reviewer: str = ""
    event_ms: int | None = None
    rating_id: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """Something comes that is no rating."""

    line: int
    at_ms: int
    partition: int
    position: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing comes, but the clock goes on."""

    line: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Join:
    """A partition appears."""

    line: int
    at_ms: int
    partition: int
    caught_up: bool


@dataclass(frozen=True, slots=True)
class Leave:
    """A partition goes for good."""

    line: int
    at_ms: int
    partition: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A partition has read all there is, or has fallen behind."""

    line: int
    at_ms: int
    partition: int
    value: bool


@dataclass(frozen=True, slots=True)
class Connected:
    """A partition's source is there again, or is lost."""

    line: int
    at_ms: int
    partition: int
    value: bool


@dataclass(frozen=True, slots=True)
class Restart:
    """The process dies, and another one goes on from its snapshot."""

    line: int


@dataclass(frozen=True, slots=True)
class End:
    """The input has ended: the watermark goes to infinity."""

    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """One window of one product, as emitted.

    Attributes:
        spec: Which of the job's windows.
        product: The product id.
        end_ms: The window's end.
        stars: How often each step of the scale was given, from the lowest up.
        revision: 0, or which correction this is.
    """

    spec: int
    product: str
    end_ms: int
    stars: tuple[int, ...]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class ExpectRows:
    """Exactly these rows were emitted since rows were last expected."""

    line: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ExpectClass:
    """The last rating ended in this class."""

    line: int
    kind: Class


@dataclass(frozen=True, slots=True)
class ExpectWatermark:
    """The watermark stands here; None: it has not moved yet."""

    line: int
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class ExpectProvisional:
    """The newest open window of a spec holds these rows so far."""

    line: int
    spec: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ExpectBooks:
    """Both books read like this."""

    line: int
    books: Books


Event = Rate | Reject | Tick | Join | Leave | CaughtUp | Connected | Restart | End
Expectation = ExpectRows | ExpectClass | ExpectWatermark | ExpectProvisional | ExpectBooks
Step = Event | Expectation


@dataclass(frozen=True, slots=True)
class Setting:
    """The header of a script: the job and where it plays.

    Attributes:
        job: The rules.
        day_ms: The moment that the script calls 0:00.
        partitions: Names of the partitions that are there from the start, and whether each is
            caught up.
    """

    job: Job
    day_ms: int
    partitions: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Script:
    """One scenario.

    Attributes:
        path: Where it was read from.
        title: The first line of its opening comment.
        lesson: The rest of that comment.
        setting: The header.
        steps: What happens and what must come of it, in order.
    """

    path: str
    title: str
    lesson: str
    setting: Setting
    steps: tuple[Step, ...]
