"""Windows and panes: star histograms by product, one count a step."""
# ruff: noqa: S608 - what is put into the texts is quoted by starwatch.flink.text

from starwatch.flink.admission import COUNTED
from starwatch.flink.plan import Plan
from starwatch.flink.sinks import PANES, WINDOWS
from starwatch.flink.text import epoch_ms, interval, literal
from starwatch.windows.spec import WindowSpec

_BOUNDS = f"{epoch_ms('`window_start`')}, {epoch_ms('`window_end`')}"
IN_PANES = "in_panes"


def panes_view() -> str:
    """What stands in panes: a rating whose pane has closed is not among it."""
    return (
        "-- What stands in panes.\n"
        f"CREATE TEMPORARY VIEW `{IN_PANES}` AS\n"
        f"SELECT `t`, `product`, `step` FROM `{COUNTED}` WHERE NOT `pane_gone`"
    )


def window_inserts(plan: Plan) -> list[str]:
    """What counts ratings into the windows of each spec, and into panes.

    All specs are one insert: each insert has a transaction of its own, and a topic one prefix.
    """
    specs = "\nUNION ALL\n".join(
        _counts(plan, COUNTED, spec, literal(spec.label) + ", ") for spec in plan.job.windows
    )
    pane = WindowSpec(plan.pane_ms, plan.pane_ms)
    return [
        f"INSERT INTO `{WINDOWS}`\n{specs}",
        f"INSERT INTO `{PANES}`\n{_counts(plan, IN_PANES, pane, '')}",
    ]


def _counts(plan: Plan, source: str, spec: WindowSpec, first: str) -> str:
    counts = ",\n    ".join(
        f"COUNT(*) FILTER (WHERE `step` = {step})" for step in range(plan.job.scale.steps)
    )
    return f"""SELECT {first}`product`, {_BOUNDS}, ARRAY[
    {counts}]
FROM TABLE({_function(source, spec)})
GROUP BY `product`, `window_start`, `window_end`"""


def _function(source: str, spec: WindowSpec) -> str:
    sizes = [spec.size_ms] if spec.panes == 1 else [spec.slide_ms, spec.size_ms]
    spans = [interval(size) for size in sizes]
    if spec.offset_ms:
        spans.append(interval(spec.offset_ms))
    kind = "TUMBLE" if spec.panes == 1 else "HOP"
    return f"{kind}(TABLE `{source}`, DESCRIPTOR(`t`), {', '.join(spans)})"
