"""Cuts a connection that does not answer in time, for clients that would wait for ever."""

import contextlib
import os
import socket
import threading
from typing import Self


class Watchdog:
    """Shuts a socket down unless its context ends in time; who waits for it gets an error.

    Args:
        handle: The socket's file descriptor; it stays its owner's.
        seconds: How long the context may take.
    """

    def __init__(self, handle: int, seconds: float) -> None:
        # A descriptor of its own: the owner may close his, and the number become another's.
        self._socket = socket.socket(fileno=os.dup(handle))
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True
        self.bit = False

    def __enter__(self) -> Self:
        """Begin to count."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """It ended in time, or was cut."""
        self._timer.cancel()
        self._timer.join()
        self._socket.close()

    def _bite(self) -> None:
        self.bit = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
