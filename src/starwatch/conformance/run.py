"""A run over many streams: embedded, recomputed and, if asked, on Flink."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starwatch.conformance.clock import probed
from starwatch.conformance.comparing import EMBEDDED, EXAMPLES, compared, explained, unbalanced
from starwatch.conformance.embedded import Played, play
from starwatch.conformance.findings import Findings
from starwatch.conformance.promised import not_on_flink, race
from starwatch.conformance.recomputed import recompute
from starwatch.conformance.recounted import recount
from starwatch.conformance.scripted import Told
from starwatch.conformance.stream import Stream
from starwatch.conformance.together import Together, together
from starwatch.recompute.rules import Rules
from starwatch.scenarios.steps import Script
from starwatch.windows.job import Job

if TYPE_CHECKING:
    from starwatch.conformance.on_flink import OnFlink  # needs the extra `kafka`

RECOMPUTE, FLINK = "recompute", "flink"
ENGINES = (EMBEDDED, RECOMPUTE, FLINK)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one stream came out.

    Attributes:
        stream: The stream.
        differences: What differs, in lines; nothing where the engines are equal.
        note: What is to be said of Flink; empty where it is equal like the others.
    """

    stream: Stream
    differences: Sequence[str]
    note: str = ""


class Conformance:
    """Runs streams on engines and compares.

    Args:
        database: A DuckDB connection, for the recomputation.
        rules_of: The rules of a job as the recomputation takes them.
        recomputes: Whether the recomputation is one of the engines.
        flink: Where the jobs run; None: not at all.
    """

    def __init__(
        self,
        database: Any,
        rules_of: Callable[[Job], Rules],
        *,
        recomputes: bool = True,
        flink: "OnFlink | None" = None,
    ) -> None:
        self._database = database
        self._rules_of = rules_of
        self._recomputes = recomputes
        self._flink = flink

    def run(self, scripts: Sequence[Script], streams: Sequence[Stream]) -> Iterator[Outcome]:
        """Run all of them; the outcomes in their order, scripts first.

        Raises:
            ClusterFailed: Flink does not answer, or a job failed.
            RunError: Kafka does not answer or refuses.
            BadScript: a script cannot be told as messages.
        """
        told = [(script, play(Told().stream(script))) for script in map(probed, scripts)]
        made = [play(stream) for stream in streams]
        on_flink = self._on_flink(told, made)
        for played in [*(played for _, played in told), *made]:
            yield self._outcome(played, on_flink.get(id(played)))

    def _on_flink(
        self, told: Sequence[tuple[Script, Played]], made: Sequence[Played]
    ) -> dict[int, Findings]:
        """What Flink found of each stream that it is promised for, by the identity of the play."""
        if self._flink is None:
            return {}
        groups = together([(script, played) for script, played in told if not not_on_flink(played)])
        groups += [Together.alone(each) for each in made if not not_on_flink(each) or race(each)]
        written = self._flink.run([group.stream for group in groups]) if groups else []
        return {
            id(part.played): part.of(each.findings, each.counted)
            for group, each in zip(groups, written, strict=True)
            for part in group.parts
        }

    def _outcome(self, played: Played, flink: Findings | None) -> Outcome:
        others: dict[str, Findings] = {}
        rules = self._rules_of(played.stream.job)
        if self._recomputes:
            others[RECOMPUTE] = recompute(played, rules, self._database)
        if flink is not None and not race(played):
            others[FLINK] = flink
        lines = compared(played, others)
        for name, findings in others.items():
            lines += unbalanced(played, name, findings)
        if self._flink is None:
            return Outcome(played.stream, lines)
        why = not_on_flink(played)
        if flink is None:
            return Outcome(played.stream, lines, f"not on Flink: {why}")
        if race(played):
            lines += self._recounted(played, flink, rules)
            return Outcome(played.stream, lines, f"on Flink, windows of what it counted: {why}")
        return Outcome(played.stream, lines)

    def _recounted(self, played: Played, flink: Findings, rules: Rules) -> list[str]:
        """What is wrong with windows of which Flink alone can say which ratings were late."""
        lines = unbalanced(played, FLINK, flink)
        counted = recount(played, flink, rules, self._database)
        wrong = counted.differing(flink)
        if wrong:
            lines.append(f"{FLINK}: {len(wrong):,} windows are not those of what it counted")
        sides = {"counted": counted.most, FLINK: flink.windows}
        for window in wrong[:EXAMPLES]:
            lines += explained(played, {FLINK: flink}, window, sides)
        return lines
