"""Panes as open Parquet: the past of every product, for any window that is a multiple of one."""
