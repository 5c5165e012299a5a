"""A service that reads Kafka, in a process of its own that a test can kill.

`kafka_run.py FOLDER KAFKA TOPIC COUNT [OUTPUT ...]`: goes on in FOLDER until COUNT ratings are
committed and every sink has all rows, then ends by itself.
"""

import sys
import time
from pathlib import Path
from threading import Thread

from live.kafka_ratings import source
from starwatch.service.live import Service
from starwatch.service.rhythm import Rhythm
from starwatch.service.state import State
from starwatch.service.stop import Stop
from starwatch.sinks.registry import parse_outputs
from starwatch.windows.job import Job
from starwatch.windows.spec import WindowSpec

JOB = Job(windows=(WindowSpec(1000, 1000),), bound_ms=0)


def run(folder: Path, kafka: str, topic: str, count: int, outputs: list[str]) -> None:
    stop = Stop()
    with State(folder / "state", rhythm=Rhythm(snapshot_seconds=2)) as state:
        service = Service(state, JOB, [source(kafka, topic)], parse_outputs(outputs))

        def watch() -> None:
            while service.engine.engine.received < count:
                time.sleep(0.02)
            time.sleep(1.0)
            stop.set()

        Thread(target=watch, daemon=True).start()
        service.run(stop, lambda: 0.05)
        books = service.engine.engine.books()
        assert books.balanced
        sys.stdout.write(f"{books.received} {books.counted} {books.duplicate} {books.late}\n")


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
