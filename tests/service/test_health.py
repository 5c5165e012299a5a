"""What breaks again and again is said once."""

from starwatch.errors import SourceFailed
from starwatch.service.supervising import Health

SAID = "kafka://h:9092/t refuses: SASL authentication failed (after {}ms in state AUTH_REQ)"


def test_the_same_failure_is_known_whatever_its_numbers():
    health = Health()
    first = SourceFailed(SAID.format(12))
    assert not health.knows(first)
    health.broke(first)
    assert health.knows(SourceFailed(SAID.format(308)))
    assert not health.knows(SourceFailed("kafka://h:9092/t does not answer"))
