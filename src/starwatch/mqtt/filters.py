"""Topic filters: which messages two of them have in common (MQTT 5.0, 4.7 and 4.8.2)."""

from collections.abc import Iterable
from itertools import zip_longest

_SHARE = "$share/"


def unshared(topic: str) -> str:
    """What a shared subscription asks for; any other filter as it is.

    >>> unshared("$share/group/a/+")
    'a/+'
    """
    shared = topic.startswith(_SHARE) and topic.count("/") > 1
    return topic.split("/", 2)[2] if shared else topic


def overlap(one: str, other: str) -> bool:
    """Whether there is a topic that both filters match.

    >>> overlap("a/+", "a/#"), overlap("a/+", "a/+/c"), overlap("#", "$SYS/load")
    (True, False, False)
    """
    levels = list(zip_longest(one.split("/"), other.split("/")))
    if "$" in {level[:1] for level in levels[0]} and {"+", "#"} & set(levels[0]):
        return False  # a wildcard in front stands for no topic that begins with $
    for pair in levels:
        if "#" in pair:
            return True  # it stands for whatever follows, for nothing too
        if None in pair or ("+" not in pair and pair[0] != pair[1]):
            return False
    return True


def asked_for(topic: str, filters: Iterable[str]) -> bool:
    """Whether a topic of a message is one of those that filters ask for.

    >>> asked_for("a/b", ["$share/g/a/+"]), asked_for("a", ["a/+", "b"])
    (True, False)
    """
    return any(overlap(unshared(each), topic) for each in filters)


def given_twice(one: str, other: str) -> bool:
    """Whether two subscriptions of a service bring it some messages twice.

    Two shares in one group and one filter do not: the broker deals messages out among them.
    """
    if one == other and one.startswith(_SHARE):
        return False
    return overlap(unshared(one), unshared(other))
