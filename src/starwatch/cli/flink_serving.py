"""What `starwatch run --engine flink` is made of: the same job, and what Flink writes back."""

from collections.abc import Sequence
from dataclasses import replace

from starwatch.errors import BadSetting
from starwatch.flink.reading import back_source, back_url
from starwatch.ports import LiveSource
from starwatch.ratings.scale import Scale
from starwatch.settings.sections import FlinkSection, SourceSection
from starwatch.windows.job import Job, Quiet, WindowTime


def job_elsewhere(job: Job) -> Job:
    """The rules of a job whose ratings Flink admits.

    Whatever time its windows go by, a pane that comes back says when it was.

    Raises:
        BadSetting: Flink cannot do what they say.
    """
    return replace(job, time=WindowTime.EVENT, quiet=Quiet.WAIT, elsewhere=True)


def written_back(
    sections: Sequence[SourceSection], flink: FlinkSection, scale: Scale
) -> LiveSource:
    """The source of what Flink writes back for the Kafka topics that it reads.

    Raises:
        BadSetting: there is not one Kafka cluster.
    """
    kafka = [section for section in sections if section.url.startswith("kafka:")]
    if len(kafka) != 1 or len(kafka) < len(sections):
        raise BadSetting(
            "Flink reads ratings from one Kafka cluster, and from nothing else",
            hint="Give one --source kafka://HOST:PORT/TOPIC",
        )
    (section,) = kafka
    return back_source(back_url(section.url, flink.prefix), scale, section.options())
