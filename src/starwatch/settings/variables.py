"""Environment variables that are no settings of a job, though they begin like one."""

from starwatch import failpoints

WEBHOOK_SECRET = "STARWATCH_WEBHOOK_SECRET"  # noqa: S105 - where it is, not what it is
"""The key that bodies of a webhook are signed with; in no file, so that it is never shown."""

FLINK_PYTHON = "STARWATCH_FLINK_PYTHON"
"""The interpreter that can import PyFlink; it says where something is on this machine alone."""

NO_SETTINGS = frozenset({failpoints.VARIABLE, FLINK_PYTHON, WEBHOOK_SECRET})
"""All of them: whoever reads one more adds it here."""
