"""The topics that the job writes: lines of JSON, each exactly once for who reads committed ones."""

from collections.abc import Mapping
from types import MappingProxyType

from starwatch.flink.admission import JUDGED, RATINGS, REJECTED
from starwatch.flink.plan import Plan
from starwatch.flink.text import comment, epoch_ms, identifier, listed, options
from starwatch.ratings.rejects import RAW_LIMIT

PLACE = {"topic": "STRING", "partition": "INT", "offset": "BIGINT"}
_RATING = {
    **PLACE,
    "product": "STRING",
    "reviewer": "STRING",
    "id": "STRING",
    "step": "INT",
    "time_ms": "BIGINT",
}
BACK_COLUMNS = {
    "kind": "STRING",
    "product": "STRING",
    "end_ms": "BIGINT",
    "stars": "ARRAY<BIGINT NOT NULL>",
    **PLACE,
    "reviewer": "STRING",
    "rating_id": "STRING",
    "star": "INT",
    "event_ms": "BIGINT",
    "met_ms": "BIGINT",
    "reason": "STRING",
    "value": "STRING",
}

_ONE_WRITER = {"sink.parallelism": "1", "json.encode.ignore-null-fields": "true"}
NO_MORE: Mapping[str, str] = MappingProxyType({})

WINDOWS, BACK = "windows_out", "back_out"
REJECTS, DUPLICATES, LATE = "rejects_out", "duplicates_out", "late_out"

_TIMEOUT_MS = 600_000
"""A transaction may be open for so long: longer than checkpoints fail in a row, and less than the
quarter of an hour that brokers allow by default."""

_ABOUT = {
    WINDOWS: "Closed windows: how many ratings of each step of the scale, from the lowest up.",
    LATE: "Ratings that no window was open for.",
    DUPLICATES: "Ratings that had come before.",
    BACK: """All that is found, for Starwatch: in one topic by one writer, so that what a checkpoint
commits is one cut through the whole job.""",
    REJECTS: "Messages that are no rating, as they came, cut to their first 4,096 characters.",
}


def sink_tables(plan: Plan) -> list[str]:
    """The statements that make the tables of topics that are written."""
    names = plan.names
    window = {
        "window": "STRING",
        "product": "STRING",
        "start_ms": "BIGINT",
        "end_ms": "BIGINT",
        "stars": "ARRAY<BIGINT NOT NULL>",
    }
    late = {**_RATING, "watermark_ms": "BIGINT"}
    reject = {**PLACE, "arrived_ms": "BIGINT", "reason": "STRING", "value": "STRING"}
    return [
        _table(plan, WINDOWS, names.windows, window, key="product"),
        _table(plan, LATE, names.late, late),
        _table(plan, DUPLICATES, names.duplicates, late),
        _table(plan, REJECTS, names.rejects, reject),
        _table(plan, BACK, names.back, BACK_COLUMNS, more=_ONE_WRITER),
    ]


def class_inserts() -> list[str]:
    """What puts each message that is in no window into the topic of its class."""
    columns = ", ".join(map(identifier, [*PLACE, "product", "reviewer", "id", "step", "t_ms"]))
    chosen = f"SELECT {columns}, `met_ms`\nFROM `{JUDGED}`"
    place = ", ".join(map(identifier, PLACE))
    rejected = f"{place}, {epoch_ms('`arrived`')}, `reason`, SUBSTRING(`value`, 1, {RAW_LIMIT})"
    return [
        f"INSERT INTO `{LATE}`\n{chosen} WHERE `class` = 'late'",
        f"INSERT INTO `{DUPLICATES}`\n{chosen} WHERE `class` = 'duplicate'",
        f"INSERT INTO `{REJECTS}`\nSELECT {rejected}\nFROM `{RATINGS}` WHERE {REJECTED}",
    ]


def _table(  # noqa: PLR0913
    plan: Plan,
    name: str,
    topic: str,
    columns: Mapping[str, str],
    *,
    key: str = "",
    more: Mapping[str, str] = NO_MORE,
) -> str:
    keyed = {"key.format": "raw", "key.fields": key, "value.format": "json"}
    chosen = {
        "connector": "kafka",
        "topic": topic,
        "properties.bootstrap.servers": plan.hosts,
        **(keyed if key else {"format": "json"}),
        "sink.delivery-guarantee": "exactly-once",
        "sink.transactional-id-prefix": topic,
        "properties.transaction.timeout.ms": str(_TIMEOUT_MS),
        **more,
        **{f"properties.{name}": value for name, value in plan.security.items()},
    }
    fields = listed(f"{identifier(column)} {kind}" for column, kind in columns.items())
    return (
        f"{comment(_ABOUT[name])}\nCREATE TEMPORARY TABLE `{name}` (\n  {fields}\n)"
        f" {options(chosen)}"
    )
