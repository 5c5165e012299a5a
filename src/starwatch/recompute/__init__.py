"""The same windows another way: SQL over all ratings at once, to prove what the engine emitted."""
