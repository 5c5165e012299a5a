"""Topics in memory, read as `starwatch.flink.messages` reads Kafka's."""

import json
from dataclasses import dataclass, field

from starwatch.flink.messages import TopicReader


@dataclass(frozen=True)
class Message:
    at: int
    body: bytes

    def value(self):
        return self.body

    def offset(self):
        return self.at


@dataclass
class Topics:
    """Messages by topic and partition; `places` are what the group says, one answer a question."""

    places: list[dict] = field(default_factory=list)
    low: dict = field(default_factory=dict)
    logs: dict = field(default_factory=dict)

    count = TopicReader.count

    def put(self, where, *bodies, empty=0):
        """Add messages, and behind them so many offsets that hold none."""
        log = self.logs.setdefault(where, [])
        log += [Message(len(log) + number, body) for number, body in enumerate(bodies)]
        log += [None] * empty

    def bounds(self, where):
        return self.low.get(where, 0), len(self.logs.get(where, []))

    def told(self, wheres):
        said = self.places.pop(0) if len(self.places) > 1 else self.places[0]
        return {where: said.get(where) for where in wheres}

    def read(self, spans, take):
        for where, (low, high) in spans.items():
            assert low >= self.low.get(where, 0)
            take(where, [each for each in self.logs.get(where, [])[low:high] if each])


def row(kind, **said):
    return json.dumps({"kind": kind, **said}).encode()


def single(kind, offset, *, topic="r", partition=0, **said):
    """A row about one message."""
    said = (
        {"reason": "unreadable"} if kind == "rejected" else {"product": "p", "event_ms": 5} | said
    )
    return row(kind, topic=topic, partition=partition, offset=offset, **said)


def pane(*stars, product="p", end_ms=5000):
    return row("pane", product=product, end_ms=end_ms, stars=stars)
