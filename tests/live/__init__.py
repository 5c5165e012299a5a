"""The real servers and a proxy for tests; the fixtures are known to every test."""
