"""What a Flink job needs to know, as plain values: the rules, the form of messages, the topics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starwatch.codecs.fields import NAMES
from starwatch.codecs.options import InputOptions
from starwatch.history.tiers import common_pane_ms
from starwatch.windows.job import Job

PREFIX = "starwatch-"
"""What the topics that the job writes begin with."""


@dataclass(frozen=True, slots=True)
class Names:
    """The topics that a job writes.

    Attributes:
        prefix: What each begins with.
    """

    prefix: str = PREFIX

    @property
    def windows(self) -> str:
        """Closed windows."""
        return f"{self.prefix}windows"

    @property
    def late(self) -> str:
        """Ratings that no window was open for."""
        return f"{self.prefix}late"

    @property
    def duplicates(self) -> str:
        """Ratings that had come before."""
        return f"{self.prefix}duplicates"

    @property
    def back(self) -> str:
        """All of that in one, for Starwatch."""
        return f"{self.prefix}back"

    @property
    def rejects(self) -> str:
        """Messages that are no rating."""
        return f"{self.prefix}rejects"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the text of a job depends on.

    Attributes:
        job: The rules.
        topics: Topics that ratings come from, all of one cluster.
        hosts: `host:port` of its brokers, with commas between several.
        input: How messages are to be read; `csv` as format means CSV, anything else JSON.
        group: The consumer group that is told how far the job is.
        security: How Kafka's Java client is let in.
        latest: Whether a partition that the group does not know is begun at its end.
        names: The topics that are written.
        idle_ms: A partition that gave Flink nothing for so long holds nobody up; 0: it does.
        parallelism: Of all operators; None leaves it to the cluster.
        checkpoint_ms: From one checkpoint to the next; what is written becomes visible with each.
        bounded: Whether the job ends at what the topics hold as it starts.
    """

    job: Job
    topics: Sequence[str]
    hosts: str
    input: InputOptions = field(default_factory=InputOptions)
    group: str = "starwatch"
    security: Mapping[str, str] = field(default_factory=dict, repr=False)
    latest: bool = False
    names: Names = Names()
    idle_ms: int = 30_000
    parallelism: int | None = None
    checkpoint_ms: int = 10_000
    bounded: bool = False

    @property
    def csv(self) -> bool:
        """Whether messages are CSV."""
        return self.input.format == "csv" or self.numbered

    @property
    def numbered(self) -> bool:
        """Whether columns are mapped by number."""
        return any(isinstance(place, int) for place in self.input.columns.values())

    @property
    def pane_ms(self) -> int:
        """The longest stretch of which all windows, and all that a history keeps, are put together.

        Windows of 7 s have panes of 1 s, for a history keeps minutes too.
        """
        return common_pane_ms(self.job.windows)

    def name_of(self, name: str) -> str:
        """The name under which JSON holds a field: the mapped one, or the first usual one."""
        return str(self.input.columns.get(name, NAMES[name][0]))
