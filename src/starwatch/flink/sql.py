"""The whole job as text: tables, views, and one set of inserts that Flink runs as one job."""

from starwatch.flink.admission import admission_views
from starwatch.flink.back_sql import back_insert
from starwatch.flink.job import FlinkJob
from starwatch.flink.plan import Plan
from starwatch.flink.sinks import class_inserts, sink_tables
from starwatch.flink.source import source_table
from starwatch.flink.text import comment, literal
from starwatch.flink.windows import panes_views, window_insert
from starwatch.windows.job import Duplicates

_SLACK_MS = 60_000
"""How much longer a rating is remembered than it is needed, by Flink's clock."""


def flink_job(plan: Plan) -> FlinkJob:
    """The job of a plan."""
    inserts = [window_insert(plan), *class_inserts(), back_insert(plan)]
    whole = ";\n\n".join(inserts)
    return FlinkJob(
        name=f"{plan.names.prefix}ratings",
        settings=_settings(plan),
        statements=(
            source_table(plan),
            *admission_views(plan),
            *panes_views(plan),
            *sink_tables(plan),
            f"EXECUTE STATEMENT SET BEGIN\n\n{whole};\n\nEND",
        ),
    )


def as_text(job: FlinkJob) -> str:
    """The job as a file that Flink's SQL client runs."""
    settings = [f"SET {literal(key)} = {literal(value)};" for key, value in job.settings.items()]
    head = comment(f"The job {job.name!r} in Flink SQL.")
    name = f"SET 'pipeline.name' = {literal(job.name)};"
    return "\n".join([head, name, *settings, *(f"\n{text};" for text in job.statements), ""])


def _settings(plan: Plan) -> dict[str, str]:
    """What Flink is told besides."""
    chosen = {
        "table.local-time-zone": "UTC",
        # Rows go from one part to the next as they are, not as copies.
        "pipeline.object-reuse": "true",
        # One look at each message for all inserts, not one for each.
        "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
        "execution.checkpointing.interval": f"{plan.checkpoint_ms} ms",
    }
    if plan.parallelism is not None:
        chosen["parallelism.default"] = str(plan.parallelism)
    if plan.job.duplicates is not Duplicates.OFF:
        kept = plan.job.horizon_ms + plan.job.bound_ms + _SLACK_MS
        chosen["table.exec.state.ttl"] = f"{kept} ms"
    return chosen
