"""A service in the process of a test, with sources that the test gives it."""

import json
import time
from contextlib import contextmanager
from threading import Thread

from starwatch.service.live import Service
from starwatch.service.state import State, job_facts
from starwatch.service.stop import Stop
from starwatch.sinks.registry import parse_outputs
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(400, 200),), time=WindowTime.ARRIVAL, bound_ms=0)


def soon(condition, seconds=15.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)


@contextmanager
def running(folder, *sources, outputs=(), job=JOB, noted=False, **more):
    """A service on a state; it drains at the end, and what broke it is raised.

    With `noted` the state knows its job, as one that the command made does.
    """
    stop, failures = Stop(), []
    with State(folder / "state") as state:
        facts = {"job": job_facts(job), "live": True, "by_records": False}
        if noted and not state.belongs_to(facts):
            state.journal.note({"begun_ms": time.time_ns() // 1_000_000})
        service = Service(state, job, sources, parse_outputs(outputs), **more)

        def run():
            try:
                service.run(stop, lambda: 0.05)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)

        thread = Thread(target=run)
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()
    if failures:
        raise failures[0]


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]
