"""Scenarios as streams: each rating as a message, each reject as one that nobody can read."""

from dataclasses import replace

import msgspec

from starwatch.conformance.stream import Happening, Messages, Place, Stream
from starwatch.errors import BadScript
from starwatch.ratings.rejects import Reason
from starwatch.ratings.scale import Scale, plain
from starwatch.scenarios.steps import End, Expectation, Rate, Reject, Script, Tick

_BROKEN = {
    Reason.UNREADABLE: b"%%",
    Reason.MISSING_PRODUCT: b'{"rating":1}',
    Reason.MISSING_STARS: b'{"productID":"p"}',
    Reason.OFF_SCALE: b'{"productID":"p","rating":1e6}',
    Reason.BAD_STARS: b'{"productID":"p","rating":"many"}',
    Reason.BAD_TIME: b'{"productID":"p","rating":1,"timestamp":"soon"}',
    Reason.ID_TOO_LONG: b'{"productID":"%s","rating":1}' % (b"p" * 600),
}
"""A message for each reason that depends on nothing but the message."""


class Told:
    """Tells a script as a stream, several of them one behind the other if asked.

    Args:
        prefix: What products, reviewers and ids begin with, so that no two scripts share one.
        shift_ms: How much later everything happens.
        first: The offset of the first message of each partition; of others it is 0.
    """

    def __init__(self, *, prefix: str = "", shift_ms: int = 0, first: tuple[int, ...] = ()) -> None:
        self._prefix = prefix
        self._shift = shift_ms
        self._first = first

    def stream(self, script: Script) -> Stream:
        """The stream of a script, without what is expected of it.

        Raises:
            BadScript: a reject has a reason that no message alone can have.
        """
        steps = [step for step in script.steps if not isinstance(step, Expectation | End)]
        return Stream(
            name=script.path.replace("\\", "/").rpartition("/")[2],
            title=script.title,
            job=script.setting.job,
            caught_up=tuple(caught_up for _, caught_up in script.setting.partitions),
            steps=tuple(self._step(step, script) for step in steps),
        )

    def _step(self, step: Rate | Reject | Happening, script: Script) -> Messages | Happening:
        if isinstance(step, Rate):
            value = self._rating(step, script.setting.job.scale)
        elif isinstance(step, Tick):
            return replace(step, at_ms=step.at_ms + self._shift)
        elif not isinstance(step, Reject):
            return step
        elif step.reason in _BROKEN:
            value = _BROKEN[step.reason]
        else:
            raise BadScript(
                f"{script.path}:{step.line}: no message alone is rejected as {step.reason}",
                hint="Write a rating with such a time, and a rule that refuses it",
            )
        return Messages.one(step.at_ms + self._shift, self._place(step), value)

    def _place(self, step: Rate | Reject) -> Place:
        first = self._first[step.partition] if step.partition < len(self._first) else 0
        return step.partition, first + step.position

    def _rating(self, rate: Rate, scale: Scale) -> bytes:
        fields: dict[str, object] = {
            "productID": self._prefix + rate.product,
            "rating": float(plain(scale.values[rate.star])),
        }
        if rate.reviewer:
            fields["reviewerID"] = self._prefix + rate.reviewer
        if rate.event_ms is not None:
            fields["timestamp"] = rate.event_ms + self._shift
        if rate.rating_id:
            fields["id"] = self._prefix + rate.rating_id
        return msgspec.json.encode(fields)
