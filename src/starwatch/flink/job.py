"""What is submitted to a cluster: a name, settings of Flink, and SQL statements in their order."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlinkJob:
    """One job of Flink, as text.

    Args:
        name: How Flink lists it.
        settings: Of this job, by their names in Flink: `parallelism.default`,
            `table.exec.source.idle-timeout`. The name is not among them.
        statements: Run in this order, none with a semicolon at its end. All but the last one make
            tables and views and run nothing; the last one, an `EXECUTE STATEMENT SET BEGIN … END`
            or an `INSERT`, makes the one job.
    """

    name: str
    settings: Mapping[str, str]
    statements: tuple[str, ...]

    def with_settings(self, changes: Mapping[str, str]) -> "FlinkJob":
        """The same job with other or more settings.

        >>> job = FlinkJob("ratings", {"parallelism.default": "1"}, ("INSERT INTO a SELECT 1",))
        >>> job.with_settings({"parallelism.default": "4"}).settings
        {'parallelism.default': '4'}
        """
        return FlinkJob(self.name, {**self.settings, **changes}, self.statements)
