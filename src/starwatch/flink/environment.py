"""Where the Python is that can import PyFlink: an environment of its own, never this one."""

import os
import shlex
import shutil
from pathlib import Path

from starwatch.errors import MissingInput
from starwatch.settings.variables import FLINK_PYTHON

PACKAGES = (
    "apache-flink==2.3.0",
    "apache-flink-libraries==2.3.0",
    "cloudpickle",
    "py4j==0.10.9.7",
    "python-dateutil<3",
    "pytz",
    "ruamel.yaml",
    "six",
    "typing_extensions",
)
"""Enough of PyFlink for SQL. Without Beam and pandas, which run Python inside of jobs."""

CACHE = Path(".servers", "flink-python", "current", "bin", "python")
"""Where `make servers-install` puts it, below the clone."""

HOW = (
    "Make one, with Python 3.10 to 3.12: `python3 -m venv flink-python && "
    f"flink-python/bin/pip install --no-deps {shlex.join(PACKAGES)}`, and set "
    f"{FLINK_PYTHON}=flink-python/bin/python; in a clone `make servers-install ONLY=flink` does it"
)


def flink_python() -> str:
    """The interpreter that has PyFlink.

    Raises:
        MissingInput: there is none, or no Java for it.
    """
    named = os.environ.get(FLINK_PYTHON)
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingInput(f"{FLINK_PYTHON} is {named}, and no program is there", hint=HOW)
    else:
        clone = Path(__file__).parents[3]
        places = [str(folder / CACHE) for folder in (Path.cwd(), clone)]
        found = next(filter(None, map(shutil.which, places)), None)
        if found is None:
            raise MissingInput("no Python with PyFlink was found", hint=HOW)
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise MissingInput(
            "PyFlink needs Java, and none is on the PATH",
            hint="Install Java 17 (Debian: openjdk-17-jre-headless), or set JAVA_HOME",
        )
    return found
