"""Where servers keep what they need: one folder that git ignores."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / ".servers"
"""Jars, and a folder for each server of `make servers`."""
