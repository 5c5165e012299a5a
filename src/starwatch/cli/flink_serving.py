"""What `starwatch run --engine flink` is made of: the job, what Flink writes back, and ticks."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from starwatch.clients.kafka import read_address
from starwatch.codecs.options import InputOptions
from starwatch.flink.planning import plan_of
from starwatch.flink.reading import back_source, back_url
from starwatch.flink.ticking import ticking
from starwatch.ports import LiveSource
from starwatch.settings.sections import SourceSection
from starwatch.settings.sources import Settings
from starwatch.sources.kafka import CHOICES
from starwatch.sources.kafka_cluster import OWNED
from starwatch.windows.job import Job, Quiet, WindowTime


def job_elsewhere(job: Job) -> Job:
    """The rules of a job whose ratings Flink admits.

    Whatever time its windows go by, a pane that comes back says when it was.
    """
    return replace(job, time=WindowTime.EVENT, quiet=Quiet.WAIT, elsewhere=True)


def written_back(
    job: Job, sections: Sequence[SourceSection], options: InputOptions, settings: Settings
) -> LiveSource:
    """The source of what Flink writes back for a job, reached as the topics that it reads.

    Raises:
        NotOnFlink: something that Flink cannot do is asked of it.
        BadSetting: a setting cannot be used.
    """
    plan = plan_of(job, sections, options, settings)
    section = sections[0]
    return back_source(back_url(section.url, plan.names.back), job.scale, section.options())


def ticks_written(
    job: Job,
    sections: Sequence[SourceSection],
    options: InputOptions,
    settings: Settings,
    *,
    by_records: bool,
) -> AbstractContextManager[None]:
    """What runs beside: it tells the job on Flink of time that passes in quiet topics.

    Args:
        job: The rules, as they are without Flink.
        sections: Where ratings come from.
        options: How messages are to be read.
        settings: What else file and environment say.
        by_records: Whether windows go by the time of records, whatever the rules say.

    Raises:
        NotOnFlink: something that Flink cannot do is asked of it.
        BadSetting: a setting cannot be used.
    """
    if job.quiet is not Quiet.ADVANCE:
        return nullcontext()
    rules = replace(job, time=WindowTime.ARRIVAL) if by_records else job
    section = sections[0]
    address = read_address(section.url, section.options(), known=CHOICES, owned=OWNED)
    return ticking(plan_of(rules, sections, options, settings), address)
