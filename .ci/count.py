"""Print how many tests the given JUnit reports hold, as one line.

`fast-again.xml` holds those of `fast.xml` that failed beside others and were run once more, alone:
what counts is how they ended then.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

AGAIN = "-again"


def counted(path: Path) -> list[int]:
    """Tests, failures and skips of one report."""
    suites = list(ET.parse(path).getroot().iter("testsuite"))  # noqa: S314 - our own report
    names = (("tests",), ("failures", "errors"), ("skipped",))
    return [sum(int(s.get(name, 0)) for s in suites for name in some) for some in names]


reports = {path.stem: counted(path) for path in map(Path, sys.argv[1:])}
total = failed = skipped = 0
for stem, (tests, failures, skips) in reports.items():
    if stem.endswith(AGAIN):
        continue
    total, skipped = total + tests, skipped + skips
    failed += reports.get(f"{stem}{AGAIN}", (0, failures, 0))[1]
print(f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or total == skipped else 0)
