"""From settings to a plan; what Flink cannot do is refused here, each with one sentence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting, NotOnFlink
from starwatch.flink.csv_fields import layouts
from starwatch.flink.plan import Names, Plan
from starwatch.flink.security import java_security
from starwatch.ratings.durations import duration_ms
from starwatch.settings.secrets import without_secrets
from starwatch.settings.sections import PrivacySection, SourceSection
from starwatch.settings.sources import Settings
from starwatch.windows.job import Job

if TYPE_CHECKING:
    from starwatch.clients.kafka import Address

_CHOICES = ("group", "from", "instance")
_FORMATS = {None: "json", "json": "json", "jsonl": "json", "csv": "csv"}


def plan_of(
    job: Job,
    sources: Sequence[SourceSection],
    options: InputOptions,
    settings: Settings,
    *,
    masked: bool = False,
) -> Plan:
    """The plan of a job.

    Args:
        job: The rules.
        sources: Where ratings come from.
        options: How messages are to be read.
        settings: What else file and environment say: `[flink]` and `[privacy]`.
        masked: Whether passwords are left out, for what is shown.

    Raises:
        NotOnFlink: something that Flink cannot do is asked of it.
        BadSetting: a setting cannot be used.
    """
    section = settings.flink
    _refuse_rules(job, settings.privacy)
    _refuse_input(options)
    addresses = [_address(source) for source in sources]
    first = _one_cluster(addresses)
    plan = Plan(
        job=job,
        topics=tuple(dict.fromkeys(topic for each in addresses for topic in each.topics)),
        hosts=first.hosts,
        input=options,
        group=first.choices.get("group", "starwatch"),
        security=java_security(first.config, masked=masked),
        latest=first.choices.get("from") == "latest",
        names=Names(section.prefix),
        idle_ms=duration_ms(section.idle),
        parallelism=section.parallelism,
        checkpoint_ms=duration_ms(section.checkpoint),
    )
    if plan.csv:
        layouts(options.columns)
    _refuse_own_topics(plan)
    return plan


def _refuse_own_topics(plan: Plan) -> None:
    names = plan.names
    written = {names.windows, names.late, names.duplicates, names.rejects, names.back}
    if both := sorted(written & set(plan.topics)):
        raise BadSetting(
            f"the job would read the topic {both[0]}, which it writes",
            hint="Give [flink] another prefix",
        )


def _refuse_rules(job: Job, privacy: PrivacySection) -> None:
    if job.lateness_ms:
        raise NotOnFlink(
            "Flink's windows take no corrections, so there is no allowed lateness on Flink",
            hint='Set lateness = "0s", or a larger bound',
        )
    if privacy.reviewers != "keep":
        raise NotOnFlink(
            f"reviewer ids cannot be treated as reviewers = {privacy.reviewers!r} on Flink",
            hint="Late ratings and duplicates are written with them; hash them before Kafka",
        )


def _refuse_input(options: InputOptions) -> None:
    if options.format not in _FORMATS:
        raise NotOnFlink(
            f"messages of the format {options.format!r} cannot be read on Flink",
            hint="Use --format csv or --format json",
        )
    if options.zone.upper() != "UTC":
        raise NotOnFlink(
            f"times that name no zone are UTC on Flink, and cannot be {options.zone}",
            hint="Send times as numbers, or with their zone",
        )


def _address(source: SourceSection) -> "Address":
    scheme = source.url.partition(":")[0]
    if scheme != "kafka":
        raise NotOnFlink(
            f"Flink reads ratings from Kafka alone, not from {without_secrets(source.url)}",
            hint="Give --source kafka://HOST:PORT/TOPIC, and bring the ratings there",
        )
    try:
        from starwatch.clients.kafka import read_address  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadSetting(
            f"kafka:// needs the package {error.name!r}, which is not here",
            hint="Install it: pip install 'starwatch[kafka]'",
        ) from error
    return read_address(source.url, source.options(), known=_CHOICES, owned=())


def _one_cluster(addresses: Sequence["Address"]) -> "Address":
    """The first address, whose cluster and group are those of all."""
    if not addresses:
        raise NotOnFlink(
            "there is no source, and Flink reads ratings from Kafka alone",
            hint="Give --source kafka://HOST:PORT/TOPIC",
        )
    first = addresses[0]
    for each in addresses[1:]:
        same = (each.hosts, each.choices, each.config) == (first.hosts, first.choices, first.config)
        if not same:
            raise NotOnFlink(
                f"{first.name} and {each.name} differ in more than their topics",
                hint="A job on Flink reads topics of one cluster, all in the same way",
            )
    if "instance" in first.choices:
        raise NotOnFlink(
            "a job on Flink is no member of a consumer group, so it has no instance",
            hint="Leave instance out of the source",
        )
    return first
