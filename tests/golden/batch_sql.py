"""Windows by one SQL query over all ratings at once: another way to the same rows.

Nothing here comes from the windows of Starwatch. DuckDB reads the CSV file itself, gives each row
its arrival by its number, and groups. What a row says of its mean is checked in integers.
"""
# ruff: noqa: S608 - what is put into the queries are numbers and names of these tests

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a job: its label in the outputs, size and slide in milliseconds."""

    label: str
    size: int
    slide: int


class Batch:
    """The ratings of one CSV file in a database of their own.

    Args:
        path: The file: reviewer, product, stars, seconds.
        header: Whether it begins with names.
        half_stars: Whether stars are 0.5 to 5 by halves, else 1 to 5.
    """

    def __init__(self, path, *, header=False, half_stars=False):
        self.low, self.steps, self.per_star = (1, 10, 2) if half_stars else (1, 5, 1)
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute(
            f"""
            CREATE TABLE ratings AS
            SELECT
                row_number() OVER () - 1 AS number,
                column1 AS product,
                (CAST(column2 AS DECIMAL(9, 1)) * {self.per_star})::INTEGER AS units,
                CAST(column3 AS BIGINT) * 1000 AS event_ms
            FROM read_csv(
                '{path}', header = {header}, auto_detect = false, columns = {{
                    'column0': 'VARCHAR', 'column1': 'VARCHAR',
                    'column2': 'VARCHAR', 'column3': 'VARCHAR'
                }}
            )
            """
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._db.close()

    def one(self, query):
        return self._db.execute(query).fetchone()[0]

    def by_arrival(self, start_ms, interval_ms):
        """Give row i the window time `start + i * interval`."""
        self._times(f"{start_ms} + number * {interval_ms}")

    def by_event(self):
        """Give every row its own time."""
        self._times("event_ms")

    def _times(self, time):
        self._db.execute(f"CREATE OR REPLACE VIEW timed AS SELECT *, {time} AS t FROM ratings")

    def expect(self, *windows):
        """Compute `expected`: one row for each window and product with a rating.

        The mean in millionths is rounded half to even on the exact fraction, in whole numbers.
        """
        counts = ", ".join(
            f"count(*) FILTER (units = {self.low + step}) AS s{step}" for step in range(self.steps)
        )
        parts = " UNION ALL ".join(
            f"""
            SELECT {place} AS spec, '{window.label}' AS "window", product,
                   e - {window.size} AS start_ms, e AS end_ms, {counts},
                   count(*) AS n, sum(units)::HUGEINT * 1000000 AS total,
                   count(*)::HUGEINT * {self.per_star} AS parts
            FROM (
                SELECT product, units,
                       t - (t % {window.slide}) + k * {window.slide} AS e
                FROM timed, range(1, {window.size // window.slide + 1}) AS steps(k)
            )
            GROUP BY product, e
            """
            for place, window in enumerate(windows)
        )
        self._db.execute(
            f"""
            CREATE OR REPLACE TABLE expected AS
            SELECT * EXCLUDE (total, parts),
                (total // parts + CASE
                    WHEN 2 * (total % parts) > parts THEN 1
                    WHEN 2 * (total % parts) = parts THEN (total // parts) % 2
                    ELSE 0
                END)::BIGINT AS millionths
            FROM ({parts})
            """
        )

    def differences(self, parquet):
        """Rows of a Parquet output that are not those of the query.

        Both stand side by side in the order that is promised: end, window, product by its bytes.
        """
        names = [f"{(self.low + step) / self.per_star:g}" for step in range(self.steps)]
        stars = ", ".join(f'"stars_{name}" AS s{step}' for step, name in enumerate(names))
        counts = [f"s{step}" for step in range(self.steps)]
        columns = ['"window"', "product", "start_ms", "end_ms", *counts, "n", "millionths"]
        self._db.execute(
            f"""
            CREATE OR REPLACE TABLE wanted AS
            SELECT * FROM expected ORDER BY end_ms, spec, encode(product);
            CREATE OR REPLACE TABLE given AS
            SELECT "window", product, epoch_ms("start") AS start_ms, epoch_ms("end") AS end_ms,
                   {stars}, "count" AS n, (mean * 1000000)::BIGINT AS millionths, revision
            FROM read_parquet('{parquet}')
            """
        )
        assert self.one("SELECT count(*) FROM given WHERE revision <> 0") == 0
        assert self.one("SELECT count(*) FROM given") == self.one("SELECT count(*) FROM wanted")
        differs = " OR ".join(f"given.{name} IS DISTINCT FROM wanted.{name}" for name in columns)
        return self._db.execute(
            f"SELECT * FROM given POSITIONAL JOIN wanted WHERE {differs} LIMIT 5"
        ).fetchall()
