"""Bytes to columns: what a file or a message holds as ratings and rejects; pure, no I/O."""
