"""The flow of 2021: ratings as JSON become lines of CSV, one message at a time."""

import json

from starwatch.nifi.edges import STANDARD, Inlet, Outlet, inlet, outlet
from starwatch.nifi.parts import FUNNEL, Connection, Flow, Processor, Service

FIELDS = (
    ("timestamp", "int"),
    ("reviewerID", "string"),
    ("dummy", "string"),
    ("rating", "int"),
    ("productID", "int"),
)
"""Columns in their order. The types are those of 2021; the writer makes nothing of them: a product
id keeps its zeros and its letters, a rating of 4.7 stays one."""

BUNDLE = "nifi-record-serialization-services-nar"

_SERIALIZATION = "org.apache.nifi.serialization"

READER = Service(
    name="JsonTreeReader",
    type="org.apache.nifi.json.JsonTreeReader",
    bundle=BUNDLE,
    api=f"{_SERIALIZATION}.RecordReaderFactory",
    properties={"schema-access-strategy": "infer-schema"},
)
"""One object, an array of them, or one behind the other."""

WRITER = Service(
    name="CSVRecordSetWriter",
    type="org.apache.nifi.csv.CSVRecordSetWriter",
    bundle=BUNDLE,
    api=f"{_SERIALIZATION}.RecordSetWriterFactory",
    properties={
        "schema-access-strategy": "schema-text-property",
        "schema-text": json.dumps(
            {
                "type": "record",
                "name": "rating",
                "fields": [{"name": name, "type": kind} for name, kind in FIELDS],
            },
            indent=2,
        ),
        "Schema Write Strategy": "no-schema",
        "CSV Format": "custom",
        "Include Header Line": "false",
        "Value Separator": ",",
        "Quote Character": '"',
        "Quote Mode": "MINIMAL",
        "Escape Character": "\\",
        "Trim Fields": "true",
        "Record Separator": "\\n",
        "csvutils-character-set": "UTF-8",
    },
)
"""A line for each object: no header, quotes only where they are needed."""

CONVERT = Processor(
    name="ConvertRecord",
    type=f"{STANDARD[0]}.ConvertRecord",
    bundle=STANDARD[1],
    properties={"include-zero-record-flowfiles": "true"},
    services={"record-reader": READER.name, "record-writer": WRITER.name},
)


def ratings_flow(source: str, target: str, group: str) -> tuple[Flow, Inlet]:
    """The flow between two addresses, and its first step.

    Args:
        source: `mqtt://HOST:PORT/TOPIC`, or `http://HOST:PORT/PATH` to listen there.
        target: `kafka://HOST:PORT/TOPIC`, or `http://HOST:PORT/PATH` to post there.
        group: The name of its process group.

    Raises:
        BadSetting: an address cannot be used.
    """
    first, last = inlet(source, group), outlet(target)
    flow = Flow(
        name=group,
        comment="Ratings, JSON to CSV. Made by `starwatch nifi`.",
        services=(READER, WRITER),
        processors=(first.step, CONVERT, last.step),
        connections=_connections(first, last),
    )
    return flow, first


def _connections(first: Inlet, last: Outlet) -> tuple[Connection, ...]:
    """What cannot be converted waits before the funnel, without limit: it holds up nothing."""
    return (
        Connection(first.step.name, (first.message,), CONVERT.name),
        Connection(CONVERT.name, ("success",), last.step.name),
        Connection(CONVERT.name, ("failure",), FUNNEL, "not readable", limit=0),
        *last.queues,
    )
