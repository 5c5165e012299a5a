"""A service with its HTTP door in a process of its own; prints its port, ends on SIGTERM."""

import signal
import sys
from pathlib import Path

from http_door.served import served

if __name__ == "__main__":
    with served(Path(sys.argv[1])) as door:
        signal.signal(signal.SIGTERM, lambda *_: door.stop.set())
        print(door.port, flush=True)  # noqa: T201
        while not door.stop.is_set():
            door.stop.wait(1)
