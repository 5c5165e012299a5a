"""The timeline of a script: what happens, line by line, on a clock of its own."""

from collections.abc import Callable

from starwatch.ratings.rejects import Reason
from starwatch.scenarios.steps import (
    CaughtUp,
    Connected,
    End,
    Event,
    Join,
    Leave,
    Rate,
    Reject,
    Restart,
    Setting,
    Tick,
)
from starwatch.scenarios.words import Line, looks_like_stars, read_duration, read_star, read_time

_RATE_HINT = "A rating reads: rate PRODUCT STARS by REVIEWER stamped 0:02 id r17 on PARTITION"
_OPTIONS = ("by", "stamped", "id", "on")


class Timeline:
    """Reads events, and keeps what the next line builds on: the clock and the partitions."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._now = setting.day_ms
        self._ended = False
        self._numbers = {name: number for number, (name, _) in enumerate(setting.partitions)}
        self._here = dict.fromkeys(self._numbers, True)
        self._slots = dict.fromkeys(self._numbers.values(), 0)

    def read(self, line: Line) -> list[Event]:
        """The events of one line.

        Raises:
            BadScript: the line cannot be read.
        """
        words, moved = self._when(line, line.words)
        if not words:
            raise line.bad("nothing happens at this time", "Where only the clock goes on: tick")
        verbs = self._verbs()
        verb, rest = words[0], words[1:]
        if verb not in verbs:
            raise line.unknown("the word", verb, [*verbs, "expect", "books"])
        if self._ended:
            raise line.bad("nothing can happen after the end")
        if verb == "tick" and not moved:
            raise line.bad("a tick needs a time", "Write: +1s tick, or: at 0:10 tick")
        return verbs[verb](line, rest)

    def _verbs(self) -> dict[str, Callable[[Line, list[str]], list[Event]]]:
        return {
            "rate": self._rate,
            "reject": self._reject,
            "tick": self._tick,
            "caught-up": lambda line, words: self._caught_up(line, words, value=True),
            "behind": lambda line, words: self._caught_up(line, words, value=False),
            "disconnect": lambda line, words: self._connected(line, words, value=False),
            "connect": lambda line, words: self._connected(line, words, value=True),
            "join": self._join,
            "leave": self._leave,
            "restart": self._restart,
            "end": self._end,
        }

    def _when(self, line: Line, words: list[str]) -> tuple[list[str], bool]:
        """Take `at 0:03` or `+1s` off the words, and move the clock there."""
        if words[0] == "at":
            if len(words) == 1:
                raise line.bad("a time is missing", "Write: at 0:03 rate A ★★★★★")
            when, words = read_time(line, words[1], self.setting.day_ms), words[2:]
        elif words[0].startswith("+"):
            when, words = self._now + read_duration(line, words[0][1:]), words[1:]
        else:
            return words, False
        if when < self._now:
            raise line.bad("time goes back here", "Arrivals never do; an event time is: stamped")
        self._now = when
        return words, True

    def _rate(self, line: Line, words: list[str]) -> list[Event]:
        if len(words) < 2 or not looks_like_stars(words[1]):  # noqa: PLR2004
            raise line.bad("this rating cannot be read", _RATE_HINT)
        product, words = words[0], words[1:]
        stars = []
        while words and looks_like_stars(words[0]):
            stars.append(read_star(line, words.pop(0), self.setting.job.scale))
        options = self._options(line, words)
        if "id" in options and len(stars) > 1:
            raise line.bad("several ratings cannot share one id", "Give each its own line")
        partition = self._partition(line, options.get("on"))
        return [
            Rate(
                line=line.number,
                at_ms=self._now,
                partition=partition,
                position=self._slot(partition),
                product=product,
                star=star,
                reviewer=options.get("by", ""),
                event_ms=self._stamp(line, options.get("stamped")),
                rating_id=options.get("id", ""),
            )
            for star in stars
        ]

    def _options(self, line: Line, words: list[str]) -> dict[str, str]:
        """Read `by ann stamped 2s ago id r17 on tills` as pairs."""
        options: dict[str, str] = {}
        while words:
            name = words.pop(0)
            if name not in _OPTIONS:
                raise line.unknown("the word", name, _OPTIONS)
            if name in options or not words:
                raise line.bad(f"{name!r} is given twice or has no value", _RATE_HINT)
            options[name] = words.pop(0)
            if name == "stamped" and words[:1] in (["ago"], ["ahead"]):
                options[name] += " " + words.pop(0)
        return options

    def _stamp(self, line: Line, text: str | None) -> int | None:
        """An event time: `0:02`, `2s ago`, `2s ahead` or `now`."""
        if text is None:
            return None
        amount, _, way = text.partition(" ")
        if way:
            distance = read_duration(line, amount)
            return self._now + (distance if way == "ahead" else -distance)
        return self._now if text == "now" else read_time(line, text, self.setting.day_ms)

    def _reject(self, line: Line, words: list[str]) -> list[Event]:
        reason = Reason.UNREADABLE
        if words and words[0] != "on":
            if words[0] not in list(Reason):
                raise line.unknown("the reason", words[0], [r.value for r in Reason])
            reason = Reason(words.pop(0))
        options = self._options(line, words)
        partition = self._partition(line, options.pop("on", None))
        if options:
            raise line.bad("a reject has a reason and a partition and nothing else")
        return [Reject(line.number, self._now, partition, self._slot(partition), reason)]

    def _tick(self, line: Line, words: list[str]) -> list[Event]:
        self._no_more(line, words)
        return [Tick(line.number, self._now)]

    def _caught_up(self, line: Line, words: list[str], *, value: bool) -> list[Event]:
        return [CaughtUp(line.number, self._now, self._only(line, words), value)]

    def _connected(self, line: Line, words: list[str], *, value: bool) -> list[Event]:
        return [Connected(line.number, self._now, self._only(line, words), value)]

    def _join(self, line: Line, words: list[str]) -> list[Event]:
        if not words or words[1:] not in ([], ["caught-up"]):
            raise line.bad(
                "this join cannot be read", "Write: join kiosk, or: join kiosk caught-up"
            )
        name = words[0]
        if name in self._numbers:
            raise line.bad(
                f"the partition {name!r} has joined before", "Give the new one a new name"
            )
        number = self._numbers[name] = len(self._numbers)
        self._here[name], self._slots[number] = True, 0
        return [Join(line.number, self._now, number, bool(words[1:]))]

    def _leave(self, line: Line, words: list[str]) -> list[Event]:
        number = self._only(line, words)
        self._here = {n: here and self._numbers[n] != number for n, here in self._here.items()}
        return [Leave(line.number, self._now, number)]

    def _restart(self, line: Line, words: list[str]) -> list[Event]:
        self._no_more(line, words)
        return [Restart(line.number)]

    def _end(self, line: Line, words: list[str]) -> list[Event]:
        self._no_more(line, words)
        self._ended = True
        return [End(line.number)]

    def _only(self, line: Line, words: list[str]) -> int:
        """The one partition that a line names, or the only one there is."""
        self._no_more(line, words[1:])
        return self._partition(line, words[0] if words else None)

    def _no_more(self, line: Line, words: list[str]) -> None:
        if words:
            raise line.bad(f"{' '.join(words)!r} has no meaning here")

    def _partition(self, line: Line, name: str | None) -> int:
        here = [n for n, is_here in self._here.items() if is_here]
        if name is None:
            if len(here) == 1:
                return self._numbers[here[0]]
            raise line.bad(
                f"there are {len(here)} partitions", "Name the one that is meant: on PARTITION"
            )
        if name not in here:
            raise line.unknown("the partition", name, here)
        return self._numbers[name]

    def _slot(self, partition: int) -> int:
        """The next position of a partition."""
        self._slots[partition] += 1
        return self._slots[partition] - 1
