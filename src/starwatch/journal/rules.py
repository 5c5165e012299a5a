"""The rules of the job that a state belongs to, read back from the plain values that it keeps."""

from collections.abc import Mapping
from typing import Any

from starwatch.ratings.scale import Scale
from starwatch.windows.job import Duplicates, Job, Quiet, WindowTime
from starwatch.windows.spec import WindowSpec


def job_from_facts(facts: Mapping[str, Any]) -> Job:
    """The job whose rules a state keeps (`service.state.job_facts`)."""
    return Job(
        **dict(facts)
        | {
            "windows": tuple(WindowSpec.parse(label) for label in facts["windows"]),
            "scale": Scale.parse(facts["scale"]),
            "time": WindowTime(facts["time"]),
            "quiet": Quiet(facts["quiet"]),
            "duplicates": Duplicates(facts["duplicates"]),
        }
    )
