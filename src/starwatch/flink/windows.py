"""Windows and panes: star histograms by product, one count a step."""
# ruff: noqa: S608 - what is put into the texts is quoted by starwatch.flink.text

from starwatch.flink.admission import COUNTED, RATINGS, TICK
from starwatch.flink.plan import Plan
from starwatch.flink.sinks import WINDOWS
from starwatch.flink.text import epoch_ms, interval, literal, view
from starwatch.windows.job import Quiet
from starwatch.windows.spec import WindowSpec

_START, _END = epoch_ms("`window_start`"), epoch_ms("`window_end`")
_BOUNDS = f"{_START}, {_END}"
IN_PANES, PANE_COUNTS, ENDS = "in_panes", "pane_counts", "ends"


def panes_views(plan: Plan) -> list[str]:
    """What stands in panes, and the panes: a rating whose pane has closed is not among it."""
    inside = f"SELECT `t`, `product`, `step` FROM `{COUNTED}` WHERE NOT `pane_gone`"
    pane = WindowSpec(plan.pane_ms, plan.pane_ms)
    counts = _counts(plan, IN_PANES, pane, "", named=True)
    return [
        view(IN_PANES, "What stands in panes.", inside),
        view(PANE_COUNTS, "The panes that have closed, each once.", counts),
        *([_ends()] if _ticks(plan) else []),
    ]


def _ends() -> str:
    ticks = f"SELECT `t` FROM `{RATINGS}` WHERE `reason` = {literal(TICK)} AND `t` IS NOT NULL"
    return view(
        ENDS,
        "What ends panes: ratings, and ticks in a quiet topic.",
        f"SELECT `t` FROM `{IN_PANES}`\nUNION ALL\n{ticks}",
    )


def _ticks(plan: Plan) -> bool:
    return plan.job.quiet is Quiet.ADVANCE


def closed_ends(plan: Plan) -> str:
    """The ends that the watermark has passed, of panes in which there is anything."""
    source = ENDS if _ticks(plan) else IN_PANES
    pane = WindowSpec(plan.pane_ms, plan.pane_ms)
    return (
        f"SELECT {epoch_ms('`window_end`')} AS `end_ms`\n"
        f"FROM TABLE({_function(source, pane)})\nGROUP BY `window_start`, `window_end`"
    )


def window_insert(plan: Plan) -> str:
    """What counts ratings into the windows of each spec.

    All specs are one insert: each insert has a transaction of its own, and a topic one prefix.
    """
    specs = "\nUNION ALL\n".join(
        _counts(plan, COUNTED, spec, literal(spec.label) + ", ") for spec in plan.job.windows
    )
    return f"INSERT INTO `{WINDOWS}`\n{specs}"


def _counts(plan: Plan, source: str, spec: WindowSpec, first: str, *, named: bool = False) -> str:
    counts = ",\n    ".join(
        f"COUNT(*) FILTER (WHERE `step` = {step})" for step in range(plan.job.scale.steps)
    )
    bounds, stars = (f"{_END} AS `end_ms`", " AS `stars`") if named else (_BOUNDS, "")
    return f"""SELECT {first}`product`, {bounds}, ARRAY[
    {counts}]{stars}
FROM TABLE({_function(source, spec)})
GROUP BY `product`, `window_start`, `window_end`"""


def _function(source: str, spec: WindowSpec) -> str:
    sizes = [spec.size_ms] if spec.panes == 1 else [spec.slide_ms, spec.size_ms]
    spans = [interval(size) for size in sizes]
    if spec.offset_ms:
        spans.append(interval(spec.offset_ms))
    kind = "TUMBLE" if spec.panes == 1 else "HOP"
    return f"{kind}(TABLE `{source}`, DESCRIPTOR(`t`), {', '.join(spans)})"
