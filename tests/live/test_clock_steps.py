"""The clock of the machine is set back while ratings come through a real broker."""

import json
import time

import pytest

from commands import starwatch
from mqtt.serving import publish, rating, serving, subscribed
from servers.ports import HOST
from service.clocks import MachineTime
from service.serving import soon
from starwatch.service import clock
from starwatch.windows.job import Job, WindowTime
from starwatch.windows.spec import WindowSpec

EVENT = Job(windows=(WindowSpec(400, 200),), bound_ms=200, ahead_ms=60_000)
ARRIVAL = Job(windows=(WindowSpec(400, 200),), time=WindowTime.ARRIVAL, bound_ms=0)
EACH = 50
HOUR = 3600


@pytest.mark.parametrize("job", [ARRIVAL, EVENT], ids=["arrival", "event"])
def test_no_rating_is_lost_or_late_when_the_clock_is_set_back(
    tmp_path, mosquitto, monkeypatch, job
):
    """Once within each of three runs, once between them: four hours and a minute in all.

    Publishers' clocks are right all the time.
    """
    machine = MachineTime()
    monkeypatch.setattr(clock, "time", machine)
    port, out = mosquitto.kind.port, tmp_path / "w.jsonl"
    sent = 0

    def send(service):
        nonlocal sent
        now = time.time()
        publish(port, *(rating("p", id=f"r{sent + n}", timestamp=now) for n in range(EACH)))
        sent += EACH
        soon(lambda: service.figures().books.received == sent)

    def closed():
        return [json.loads(line) for line in out.read_text().splitlines()]

    for gap in (0, -HOUR, -60):
        machine.step(gap)
        url = f"mqtt://{HOST}:{port}/ratings"
        with serving(tmp_path, url, outputs=[f"jsonl:{out}"], job=job) as service:
            soon(lambda s=service: subscribed(s))
            send(service)
            machine.step(-HOUR)
            send(service)
            soon(lambda: sum(row["count"] for row in closed()) == 2 * sent)
            books = service.figures().books
            assert (books.received, books.counted, books.late) == (sent, sent, 0)
            assert books.specs[0].missed == 0
            assert books.balanced
    assert service.figures().clock_ahead_ms == pytest.approx(1000 * (4 * HOUR + 60), abs=60_000)
    ends = [row["end"] for row in closed()]
    assert ends == sorted(ends)
    assert len(ends) == len(set(ends))
    done = starwatch("verify", "--state", tmp_path / "state")
    assert done.code == 0, done.out + done.err
