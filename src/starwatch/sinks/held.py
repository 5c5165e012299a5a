"""Rows that a sink holds back until there are enough of them."""

from starwatch.windows.rows import WindowRows


class HeldRows:
    """Rows in the order in which they were added; `len` says how many."""

    def __init__(self) -> None:
        self._parts: list[WindowRows] = []
        self._count = 0

    def __len__(self) -> int:
        """The number of rows."""
        return self._count

    def add(self, rows: WindowRows) -> None:
        """Hold these rows behind the others."""
        if len(rows):
            self._parts.append(rows)
            self._count += len(rows)

    def take(self, most: int) -> WindowRows | None:
        """The first rows, so many at most, which are then held no more; None without rows."""
        if not self._count:
            return None
        rows = WindowRows.concat(self._parts)
        first, rest = rows.take(slice(most)), rows.take(slice(most, None))
        self.clear()
        self.add(rest)
        return first

    def clear(self) -> None:
        """Hold nothing."""
        self._parts, self._count = [], 0
