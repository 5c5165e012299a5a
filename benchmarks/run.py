"""Run every benchmark, each in a process of its own, and print the table in Markdown.

python -m benchmarks.run [--data FOLDER] [--shared FOLDER] [--repeats N] [--only NAME ...]
"""

import datetime as dt
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import HEAD, Result, parser

SCRIPTS = (
    *("csv_windows", "column_windows", "json_windows", "single_ratings"),
    *("product_memory", "one_close", "sparse_data", "start_up"),
    *("state_cost", "commit", "duplicates", "restored", "verify", "export"),
    *("http_posts", "mqtt_ratings", "kafka", "flink_cost", "flink_scale", "flink_view"),
    *("tabs", "page_latency", "views", "view_cost", "view_throughput"),
    "merged_history",
)


def run() -> None:
    options = parser()
    options.add_argument("--only", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    given = options.parse_args()
    print(machine(), "", HEAD, sep="\n", flush=True)
    for script in given.only:
        command = [sys.executable, "-m", f"benchmarks.{script}", "--json"]
        for name in ("data", "shared", "repeats"):
            command += [f"--{name}", str(getattr(given, name))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"| {script} | | | | **failed** | |", flush=True)
            continue
        for result in json.loads(done.stdout.splitlines()[-1]):
            print(Result(**result).line(), flush=True)


def machine() -> str:
    """What the numbers were measured on."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "pyarrow", "duckdb", "msgspec")
    )
    today = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"{today}; {processor()}, {os.cpu_count()} cores; {platform.system()}; "
        f"Python {platform.python_version()}, {packages}."
    )


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    run()
