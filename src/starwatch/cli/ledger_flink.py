"""`starwatch ledger --engine flink`: the books of a job on Flink, and of a state that it fills."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from starwatch.admission.ledger import Books
from starwatch.cli.state_option import reading
from starwatch.clients.kafka import Address, read_address
from starwatch.codecs.options import InputOptions
from starwatch.errors import BadSetting, BadState
from starwatch.flink.ledger import Account, Ledger
from starwatch.flink.messages import TopicReader
from starwatch.flink.plan import Plan
from starwatch.flink.planning import plan_of
from starwatch.flink.reading import back_source, back_url
from starwatch.flink.state_books import StateBooks, noted_places
from starwatch.flink.tally import Tally
from starwatch.settings.job import build_job, given_settings
from starwatch.settings.sections import SourceSection
from starwatch.settings.sources import read_all
from starwatch.sources.kafka import CHOICES
from starwatch.sources.kafka_bulk import Where
from starwatch.sources.kafka_cluster import OWNED, Topics
from starwatch.terminal.flink_books import (
    account_lines,
    account_values,
    state_lines,
    state_values,
)

_PATIENCE_SECONDS = 20.0
"""At least; and three checkpoints, for one may fail and the next one tells of it too."""


def flink_ledger(given: Mapping[str, Any]) -> int:
    """Print the books; 1 if they do not balance, or a state does not agree with them.

    Args:
        given: The options of the command.

    Raises:
        UsageError: a setting that cannot be, or that cannot be had on Flink.
        SourceFailed: Kafka does not answer.
        BadState: the state is not one that this job fills.
    """
    begins = dict(map(_begin, given["begins"]))
    settings = read_all(given["config"])
    sections = [SourceSection(url=url) for url in given["sources"]] or settings.source
    rules = given_settings({"scale": given["scale"]}, given["config"])
    job = build_job(rules, replay=False)
    plan = plan_of(job, sections, InputOptions(), settings)
    _check_begins(begins, plan)
    section = sections[0]
    address = read_address(section.url, section.options(), known=CHOICES, owned=OWNED)
    name = back_source(back_url(section.url, plan.names.back), job.scale, section.options()).name
    kept = _kept(given["state"], name) if given["state"] else None
    with closing(TopicReader(address, plan.group)) as topics:
        back = topics.partitions([plan.names.back])
        state = _state(kept, address, back) if kept else None
        account = _account(topics, plan, back, begins, state)
    _show(given, account, state)
    agrees = state is None or account.seen is None or not state.faults(account.seen)
    return 0 if account.balanced and agrees else 1


def _account(
    topics: TopicReader,
    plan: Plan,
    back: Sequence[Where],
    begins: Mapping[Where, int],
    state: StateBooks | None,
) -> Account:
    ratings = topics.partitions(plan.topics)
    if unknown := sorted(begins.keys() - set(ratings)):
        raise _unknown(unknown[0], [_place(*where) for where in ratings])
    if plan.latest and (missing := [where for where in ratings if where not in begins]):
        raise _not_known(_place(*missing[0]))
    patience = max(_PATIENCE_SECONDS, 3 * plan.checkpoint_ms / 1000)
    ledger = Ledger(topics, ratings=ratings, back=back, begins=begins, patience=patience)
    return ledger.account(Tally(plan.job.scale), state.read if state else None)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a state holds, of one moment.

    Attributes:
        folder: The state directory.
        source: What its source is called.
        books: Its books.
        notes: What its source noted, by key.
    """

    folder: str
    source: str
    books: Books
    notes: Mapping[str, tuple[bytes, int]]


def _kept(folder: str, source: str) -> _Kept:
    with reading(folder) as journal, journal.at_one_moment():
        books, notes = journal.fact("books"), journal.notes(source)
    if books is None:
        raise BadState(f"no commit is in {folder} yet", hint="Start the run that makes it")
    return _Kept(folder, source, msgspec.convert(books, Books), notes)


def _state(kept: _Kept, address: Address, back: Sequence[Where]) -> StateBooks:
    """The books of a state, and how far it is in topics as they are now."""
    asked = Topics(address, refusal=lambda _: None, check=lambda: None)
    read = noted_places(kept.notes, asked.ids([topic for topic, _ in back]), back)
    if not read:
        raise BadState(
            f"{kept.folder} has read nothing of {kept.source}",
            hint="Give the settings with which starwatch run --engine flink fills it",
        )
    return StateBooks(kept.books, read)


def _check_begins(begins: Mapping[Where, int], plan: Plan) -> None:
    """Refuse what can be told to be wrong without asking Kafka."""
    topics = {topic for topic, _ in begins}
    if unknown := sorted(where for where in begins if where[0] not in plan.topics):
        raise _unknown(unknown[0], plan.topics)
    if plan.latest and (missing := [topic for topic in plan.topics if topic not in topics]):
        raise _not_known(_place(missing[0], 0))


def _unknown(where: Where, known: Sequence[str]) -> BadSetting:
    return BadSetting(
        f"--begin names {_place(*where)}, which the job does not read",
        hint=f"It reads {', '.join(known)}",
    )


def _not_known(place: str) -> BadSetting:
    return BadSetting(
        f"from = latest: where the job began in {place} is not known",
        hint=f"Say it: --begin {place}=OFFSET",
    )


def _place(topic: str, partition: int) -> str:
    return f"{topic}/{partition}"


def _begin(text: str) -> tuple[Where, int]:
    """`TOPIC/PARTITION=OFFSET`."""
    place, _, offset = text.rpartition("=")
    topic, _, partition = place.rpartition("/")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        raise BadSetting(f"{text!r} is no beginning", hint="Write --begin TOPIC/PARTITION=OFFSET")
    return (topic, int(partition)), int(offset)


def _show(given: Mapping[str, Any], account: Account, state: StateBooks | None) -> None:
    if given["as_json"]:
        told = {"state": state_values(state, account)} if state else {}
        click.echo(json.dumps(account_values(account) | told, indent=2))
        return
    click.echo("\n".join(account_lines(account)))
    if state:
        click.echo("\n".join(state_lines(given["state"], state, account)))
