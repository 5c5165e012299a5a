import pytest

from starwatch.recompute.ratings import open_database


@pytest.fixture(scope="package")
def database():
    """One database for many recomputations: each makes its relations anew."""
    with open_database() as connection:
        connection.execute("SET threads = 1")
        yield connection
