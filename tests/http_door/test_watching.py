"""Health, readiness and metrics of a running service, over HTTP."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from commands import soon
from http_door.served import ONE, served
from servers.ports import free_port
from servers.programs import path_of
from servers.prometheus import Prometheus
from service.live_sources import Scripted
from starwatch.admission.ledger import Books, SpecBook
from starwatch.errors import SourceFailed
from starwatch.page.metrics import Metrics
from starwatch.service.measures import BOUNDS
from starwatch.service.pauses import Pauses
from starwatch.status import (
    DoorFigures,
    JobFigures,
    LogStatus,
    PlaceStatus,
    SinkStatus,
    SourceStatus,
    Spread,
)
from starwatch.windows.job import Duplicates, Job, WindowTime
from starwatch.windows.spec import WindowSpec

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
LOG = LogStatus([PlaceStatus("t", n, 100 + n, n) for n in range(201)], 17)
NOTHING = Spread(BOUNDS, (0,) * (len(BOUNDS) + 1), 0.0)


def figures(**changed):
    """A job in which every metric has a value."""
    given = {
        "now_ms": 20_000,
        "clock_ahead_ms": 250,
        "watermark_ms": 12_500,
        "books": Books(
            received=10,
            counted=4,
            duplicate=3,
            late=2,
            rejected=1,
            reasons={"off_scale": 1},
            specs=(SpecBook(24, 20, 3, 1),),
        ),
        "windows": ["30s/5s"],
        "products": 5,
        "partitions": 2,
        "closed_rows": 7,
        "queue_ratings": 8,
        "queue_bytes": 9,
        "commits": NOTHING,
        "latency": NOTHING,
        "duplicates_horizon_ms": 1500,
        "stopping": False,
        "failed": False,
        "sources": [
            SourceStatus("http", "running", "", 1, connected=True, redelivered=6),
            SourceStatus("kafka", "running", "", 1, connected=True, redelivered=6, log=LOG),
        ],
        "sinks": [SinkStatus("jsonl:w", "running", "", 2, 1, 5, 2)],
    }
    return JobFigures(**given | changed)


class Fixed:
    """A job that always is the same."""

    def __init__(self, **changed):
        self._figures = figures(**changed)

    def figures(self):
        return self._figures


def samples(text):
    """Every sample of metrics, by its name and labels as they are written."""
    return {
        re.match(r"\w+(?:\{.*\})?(?= )", line).group(): float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("starwatch_")
    }


@pytest.fixture
def door(tmp_path):
    with served(tmp_path, outputs=[f"jsonl:{tmp_path / 'w.jsonl'}"]) as door:
        yield door


def test_metrics_count_what_was_posted(door):
    door.post([ONE, ONE, ONE | {"rating": 9}], idempotency_key="k")
    door.post([ONE, ONE, ONE | {"rating": 9}], idempotency_key="k")
    door.post(b"")
    soon(lambda: door.service.figures().sinks[0].rows == 2)
    got = door.get("/metrics")
    assert got.headers["content-type"].startswith("text/plain")
    values = samples(got.body.decode())
    assert {
        'starwatch_ratings_total{class="counted"}': 2,
        'starwatch_ratings_total{class="rejected"}': 1,
        'starwatch_rejects_total{reason="off_scale"}': 1,
        "starwatch_received_ratings_total": 3,
        'starwatch_redelivered_ratings_total{source="http"}': 3,
        'starwatch_http_posts_total{status="200"}': 2,
        'starwatch_http_posts_total{status="400"}': 1,
        "starwatch_http_kept_answers": 1,
        "starwatch_latency_seconds_count": 3,
        "starwatch_window_rows_total": 2,
        "starwatch_ready": 1,
        'starwatch_ledger_imbalance{book="classes"}': 0,
        'starwatch_contributions{place="closed",window="400ms/200ms"}': 4,
    }.items() <= values.items()
    assert 0 < values["starwatch_latency_seconds_sum"] < 10
    assert values["starwatch_commit_seconds_count"] >= 2
    assert [v for k, v in values.items() if k.startswith("starwatch_sink_backlog_rows")] == [0]
    if sys.platform == "linux":
        assert b"process_resident_memory_bytes" in got.body


def test_open_metrics_for_who_asks(door):
    got = door.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert got.headers["content-type"].startswith("application/openmetrics-text")
    assert got.body.endswith(b"# EOF\n")


def test_ready_tells_what_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(Pauses, "next", lambda _: 0.2)

    def broken(_):
        raise SourceFailed("the broker is away")

    with served(tmp_path, others=[Scripted(broken, "mqtt")]) as door:
        soon(lambda: door.get("/readyz").status == 503)
        got = door.get("/readyz")
        assert got.json["why"] == ["source mqtt is broken: the broker is away"]
        assert got.json["sources"] == {"http": "running", "mqtt": "broken"}
        assert door.get("/healthz").json == {"status": "alive"}
        assert 'source_up{source="mqtt"} 0.0' in door.get("/metrics").body.decode()


def test_ready_where_all_is_well(door):
    soon(lambda: door.get("/readyz").status == 200)
    assert door.get("/readyz").json["why"] == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"failed": True}, "the engine is broken"),
        ({"stopping": True}, "the service is stopping"),
        ({"books": Books(received=2, counted=1)}, "the books do not balance"),
        ({"sinks": [SinkStatus("k", "starting", "", 0, 0, 0, 0)]}, "sink k is starting"),
    ],
)
def test_what_is_wrong_is_said(changed, why):
    assert figures(**changed).troubles == [why]
    assert figures().troubles == []


def test_a_book_that_is_out_shows_by_how_much():
    out = Books(received=5, counted=3, specs=(SpecBook(18, 10, 3, 1),))
    values = samples("\n".join(_lines(Fixed(books=out))))
    assert values['starwatch_ledger_imbalance{book="classes"}'] == 2
    assert values['starwatch_ledger_imbalance{book="windows 30s/5s"}'] == 4
    assert values["starwatch_ready"] == 0


def _lines(job, door=None):
    for family in Metrics(job, door).collect():
        for sample in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items()))
            yield f"{sample.name}{f'{{{labels}}}' if labels else ''} {sample.value}"


def test_every_metric_stands_in_the_docs_and_the_docs_promise_no_other():
    door = DoorFigures({200: 1}, 1, 1.0, 1)
    made = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(Fixed(), lambda: door).collect()
    }
    rows = re.findall(r"^\| `(starwatch_\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(made)


def test_of_many_partitions_those_are_shown_that_are_the_furthest_behind():
    values = samples("\n".join(_lines(Fixed())))
    of = 'partition="{}",source="kafka",topic="t"'
    lags = {k: v for k, v in values.items() if k.startswith("starwatch_source_lag_messages")}
    assert len(lags) == 200
    assert lags[f"starwatch_source_lag_messages{{{of.format(200)}}}"] == 200
    assert f"starwatch_source_lag_messages{{{of.format(0)}}}" not in lags
    assert values[f"starwatch_source_position{{{of.format(7)}}}"] == 107
    assert values['starwatch_source_gone_messages_total{source="kafka"}'] == 17


def test_the_horizon_of_duplicates_shrinks_when_the_memory_is_full(tmp_path):
    job = Job(
        windows=(WindowSpec(1000, 1000),),
        time=WindowTime.EVENT,
        bound_ms=0,
        duplicates=Duplicates.IDS,
        max_entries=4,
    )
    base = 1_700_000_000_000
    with served(tmp_path, job=job) as door:
        horizons = []
        for number in range(6):
            door.post([ONE | {"id": str(number), "ts": base + number * 1000}])
            horizons.append(door.service.figures().duplicates_horizon_ms)
    assert horizons == [3_600_000] * 3 + [3000] * 3


@pytest.mark.usefixtures("prometheus_programs")
def test_promtool_finds_nothing_to_say(door):
    door.post([ONE, ONE | {"rating": 9}], idempotency_key="k")
    text = door.get("/metrics").body
    assert len(list(text_string_to_metric_families(text.decode()))) > 20
    checked = subprocess.run(
        [path_of("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


@pytest.mark.slow
def test_prometheus_scrapes_it(servers, door):
    door.post([ONE] * 30)
    kind = Prometheus(port=free_port(), targets=(door.port,), every="100ms")
    servers.start(kind)

    def value(query):
        with urlopen(f"{kind.address()}/api/v1/query?query={quote(query)}") as answer:
            return [float(row["value"][1]) for row in json.load(answer)["data"]["result"]]

    soon(lambda: value('starwatch_ratings_total{class="counted"}') == [30])
    assert value("sum(starwatch_ledger_imbalance)") == [0]
    assert value("histogram_quantile(0.99, starwatch_latency_seconds_bucket)")[0] < 60


def test_a_source_without_its_connection_is_a_trouble():
    away = SourceStatus("kafka://h/t", "running", "", 0, connected=False, redelivered=0)
    assert figures(sources=[away]).troubles == ["source kafka://h/t is not connected"]
    assert figures().troubles == []
