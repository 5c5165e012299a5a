"""A brute-force model of the engine: one rating at a time, written from architecture §3 to §6.

It shares no code with the engine and is as simple as it can be made: plain integers and dicts,
windows recomputed from all ratings whenever rows are due.
"""

from model.model import Model
from model.values import Rating, Row

__all__ = ["Model", "Rating", "Row"]
