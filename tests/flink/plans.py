"""Plans whose SQL is kept as files."""

from starwatch.codecs.options import InputOptions
from starwatch.flink.plan import Names, Plan
from starwatch.settings.job import build_job
from starwatch.windows.job import Job


def live_job(**given: object) -> Job:
    """A job as `starwatch run` has it."""
    return build_job(given, replay=False)


HOSTS = "127.0.0.1:9092"

PLANS = {
    "json_event_time": Plan(live_job(), ("ratings",), HOSTS),
    "csv_arrival_two_windows": Plan(
        live_job(
            window=["30s/5s", "1h/1h+7m"], time="arrival", scale="0.5..5/0.5", duplicates="off"
        ),
        ("ratings", "more"),
        HOSTS,
        input=InputOptions(format="csv"),
        parallelism=2,
    ),
    "duplicates_by_ids": Plan(
        live_job(duplicates="ids", horizon="10m", window=["1m"], quiet="wait"),
        ("ratings",),
        HOSTS,
        input=InputOptions(columns={"product": "it's", "id": "key"}, time_unit="iso"),
        names=Names("my-"),
        idle_ms=0,
    ),
}
