"""Starwatch: watch product ratings live."""

__version__ = "0.1.0"
