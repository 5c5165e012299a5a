"""What a Java stack trace says, in one line."""

import re
from itertools import takewhile

_CAUSE = re.compile(r"^Caused by: ", re.MULTILINE)
_PLACE = re.compile(r"\s+at \S|\s*\.\.\. \d+ more|\s+Suppressed: ")
_CLASS = re.compile(r"(?:(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)(?:: |$))+")
_CALL = re.compile(r"An error occurred while calling .*\n: ")

_PASSED_ON = "Global failure triggered by OperatorCoordinator for "

_MOST = 400
"""Characters of one message: some hold whole plans."""


def what_java_said(trace: str) -> str:
    r"""The first message of a stack trace, and the last cause where that says more.

    >>> what_java_said(
    ...     "org.apache.flink.table.api.ValidationException: Unable to create a source.\n"
    ...     "\tat org.apache.flink.Foo.bar(Foo.java:12)\n"
    ...     "Caused by: java.lang.IllegalStateException: No factory for 'kafka'\n"
    ...     "\tat org.apache.flink.Foo.baz(Foo.java:34)\n"
    ... )
    "Unable to create a source: No factory for 'kafka'"

    Of a failure that Flink only passes on, the cause alone is told: what stands before it is the
    plan.

    >>> what_java_said(
    ...     "org.apache.flink.util.FlinkException: Global failure triggered by OperatorCoordinator"
    ...     " for 'Source: a -> Calc[2]' (operator cbc3).\n\tat org.apache.flink.Foo.bar(A.java)\n"
    ...     "Caused by: org.apache.kafka.common.errors.UnknownTopicOrPartitionException: "
    ...     "This server does not host this topic-partition.\n"
    ... )
    'This server does not host this topic-partition'
    """
    told = trace.strip()
    called = _CALL.match(told)  # Py4J says first what it called
    causes = _CAUSE.split(told[called.end() :] if called else told)
    first, last = _message(causes[0]), _message(causes[-1])
    if last in first:
        return first
    return last if first.startswith(_PASSED_ON) else f"{first}: {last}"


def _message(cause: str) -> str:
    """What stands before the places in the code, without the name of the class if it says more."""
    lines = takewhile(lambda line: not _PLACE.match(line), cause.splitlines())
    text = " ".join(" ".join(lines).split())
    named = _CLASS.match(text)
    text = (text[named.end() :] if named else text) or text
    text = text.rstrip(". ")
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
