"""Scripted streams: ratings on a clock of their own, and the rows that must come of them."""
