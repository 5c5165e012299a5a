"""Pieces of Flink SQL: names and values that cannot break out of their quotes, lists, views."""

from collections.abc import Iterable, Mapping

_UNITS = (("DAY", 86_400_000), ("HOUR", 3_600_000), ("MINUTE", 60_000), ("SECOND", 1_000))


def literal(text: str) -> str:
    """A text as SQL writes it.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL writes it, whatever stands in it.

    >>> identifier("a`b")
    '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"


def interval(ms: int) -> str:
    """A duration in the largest unit that it is whole in; milliseconds are parts of a second.

    >>> interval(86_400_000), interval(5_001)
    ("INTERVAL '1' DAY(1)", "INTERVAL '5.001' SECOND(1, 3)")
    """
    for unit, length in _UNITS:
        if ms and not ms % length:
            count = str(ms // length)
            return f"INTERVAL '{count}' {unit}({len(count)})"
    seconds, rest = divmod(ms, 1000)
    return f"INTERVAL '{seconds}.{rest:03}' SECOND({len(str(seconds))}, 3)"


def indented(text: str, by: int) -> str:
    """The same lines further to the right, the first one where it stands."""
    return text.replace("\n", "\n" + " " * by)


def listed(parts: Iterable[str], by: int = 2) -> str:
    """Parts of a list, each on lines of its own."""
    return (",\n" + " " * by).join(indented(part, by) for part in parts)


def options(values: Mapping[str, str]) -> str:
    """The options of a table.

    >>> print(options({"format": "raw"}))
    WITH (
      'format' = 'raw'
    )
    """
    pairs = [f"{literal(key)} = {literal(value)}" for key, value in values.items()]
    return f"WITH (\n  {listed(pairs)}\n)"


def view(name: str, about: str, query: str) -> str:
    """A view with a comment before it.

    Args:
        name: What later statements call it.
        about: Lines of the comment.
        query: What it selects.
    """
    return f"{comment(about)}\nCREATE TEMPORARY VIEW {identifier(name)} AS\n{query.strip()}"


def comment(text: str) -> str:
    """Lines as a comment of SQL; no line of it can be anything else."""
    return "\n".join(f"-- {line}".rstrip() for line in text.strip().splitlines())


def epoch_ms(time: str) -> str:
    """A time as whole milliseconds since 1970; null where it is null.

    Args:
        time: An expression of type TIMESTAMP_LTZ(3), or TIMESTAMP(3) in UTC.
    """
    return f"EXTRACT(EPOCH FROM {time}) * 1000 + EXTRACT(MILLISECOND FROM {time})"
