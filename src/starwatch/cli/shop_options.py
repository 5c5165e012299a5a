"""What `starwatch demo` shows: the rules of its job, and what its shop is like."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starwatch.errors import BadSetting, OtherState
from starwatch.generator.options import ShopOptions
from starwatch.ratings.durations import duration_label, duration_ms
from starwatch.settings.job import build_job, given_settings
from starwatch.windows.job import Job, WindowTime

_DEFAULTS = {"products": 200, "rate": 20.0, "seed": 1, "past_ms": 3_600_000}
_INCIDENT_EVERY_MS = 90_000
_DISORDER_MS = 2000
_DUPLICATES, _MALFORMED, _STRAGGLERS = 0.01, 0.005, 0.002


def demo_job(given: Mapping[str, Any]) -> Job:
    """The rules: live windows by event time whose bound the shop's disorder keeps within."""
    flags = {name: given[name] for name in ("window", "time", "bound", "lateness", "duplicates")}
    settings = {"time": "event", "duplicates": "ids"} | given_settings(flags, given["config"])
    if settings["time"] == "event":
        settings.setdefault("bound", duration_label(_DISORDER_MS))
    return build_job(settings, replay=False)


@dataclass(frozen=True, slots=True)
class DemoShop:
    """A shop that is to open, or is known to a state.

    Attributes:
        asked: What was asked for, by name: products, rate, seed, past_ms.
        options: What a new one is like; it opens at `start_ms` 0, which is not yet its moment.
        aligned_ms: Its opening is at a multiple of that.
    """

    asked: Mapping[str, Any]
    options: ShopOptions
    aligned_ms: int

    def opening(self, now_ms: int) -> dict[str, Any]:
        """A new shop as plain values, to be kept with a state."""
        facts = {**_DEFAULTS, **self.asked}
        opened = now_ms // self.aligned_ms * self.aligned_ms - facts["past_ms"]
        return {**facts, "opened_ms": opened}

    def known(self, facts: Mapping[str, Any], directory: Path) -> dict[str, Any]:
        """The shop that a state keeps.

        Raises:
            OtherState: another one was asked for.
        """
        for name, value in self.asked.items():
            if facts[name] != value:
                shown = [_shown(name, each) for each in (facts[name], value)]
                raise OtherState(
                    f"the shop in {directory} was opened with --{name.removesuffix('_ms')}"
                    f" {shown[0]}, not {shown[1]}",
                    hint="Leave the option out, name another --state, or begin anew with --again",
                )
        return dict(facts)

    def opened(self, facts: Mapping[str, Any]) -> ShopOptions:
        """What the shop of these plain values is like."""
        return replace(
            self.options,
            products=facts["products"],
            rate=facts["rate"],
            seed=facts["seed"],
            start_ms=facts["opened_ms"],
        )


def demo_shop(job: Job, given: Mapping[str, Any]) -> DemoShop:
    """What was asked for.

    Raises:
        BadSetting: such a shop cannot be.
    """
    past = duration_ms(given["past"]) if given["past"] is not None else None
    values = {**{name: given[name] for name in ("products", "rate", "seed")}, "past_ms": past}
    asked = {name: value for name, value in values.items() if value is not None}
    if job.time is WindowTime.ARRIVAL:
        if past:
            raise BadSetting(
                "windows by arrival have no past: all of it arrives now",
                hint="Leave out --past, or --time arrival",
            )
        asked["past_ms"] = 0
    chosen = {**_DEFAULTS, **asked}
    options = ShopOptions(
        products=chosen["products"],
        rate=chosen["rate"],
        seed=chosen["seed"],
        start_ms=0,
        scale=job.scale,
        disorder_ms=_DISORDER_MS,
        duplicates=_DUPLICATES,
        malformed=_MALFORMED,
        stragglers=_STRAGGLERS,
        incident_every_ms=_INCIDENT_EVERY_MS,
    )
    return DemoShop(asked, options, job.largest_slide_ms)


def _shown(name: str, value: float) -> str:
    return duration_label(int(value)) if name.endswith("_ms") and value else f"{value:g}"
