"""What an MQTT source remembers of messages, to tell what it is given again (architecture §6).

One entry a packet id, kept with the commit of its rating. A message that comes with DUP set, with
the packet id and the payload of one that is committed, was counted already: it is acknowledged and
no more. A packet id without DUP is a new message, whatever was known of it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from starwatch.mqtt.packets import Published

REACH = 1 << 15
"""So many messages back a packet id means the same message: half of all ids, and far more than are
ever on their way at once. Brokers that count their ids up come back to one after 65,535 others."""

_SESSION, _CLIENT, _AT = "session", "client", "at "
_TOKEN = 4
_SEQUENCE = 8


class Verdict(Enum):
    """What a message is that came."""

    NEW = auto()
    WAITS = auto()
    """Given again, and its rating waits for a commit: the answer follows that."""
    SAFE = auto()
    """Given again, and committed: it is answered at once."""


@dataclass(slots=True)
class Entry:
    """One message that was taken.

    Attributes:
        digest: What it is told by.
        sequence: Its number among all messages.
        connection: On which connection its answer goes; 0: on none.
        safe: Whether it is committed.
    """

    digest: bytes
    sequence: int
    connection: int = 0
    safe: bool = False


class Memory:
    """The entries, and the counters that outlive a process.

    Args:
        notes: What was noted with commits of earlier runs.
    """

    def __init__(self, notes: Mapping[str, bytes]) -> None:
        self.client = notes.get(_CLIENT, b"").decode() or f"starwatch-{secrets.token_hex(6)}"
        self._token = notes.get(_SESSION, b"")
        self._entries: dict[int, Entry] = {}
        self._at: dict[str, int] = {}
        for key, value in notes.items():
            if key.startswith(_AT):
                self._at[key.removeprefix(_AT)] = int(value)
            elif key.isdecimal() and value[:_TOKEN] == self._token and len(value) > _TOKEN:
                sequence = int.from_bytes(value[_TOKEN : _TOKEN + _SEQUENCE])
                digest = value[_TOKEN + _SEQUENCE :]
                self._entries[int(key)] = Entry(digest, sequence, safe=True)
        self._sequence = max((e.sequence for e in self._entries.values()), default=0)

    @property
    def begun(self) -> bool:
        """Whether there is a session, of this run or an earlier one."""
        return bool(self._token)

    @property
    def used(self) -> bool:
        """Whether the session has entries."""
        return bool(self._entries)

    def begin(self, client: str) -> list[tuple[str, bytes]]:
        """A new session with the broker: earlier packet ids mean nothing; notes that say so."""
        self.client = client
        self._token = secrets.token_bytes(_TOKEN)
        self._entries.clear()
        return [(_SESSION, self._token), (_CLIENT, client.encode())]

    def judge(self, message: Published, connection: int) -> Verdict:
        """What a message at QoS 1 or 2 is; a new one is entered, to be answered there."""
        entry = self._entries.get(message.mid)
        if entry is not None and message.dup and entry.digest == message.digest:
            if not entry.safe:
                entry.connection = connection
                return Verdict.WAITS
            if self._sequence - entry.sequence < REACH:
                return Verdict.SAFE
        self._sequence += 1
        self._entries[message.mid] = Entry(message.digest, self._sequence, connection)
        return Verdict.NEW

    def note(self, mid: int) -> tuple[str, bytes]:
        """What to note with the commit of a message that was entered."""
        entry = self._entries[mid]
        return str(mid), self._token + entry.sequence.to_bytes(_SEQUENCE) + entry.digest

    def entry(self, mid: int) -> Entry:
        """The entry of a message."""
        return self._entries[mid]

    def is_safe(self, mid: int) -> bool:
        """Whether a message with this packet id is entered, and committed."""
        entry = self._entries.get(mid)
        return entry is not None and entry.safe

    def released(self, mid: int) -> tuple[str, bytes]:
        """The broker will not give this one again (QoS 2): what to note so that it is forgotten."""
        del self._entries[mid]
        return str(mid), b""

    def place(self, topic: str, count: int) -> tuple[int, tuple[str, bytes]]:
        """Where the next messages of a topic begin, counted from 0, and the note that moves it."""
        first = self._at.get(topic, 0)
        self._at[topic] = first + count
        return first, (f"{_AT}{topic}", b"%d" % (first + count))
