"""The ordered log of what the engine was given, and the commit that makes it last (§7)."""
