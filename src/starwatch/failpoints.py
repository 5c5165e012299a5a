"""Named places where a test can kill the process, as a power cut would.

`STARWATCH_FAILPOINT=commit.inside:3` kills this process without any clean-up when it comes to that
place for the third time. Without the variable a failpoint costs one look at a dictionary.
"""

import os
import signal

VARIABLE = "STARWATCH_FAILPOINT"
"""The environment variable that arms a failpoint; it is no setting of a job."""

_left: dict[str, int] = {}


def _armed() -> dict[str, int]:
    name, _, times = os.environ.get(VARIABLE, "").partition(":")
    return {name: int(times or 1)} if name else {}


_left.update(_armed())


def reached(name: str) -> None:
    """Say that the process is at a named place; kills it if a test asked for that."""
    if name in _left:
        _left[name] -= 1
        if not _left[name]:
            kill()


def kill() -> None:
    """End this process at once: nothing is flushed, no handler runs."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)
