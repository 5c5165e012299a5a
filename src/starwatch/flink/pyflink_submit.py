"""Submits SQL to a cluster. Run by a Python that has PyFlink; imports nothing of Starwatch.

Standard input is a list of JSON objects, one a job: `settings` of Flink by name, and `statements`.
Standard output is a list of as many JSON objects: `job`, the id of the job that runs, or
`statement`, the index of the one that failed, and `error`, what Flink said, or `missing`: why there
is no PyFlink. What PyFlink and its JVM print goes to standard error.

`pyflink_submit.py LINE FOLDER`: LINE is a descriptor that closes when whoever runs this has ended,
which ends this too; FOLDER, where all is written, is removed then.
"""

import json
import os
import sys
from threading import Thread

CLEAN = """
import os, shutil, sys
try:
    while True:
        os.wait()
except ChildProcessError:
    shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
"""Waits for the JVM, which ends as its standard input closes, and removes the folder."""


def main() -> None:
    """Run the statements of each job in their order; the last one makes the job."""
    line, folder = sys.argv[1:]
    Thread(target=follow, args=(int(line), folder), daemon=True).start()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    given = json.load(sys.stdin)
    told: list[dict[str, object]]
    try:
        import pyflink.table  # noqa: F401, PLC0415
    except ImportError as error:
        told = [{"missing": str(error)} for _ in given]
    else:
        told = [submitted(each["settings"], each["statements"]) for each in given]
    json.dump(told, answer)
    answer.close()


def follow(line: int, folder: str) -> None:
    """End when the line closes. As another program under the same id, this still has its JVM."""
    os.read(line, 1)
    os.execv(sys.executable, [sys.executable, "-I", "-c", CLEAN, folder])  # noqa: S606 - no shell


def submitted(given: "dict[str, str]", statements: "list[str]") -> "dict[str, object]":
    """Make the job; its id, or what was wrong."""
    from pyflink.common import Configuration  # noqa: PLC0415
    from pyflink.table import EnvironmentSettings, TableEnvironment  # noqa: PLC0415

    done = 0
    try:
        settings = Configuration()
        for name, value in given.items():
            settings.set_string(name, value)
        mode = EnvironmentSettings.new_instance().in_streaming_mode()
        tables = TableEnvironment.create(mode.with_configuration(settings).build())
        for statement in statements:
            result = tables.execute_sql(statement)
            done += 1
        client = result.get_job_client()
        if client is None:
            raise ValueError("the last statement starts no job")
    except Exception as error:  # noqa: BLE001 - Java's come as several kinds, or as Py4J's own
        return {"statement": done, "error": str(error) or type(error).__name__}
    return {"job": str(client.get_job_id())}


if __name__ == "__main__":
    main()
