"""Writes starwatch.json, a Grafana dashboard over /metrics, by Grafana's own Foundation SDK.

`python deploy/grafana/make_dashboard.py`; a test compares the file with what this makes.
"""

from pathlib import Path

from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    QueryVariable,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

FILE = Path(__file__).with_name("starwatch.json")

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_JOB = 'job=~"$job"'
_RATE = "$__rate_interval"
_PAGES_WIDTH = 24


def dashboard() -> str:
    """The dashboard as JSON."""
    made = (
        Dashboard("Starwatch")
        .uid("starwatch")
        .description("Product ratings: how many, how late, what became of them, who is behind.")
        .tags(["starwatch"])
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("browser")
        .readonly()
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(
            QueryVariable("job")
            .label("Job")
            .query("label_values(starwatch_build_info, job)")
            .datasource(_SOURCE)
            .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
            .multi(multi=True)
            .include_all(include_all=True)
        )
    )
    for panel in [*_stats(), *_charts()]:
        made = made.with_panel(panel)
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _stats() -> list[Stat]:
    return [
        _stat("Ready", f"min(starwatch_ready{{{_JOB}}})", good_from=1),
        _stat(
            "Books out by",
            f"sum(abs(starwatch_ledger_imbalance{{{_JOB}}}))",
            bad_from=1,
            about="Anything but 0 is a fault of Starwatch.",
        ),
        _stat("Sources up", f"sum(starwatch_source_up{{{_JOB}}})"),
        _stat("Products", f"sum(starwatch_products{{{_JOB}}})"),
        _stat("Window rows", f"sum(starwatch_window_rows_total{{{_JOB}}})"),
        _stat("Memory", f"sum(process_resident_memory_bytes{{{_JOB}}})", unit="bytes"),
    ]


def _charts() -> list[Timeseries]:
    return [
        _chart(
            "Ratings by class",
            {"{{class}}": f"sum by (class) (rate(starwatch_ratings_total{{{_JOB}}}[{_RATE}]))"},
            unit="reqps",
            about="Every rating that came is in one class.",
        ),
        _chart(
            "Rejected by reason",
            {"{{reason}}": f"sum by (reason) (rate(starwatch_rejects_total{{{_JOB}}}[{_RATE}]))"},
            unit="reqps",
        ),
        _chart(
            "Watermark behind the clock",
            {"{{job}}": f"starwatch_watermark_lag_seconds{{{_JOB}}}"},
            unit="s",
        ),
        _chart("From the queue to the commit", _quantiles("starwatch_latency_seconds"), unit="s"),
        _chart("How long commits take", _quantiles("starwatch_commit_seconds"), unit="s"),
        _chart(
            "Commits",
            {"{{job}}": f"rate(starwatch_commit_seconds_count{{{_JOB}}}[{_RATE}])"},
            unit="ops",
        ),
        _chart(
            "Ratings that wait for the engine",
            {"{{job}}": f"starwatch_queue_ratings{{{_JOB}}}"},
            about="At 262,144 sources wait.",
        ),
        _chart(
            "Rows that sinks lack",
            {"{{sink}}": f"sum by (sink) (starwatch_sink_backlog_rows{{{_JOB}}})"},
            about="A backlog that only grows is of a sink that is away.",
        ),
        _chart(
            "Sources and sinks up",
            {
                "{{source}} runs": f"starwatch_source_up{{{_JOB}}}",
                "{{source}} is connected": f"starwatch_source_connected{{{_JOB}}}",
                "{{sink}} runs": f"starwatch_sink_up{{{_JOB}}}",
            },
        ),
        _chart(
            "Books out by",
            {"{{book}}": f"starwatch_ledger_imbalance{{{_JOB}}}"},
            about="A line at 0 is as it should be.",
        ),
        _chart(
            "Kafka: messages behind",
            {
                "{{source}} {{topic}}": "sum by (source, topic) "
                f"(starwatch_source_lag_messages{{{_JOB}}})"
            },
        ),
        _chart(
            "Processor",
            {"{{job}}": f"rate(process_cpu_seconds_total{{{_JOB}}}[{_RATE}])"},
            unit="percentunit",
            about="1 is one core.",
        ),
    ]


def _quantiles(histogram: str) -> dict[str, str]:
    rate = f"sum by (le) (rate({histogram}_bucket{{{_JOB}}}[{_RATE}]))"
    return {name: f"histogram_quantile({q}, {rate})" for name, q in [("p50", 0.5), ("p99", 0.99)]}


def _stat(  # noqa: PLR0913
    title: str,
    query: str,
    *,
    unit: str = "short",
    good_from: int | None = None,
    bad_from: int | None = None,
    about: str = "",
) -> Stat:
    panel = Stat().title(title).description(about).datasource(_SOURCE).unit(unit)
    panel = panel.height(4).span(_PAGES_WIDTH // 6).color_mode(BigValueColorMode.VALUE)
    panel = panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    steps = [Threshold(color="red" if good_from else "green", value=None)]
    if good_from or bad_from:
        color = "green" if good_from else "red"
        steps.append(Threshold(color=color, value=good_from or bad_from))
    thresholds = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    return panel.thresholds(thresholds).with_target(Dataquery().expr(query).ref_id("A"))


def _chart(
    title: str, queries: dict[str, str], *, unit: str = "short", about: str = ""
) -> Timeseries:
    panel = Timeseries().title(title).description(about).datasource(_SOURCE).unit(unit)
    panel = panel.height(8).span(_PAGES_WIDTH // 2).axis_soft_min(0)
    panel = panel.legend(VizLegendOptions().show_legend(show_legend=True))
    panel = panel.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    for ref, (legend, query) in zip("ABCDEF", queries.items(), strict=False):
        target = Dataquery().expr(query).legend_format(legend).ref_id(ref)
        panel = panel.with_target(target)
    return panel


if __name__ == "__main__":
    FILE.write_text(dashboard(), encoding="utf-8")
    print(f"wrote {FILE.name}")
