"""A service under a steady load for some minutes: does its memory stay flat?

    .venv/bin/python -m benchmarks.soak --minutes 10 --rate 5000

Ratings are posted by HTTP, 500 a post, each from another reviewer, over 2,000 products. The memory
of the process (RSS) is read once a second. Flat means: from the second minute on, the median of
each half minute is within 5 % of the median of all of them; what sealing takes for a second or two
shows as the largest. Exits with 1 where it is not, where a post was
refused, or where the books do not hold every rating that was posted.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median

from servers.ports import HOST, free_port

A_POST = 500
PRODUCTS = 2000
SETTLED_SECONDS = 60
STRETCH = 30


def main() -> None:
    options = argparse.ArgumentParser(description="a service under a steady load")
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--rate", type=int, default=5000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "-m", "starwatch", "run", "--source", "none", "--quiet"]
        command += ["--state", str(Path(folder) / "s"), "--port", str(port)]
        with subprocess.Popen(command) as service:
            sizes, posted = loaded(service.pid, port, given.minutes * 60, given.rate)
            service.terminate()
            service.wait(30)
        counted = received(Path(folder) / "s")
    settled = sizes[SETTLED_SECONDS:]
    stretches = [median(settled[at : at + STRETCH]) for at in range(0, len(settled), STRETCH)]
    middle = median(stretches)
    worst = max(abs(each - middle) / middle for each in stretches)
    print(f"{posted:,} ratings posted, {counted:,} in the books")
    print("MB by half minute:", *(f"{each / 1e6:.0f}" for each in stretches))
    print(f"largest {max(sizes) / 1e6:.0f} MB, median {middle / 1e6:.0f} MB, off by {worst:.1%}")
    sys.exit(0 if counted == posted and worst <= 0.05 else 1)


def loaded(pid: int, port: int, seconds: float, rate: int) -> tuple[list[int], int]:
    """Post at a rate; returns the size of the process at each second, and how many were posted."""
    sizes: list[int] = []
    posted = 0
    connection = connected(port)
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        if now >= len(sizes):
            sizes.append(resident(pid))
        if posted >= now * rate:
            time.sleep(min(A_POST / rate / 4, 0.01))
            continue
        stamp = time.time_ns() // 1_000_000
        lines = [
            f'{{"reviewerID":"R{n}","productID":"P{n * 7919 % PRODUCTS:05d}",'
            f'"rating":{1 + n % 5},"timestamp":{stamp}}}'
            for n in range(posted, posted + A_POST)
        ]
        connection.request("POST", "/ratings", "\n".join(lines), {"Content-Type": "text/plain"})
        answer = json.load(connection.getresponse())
        if answer.get("counted") != A_POST:
            sys.exit(f"refused: {answer}")
        posted += A_POST
    return sizes, posted


def resident(pid: int) -> int:
    """Bytes of a process in memory (Linux)."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def connected(port: int) -> HTTPConnection:
    """A connection to the service, once it takes ratings."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        connection = HTTPConnection(HOST, port, timeout=30)
        with suppress(OSError, HTTPException):
            connection.request("GET", "/readyz")
            if connection.getresponse().read() and connection.sock:
                return connection
        time.sleep(0.05)
    sys.exit("the service did not begin")


def received(state: Path) -> int:
    command = [sys.executable, "-m", "starwatch", "state", "info", "--state", str(state), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["ratings"]["received"]


if __name__ == "__main__":
    main()
