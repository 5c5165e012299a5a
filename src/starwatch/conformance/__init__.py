"""Runs the same streams on every engine, and says where they differ (architecture §8)."""
