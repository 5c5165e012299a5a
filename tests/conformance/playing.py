"""Scripts and plays for the tests of conformance."""

from collections import Counter

from starwatch.conformance.embedded import play
from starwatch.conformance.findings import COUNTED, Findings
from starwatch.conformance.on_flink import Written
from starwatch.conformance.scripted import Told
from starwatch.scenarios.script import SHIPPED, parse_script, read_script


def shipped(name):
    """A scenario that comes with Starwatch, and its play."""
    script = read_script(SHIPPED / f"{name}.ratings")
    return script, play(Told().stream(script))


def told(text, rules="windows 10s\n  bound 0s"):
    """The same of a script written out, without its head."""
    script = parse_script(f"# A test\njob\n  {rules}\n{text}\n", "test.ratings")
    return script, play(Told().stream(script))


class EmbeddedFlink:
    """Stands in for a cluster of Flink: the embedded engine counts, `spoil` makes it wrong."""

    def __init__(self, spoil=lambda findings: findings):
        self.streams = []
        self._spoil = spoil

    def run(self, streams):
        self.streams += streams
        return [self._written(stream) for stream in streams]

    def _written(self, stream):
        played, counted = play(stream), Counter()
        for batch in played.batches:
            places = zip(batch.partition.tolist(), batch.position.tolist(), strict=True)
            for place, product in zip(places, batch.product.to_pylist(), strict=True):
                counted[product] += played.findings.kind(place) == COUNTED
        return Written(self._spoil(played.findings), counted)


def without_window(findings, number=0):
    """The same findings, one window short."""
    keys = sorted(findings.windows, key=lambda key: key[2])
    left = {key: findings.windows[key] for key in keys if key != keys[number]}
    return Findings(left, findings.others, findings.counted, findings.behind)
