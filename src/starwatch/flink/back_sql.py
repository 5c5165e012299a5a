"""The insert of what comes back to Starwatch, as `starwatch.flink.back` reads it."""

from collections.abc import Mapping

from starwatch.flink.admission import JUDGED, RATINGS, REJECTED
from starwatch.flink.plan import Plan
from starwatch.flink.sinks import BACK, BACK_COLUMNS, PLACE
from starwatch.flink.text import identifier, literal
from starwatch.flink.windows import PANE_COUNTS, closed_ends
from starwatch.ratings.rejects import RAW_LIMIT


def back_insert(plan: Plan) -> str:
    """What puts all that is found into one topic, as `starwatch.flink.back` reads it."""
    single = {name: identifier(name) for name in PLACE} | {
        "product": "`product`",
        "reviewer": "`reviewer`",
        "rating_id": "`id`",
        "star": "`step`",
        "event_ms": "`t_ms`",
        "met_ms": "`met_ms`",
    }
    kind = "CASE `class` WHEN 'counted' THEN 'partly' ELSE `class` END"
    rejected = {name: identifier(name) for name in PLACE} | {
        "reason": "`reason`",
        "value": f"SUBSTRING(`value`, 1, {RAW_LIMIT})",
    }
    pane = {"product": "`product`", "end_ms": "`end_ms`", "stars": "`stars`"}
    ends = closed_ends(plan)
    parts = [
        f"{_back('pane', pane)}\nFROM `{PANE_COUNTS}`",
        f"{_back(kind, single)}\nFROM `{JUDGED}` WHERE `class` <> 'counted' OR `pane_gone`",
        f"{_back('rejected', rejected)}\nFROM `{RATINGS}` WHERE {REJECTED}",
        f"{_back('watermark', {'end_ms': '`end_ms`'})}\nFROM ({ends})",
    ]
    whole = "\nUNION ALL\n".join(parts)
    return f"INSERT INTO `{BACK}`\n{whole}"


def _back(kind: str, values: Mapping[str, str]) -> str:
    """A SELECT of the columns of the topic, null where there is no value."""
    columns = {"kind": literal(kind) if kind.isalpha() else kind, **values}
    chosen = (columns.get(name, f"CAST(NULL AS {type_})") for name, type_ in BACK_COLUMNS.items())
    return f"SELECT {', '.join(chosen)}"
