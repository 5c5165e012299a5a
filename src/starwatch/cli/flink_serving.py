"""What `starwatch run --engine flink` is made of: the same job, and what Flink writes back."""

from collections.abc import Sequence
from dataclasses import replace

from starwatch.codecs.options import InputOptions
from starwatch.flink.planning import plan_of
from starwatch.flink.reading import back_source, back_url
from starwatch.ports import LiveSource
from starwatch.settings.sections import SourceSection
from starwatch.settings.sources import Settings
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
