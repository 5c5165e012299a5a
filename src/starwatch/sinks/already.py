"""Rows that a target says it holds already, by a cursor that it keeps beside them."""

import logging

from starwatch.ports import Cursor

_LOG = logging.getLogger(__name__)


def already_there(name: str, held: int, cursor: Cursor) -> int:
    """How many of the rows behind a cursor a target holds, so that they are not written again.

    What was certain and is not there any more is said aloud; the target goes on without it, for
    the state may not have it either.

    Args:
        name: What the sink is called.
        held: How many rows the target says it holds; 0 where it knows nothing.
        cursor: How far the sink was for certain.
    """
    if held == 0 and cursor.rows:
        _LOG.warning("%s holds nothing of before; it begins with row %d", name, cursor.rows)
    elif held < cursor.rows:
        _LOG.error(
            "%s lacks the %d rows from number %d on, which it had confirmed; it goes on behind",
            name,
            cursor.rows - held,
            held,
        )
    return max(held - cursor.rows, 0)
