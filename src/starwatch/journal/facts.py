"""Named values of a state: few, small, and changed by its commits."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from starwatch.journal.reading import Read


def write_facts(database: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Set named values, inside a transaction."""
    rows = ((name, msgspec.json.encode(value).decode()) for name, value in facts.items())
    database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)


def read_fact(read: Read, name: str) -> Any:
    """A named value, None where it was never set."""
    found = next(read("SELECT value FROM facts WHERE name = ?", (name,)), None)
    return msgspec.json.decode(found[0]) if found else None
