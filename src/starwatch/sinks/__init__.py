"""Where window rows go: one module a sink, found by name in `registry` and imported when named.

In every module the rows become bytes (or a table) in plain functions of the rows and their context;
the adapter that owns a file stands beside them.
"""
