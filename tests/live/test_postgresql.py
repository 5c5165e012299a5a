"""PostgreSQL as tests and users get it: a database a test, and over a kill."""

import psycopg
import pytest

from servers.ports import free_port
from servers.postgresql import PostgreSQL


@pytest.mark.parametrize("_", range(2))
def test_every_test_has_a_database_of_its_own(postgresql, _):
    with psycopg.connect(postgresql) as connection:
        connection.execute("CREATE TABLE windows (product text PRIMARY KEY)")
        with connection.cursor().copy("COPY windows FROM STDIN") as rows:
            rows.write_row(["0000143502"])
        assert connection.execute("SELECT * FROM windows").fetchall() == [("0000143502",)]


def test_a_wrong_password_is_refused(postgresql):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgresql, password="wrong")


def test_a_killed_server_keeps_what_was_committed(servers):
    server = servers.start(PostgreSQL(port=free_port(), settings={"wal_level": "logical"}))
    address = server.kind.address()
    with psycopg.connect(address) as connection:
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)
        connection.execute("CREATE TABLE windows AS SELECT 1 AS revision")
    with psycopg.connect(address) as open_one:
        open_one.execute("UPDATE windows SET revision = 2")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            open_one.execute("SELECT 1")
    server.start()
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT * FROM windows").fetchall() == [(1,)]
