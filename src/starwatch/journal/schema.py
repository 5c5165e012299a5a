"""The tables of `starwatch.db`, and what opens them (architecture §7)."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from starwatch.errors import (
    BadState,
    MissingInput,
    NewerState,
    OutputFailed,
    StarwatchError,
    StateLocked,
)
from starwatch.journal.packed import refuse_archive

VERSION = 1
"""The version of these tables; raised with every change, and `_MIGRATIONS` gains a step."""

_LOG_BYTES = 64 << 20
"""How long SQLite's log may stay when it has grown, as it does while somebody reads for long."""

APPLICATION_ID = 0x53544152  # "STAR": tells our databases from others

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,      -- number of its first rating, from 0
    ratings INTEGER NOT NULL,
    body BLOB NOT NULL           -- starwatch.journal.entries
) STRICT;
CREATE TABLE sealed (
    file TEXT PRIMARY KEY,       -- in ratings/
    first INTEGER NOT NULL,      -- number of the first rating of its journal range
    ratings INTEGER NOT NULL,    -- how many ratings that range holds, over all its files
    entry INTEGER NOT NULL,      -- the last entry of the range
    bytes INTEGER NOT NULL,
    crc INTEGER NOT NULL,        -- CRC-32 of the file as it was written
    made_ms INTEGER NOT NULL     -- when, by the clock on the wall
) STRICT, WITHOUT ROWID;
CREATE TABLE history (
    file TEXT PRIMARY KEY,       -- in history/
    tier_ms INTEGER NOT NULL,    -- the length of its panes
    first_ms INTEGER NOT NULL,   -- the earliest start of a pane in it
    last_ms INTEGER NOT NULL,    -- the latest one
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    crc INTEGER NOT NULL,        -- CRC-32 of the file as it was written
    made_ms INTEGER NOT NULL     -- when, by the clock on the wall
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
    id INTEGER PRIMARY KEY,
    after INTEGER NOT NULL,      -- behind how many ratings of all
    body TEXT NOT NULL           -- of sealed entries; those of others are with their entry
) STRICT;
CREATE TABLE positions (
    partition INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    counted INTEGER NOT NULL,    -- its ratings that a commit holds, by class
    duplicate INTEGER NOT NULL,
    late INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    rejects INTEGER NOT NULL     -- what came and was no rating
) STRICT;
CREATE TABLE rejects (
    id INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL
) STRICT;
CREATE INDEX rejects_by_reason ON rejects (reason);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,      -- number of its first window row, from 0
    rows INTEGER NOT NULL,
    body BLOB NOT NULL           -- starwatch.outbox.rows
) STRICT;
CREATE TABLE sinks (
    name TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,       -- how many window rows it holds for certain
    bytes INTEGER NOT NULL       -- how long its file was then
) STRICT, WITHOUT ROWID;
CREATE TABLE notes (
    source TEXT NOT NULL,        -- what a live source remembers of its deliveries
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    made_ms INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    journal INTEGER NOT NULL,    -- the last entry that it holds
    file TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE backfills (
    id INTEGER PRIMARY KEY,      -- the partition of its ratings
    run INTEGER NOT NULL,        -- files that were taken at once share it
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE,   -- of the whole file
    received INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    made_ms INTEGER NOT NULL     -- when, by the clock on the wall
) STRICT;
CREATE TABLE backfilled (
    file TEXT PRIMARY KEY,       -- in ratings/
    run INTEGER NOT NULL,
    ratings INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    crc INTEGER NOT NULL,        -- CRC-32 of the file as it was written
    made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE backfill_rejects (
    id INTEGER PRIMARY KEY,
    backfill INTEGER NOT NULL,   -- what no backfill of that number follows does not count
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL
) STRICT;
CREATE TABLE catalogue (
    product TEXT PRIMARY KEY,
    name TEXT,
    category TEXT
) STRICT, WITHOUT ROWID;
"""

_MIGRATIONS: dict[int, str] = {}
"""From a version to the statements that make the next one."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database of a state directory, made new where there is none.

    Every commit is on the disk when it returns (WAL, synchronous=FULL).

    Raises:
        BadState: it is corrupt, or no database of ours.
        NewerState: a newer Starwatch made it.
    """
    try:
        database = _connected(path)
        version = _version(database, path)  # before anything is changed in it
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        if version == 0:
            _create(database)
        elif version < VERSION:
            _migrate(database, path, version)
    except sqlite3.DatabaseError as error:
        raise database_error(path, error) from None
    return database


def open_reading(path: Path) -> sqlite3.Connection:
    """Open a database to read from it, also while another process writes to it.

    Raises:
        MissingInput: it is not there.
        BadState: it is corrupt, or no database of ours.
        NewerState: a newer Starwatch made it.
    """
    return open_to_read(path)[0]


def open_to_read(path: Path) -> tuple[sqlite3.Connection, bool]:
    """As `open_reading`; and whether the connection only ever sees the file as it is now.

    That is so where the folder cannot be written to and nobody is writing: SQLite has no place for
    what readers and a writer share.
    """
    if not path.is_file():
        refuse_archive(path.parent)
        raise MissingInput(
            f"there is no state in {path.parent}", hint="Name a folder that --state was given"
        )
    try:
        try:
            return _reading(path, "mode=ro"), False
        except sqlite3.OperationalError as error:
            alone = not path.with_name(f"{path.name}-wal").exists()
            kind = error.sqlite_errorcode & 0xFF
            if kind not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} or not alone:
                raise
            return _reading(path, "mode=ro&immutable=1"), True
    except sqlite3.DatabaseError as error:
        raise database_error(path, error) from None


def _reading(path: Path, how: str) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)
    database.execute("PRAGMA busy_timeout = 5000")
    if _version(database, path) == 0:
        raise BadState(f"{path} holds no state yet", hint="Start the run that makes it")
    return database


def holds_nothing(path: Path) -> bool:
    """Whether a database is not there, or has no tables: nothing was ever committed to it.

    Raises:
        BadState: it is corrupt, or no database of ours.
        NewerState: a newer Starwatch made it.
    """
    if not path.exists():
        return True
    try:
        with closing(_connected(path)) as database:
            return _version(database, path) == 0
    except sqlite3.DatabaseError as error:
        raise database_error(path, error) from None


def nobody_reads_the_past(path: Path) -> bool:
    """Whether all who are reading a database see its last commit, or a later one.

    As long as someone sees an earlier one, files that it names must not be removed. SQLite can
    tell: what is behind that commit cannot be moved from its log into the database then.
    """
    try:
        with closing(_connected(path)) as database:
            query = "PRAGMA wal_checkpoint(PASSIVE)"
            busy, written, moved = database.execute(query).fetchone()
    except sqlite3.DatabaseError:  # it is in use; ask again later
        return False
    return not busy and bool(written == moved)


def database_error(path: Path, error: sqlite3.DatabaseError) -> StarwatchError:
    """What SQLite says, as an error of ours with what to do about it."""
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if kind in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return OutputFailed(
            f"the state in {path.parent} cannot be written ({error})",
            hint="Make room on the disk and start again; nothing that was committed is lost",
        )
    if kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StateLocked(
            f"another program holds the database {path}", hint="Stop it and start again"
        )
    if kind in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return BadState(
            f"the database {path} cannot be opened ({error})",
            hint="See to it that you may write to it and to its folder",
        )
    return BadState(
        f"the database {path} cannot be read ({error})",
        hint="Restore a backup, or move the folder away; nothing was overwritten",
    )


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA busy_timeout = 5000")
    return database


def _version(database: sqlite3.Connection, path: Path) -> int:
    """0 for a database without tables."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not tables and not application:
        return 0
    if application != APPLICATION_ID:
        raise BadState(
            f"{path} is no database of Starwatch", hint="Give --state a folder of its own"
        )
    if version > VERSION:
        raise NewerState(
            f"{path} was made by a newer Starwatch (version {version}, this one knows {VERSION})",
            hint="Upgrade Starwatch; nothing was changed",
        )
    return int(version)


def _create(database: sqlite3.Connection) -> None:
    database.executescript(
        f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION_ID};"
        f" PRAGMA user_version = {VERSION}; COMMIT;"
    )


def _migrate(database: sqlite3.Connection, path: Path, version: int) -> None:
    """Bring older tables up to date, one version at a time, after a copy."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = path.with_suffix(f".v{version}.db")
    shutil.copy2(path, copy)
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    for step in range(version, VERSION):
        database.executescript(
            f"BEGIN; {_MIGRATIONS[step]} PRAGMA user_version = {step + 1}; COMMIT;"
        )
