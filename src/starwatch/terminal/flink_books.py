"""The books of a job on Flink, in words and as plain values."""

from typing import Any

from starwatch.admission.ledger import Books
from starwatch.flink.ledger import Account, Share
from starwatch.flink.state_books import StateBooks
from starwatch.flink.tally import Found
from starwatch.ratings.durations import moment_label
from starwatch.terminal.summary import class_lines, number_text


def account_lines(account: Account) -> list[str]:
    """The books of Flink, in messages: each is one rating, or a reject."""
    found = account.found
    books = Books(
        received=account.received,
        counted=found.counted,
        duplicate=found.duplicate,
        late=found.late,
        rejected=found.rejected,
        pending=account.pending,
        reasons=found.reasons,
    )
    closed = "none has closed yet"
    if account.watermark_ms is not None:
        closed = f"the last that closed ended {moment_label(account.watermark_ms)}"
    lines = [
        f"received {number_text(account.received, 'message')}, all that Flink has told its group",
        *class_lines(books),
        f"  counted: {found.panes:,} in panes, {found.partly:,} partly late",
        f"  pending: in open panes; {closed}",
        *map(_share, account.shares),
    ]
    if account.gone:
        lines.append(
            f"note: {number_text(account.gone, 'offset')} of the topics are gone, and nobody can"
            " tell whether they held messages; pending may be more by so many"
        )
    return [*lines, _verdict(account)]


def state_lines(name: str, state: StateBooks, account: Account) -> list[str]:
    """Whether a state agrees with the rows that it has read, and how far it is behind."""
    seen = account.seen or Found()
    faults = state.faults(seen)
    rows = number_text(account.found.rows - seen.rows, "row")
    behind = account.found.messages - seen.messages
    agrees = f"DOES NOT AGREE with them: {', '.join(faults)}" if faults else "agrees with them"
    return [
        f"state {name}: has read {number_text(seen.rows, 'row')} of Flink's topic and {agrees}",
        f"state {name}: {rows} ({number_text(behind, 'message')}) behind",
    ]


def account_values(account: Account) -> dict[str, Any]:
    """The same, for machines."""
    found = account.found
    return {
        "unit": "message",
        "received": account.received,
        "counted": found.counted,
        "panes": found.panes,
        "partly_late": found.partly,
        "duplicate": found.duplicate,
        "late": found.late,
        "rejected": found.rejected,
        "reasons": {str(reason): number for reason, number in found.reasons.items()},
        "pending": account.pending,
        "unread": account.unread,
        "gone": account.gone,
        "closed_ms": account.watermark_ms,
        "rows": found.rows,
        "sources": [_share_values(share) for share in account.shares],
        "faults": account.faults,
        "balanced": account.balanced,
    }


def state_values(state: StateBooks, account: Account) -> dict[str, Any]:
    """The same of a state."""
    seen = account.seen or Found()
    return {
        "rows": seen.rows,
        "messages": seen.messages,
        "rows_behind": account.found.rows - seen.rows,
        "messages_behind": account.found.messages - seen.messages,
        "faults": state.faults(seen),
        "agrees": not state.faults(seen),
    }


def _share(share: Share) -> str:
    topic, partition = share.where
    kinds = share.kinds
    without = number_text(share.empty, "offset")
    return (
        f"{topic}/{partition}: {number_text(share.messages, 'message')} from offset {share.begin:,}"
        f" up to {share.read:,}, {without} without one, {share.unread:,} unread;"
        f" {kinds['partly']:,} partly late, {kinds['duplicate']:,} duplicate, {kinds['late']:,}"
        f" late, {kinds['rejected']:,} rejected"
    )


def _share_values(share: Share) -> dict[str, Any]:
    return {
        "topic": share.where[0],
        "partition": share.where[1],
        "begin": share.begin,
        "read": share.read,
        "end": share.end,
        "received": share.messages,
        "empty": share.empty,
        "gone": share.gone,
        "unread": share.unread,
        "partly_late": share.kinds["partly"],
        "duplicate": share.kinds["duplicate"],
        "late": share.kinds["late"],
        "rejected": share.kinds["rejected"],
    }


def _verdict(account: Account) -> str:
    if account.balanced:
        return "the books balance"
    return f"WARNING: THE BOOKS DO NOT BALANCE: {', '.join(account.faults)}"
