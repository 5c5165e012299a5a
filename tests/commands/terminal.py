"""A pseudo-terminal for commands that draw; not on Windows, which has none of this kind."""

import fcntl
import os
import pty
import re
import select
import struct
import termios

from commands import process, soon

ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_=>]")


class Terminal:
    """A pseudo-terminal with a command on it, and everything that was drawn."""

    def __init__(self, *arguments):
        self._mine, self.its = pty.openpty()
        fcntl.ioctl(self.its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.before = termios.tcgetattr(self.its)
        self.raw = ""
        ends = dict.fromkeys(("stdin", "stdout", "stderr"), self.its)
        environment = os.environ | {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        for size in ("COLUMNS", "LINES"):  # workers of a parallel run have them
            environment.pop(size, None)
        self._process = process(
            *arguments, **ends, text=False, preexec_fn=_own_terminal, env=environment
        )

    def __enter__(self):
        self.child = self._process.__enter__()
        return self

    def __exit__(self, *error):
        self._process.__exit__(*error)
        os.close(self._mine)
        os.close(self.its)

    def press(self, keys):
        """Press keys; returns where what is drawn from now on begins."""
        self.read()
        at = len(self.raw)
        os.write(self._mine, keys.encode())
        return at

    def read(self):
        while select.select([self._mine], [], [], 0)[0]:
            self.raw += os.read(self._mine, 1 << 16).decode(errors="replace")
        return self.raw

    def frames(self, at=0):
        """The pictures that were drawn whole since then, as texts."""
        drawn = self.read()[at:].split("Starwatch")[1:]
        return ["Starwatch" + ESCAPES.sub("", frame) for frame in drawn if "q quit" in frame]

    def waits_for(self, pattern, at=0, *, seconds=10):
        """Wait for a whole frame in which this is found; returns the match."""

        def look():
            found = (re.search(pattern, frame, re.DOTALL) for frame in self.frames(at))
            return next(filter(None, found), None)

        return soon(look, seconds=seconds)

    def end(self):
        """Wait for the end, reading on; returns the exit code."""
        soon(lambda: self.read() and self.child.poll() is not None)
        self.read()
        return self.child.returncode


def _own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
