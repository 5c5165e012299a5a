"""Single keys from the terminal, without waiting and without a thread."""

import os
import re
import select
import sys
from typing import Protocol

_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;]*[@-~]|O.|.)|[\x00\xe0].", re.DOTALL)
"""What arrows and function keys send: several characters that mean no letter."""


class Keys(Protocol):
    """Where keys come from."""

    @property
    def there(self) -> bool:
        """Whether keys can be pressed at all."""

    def pressed(self) -> str:
        """The keys pressed since the last call, in order; never waits."""

    def close(self) -> None:
        """Leave the terminal as it was. Safe to call twice."""


class NoKeys:
    """No keyboard: standard input is a file, a pipe, or belongs to a command in the foreground."""

    there = False

    def pressed(self) -> str:
        """Nothing."""
        return ""

    def close(self) -> None:
        """Do nothing."""


def open_keys() -> Keys:
    """The keyboard behind standard input, if there is one that is ours to read."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return NoKeys()
    return _keyboard()


if sys.platform == "win32":
    import msvcrt

    class _WindowsKeys:
        there = True

        def pressed(self) -> str:
            found = ""
            while msvcrt.kbhit():
                found += msvcrt.getwch()
            return _SEQUENCE.sub("", found)

        def close(self) -> None:
            """Nothing was changed."""

    def _keyboard() -> Keys:
        return _WindowsKeys()

else:
    import termios
    import tty

    class _PosixKeys:
        there = True

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._modes = termios.tcgetattr(descriptor)
            # Keys come at once and are not echoed; Ctrl-C still interrupts.
            tty.setcbreak(descriptor, termios.TCSANOW)

        def pressed(self) -> str:
            found = b""
            while select.select((self._descriptor,), (), (), 0)[0]:
                some = os.read(self._descriptor, 64)
                if not some:
                    break
                found += some
            return _SEQUENCE.sub("", found.decode(errors="ignore"))

        def close(self) -> None:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._modes)

    def _keyboard() -> Keys:
        descriptor = sys.stdin.fileno()
        return NoKeys() if _in_background(descriptor) else _PosixKeys(descriptor)

    def _in_background(descriptor: int) -> bool:
        """Whether touching the terminal's modes would stop this process."""
        try:
            return os.tcgetpgrp(descriptor) != os.getpgrp()
        except OSError:  # a terminal, but not the one that controls this process
            return False
