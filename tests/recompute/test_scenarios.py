"""Every scenario on the recomputation.

Left out are expectations of provisional values: those are no rows, and no recomputation has them.
Nothing else is left out, and ratings come one by one only, for large batches are the same here.
"""

from dataclasses import replace

import pytest

from recompute.adapter import Factory
from starwatch.scenarios.runner import run_script
from starwatch.scenarios.script import SHIPPED, read_script
from starwatch.scenarios.steps import ExpectProvisional

FILES = sorted(SHIPPED.glob("*.ratings"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(database, path):
    script = read_script(path)
    steps = tuple(step for step in script.steps if not isinstance(step, ExpectProvisional))
    failure = run_script(replace(script, steps=steps), Factory(database))
    if failure:
        diff = "\n".join(failure.diff)
        pytest.fail(f"{path.name}:{failure.line}: {failure.what}\n{diff}", pytrace=False)
