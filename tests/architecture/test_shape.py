"""Files and functions stay short, folders say what lives in them, means stay exact."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "starwatch"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

EMPTY_NAMES = {"utils", "util", "common", "helpers", "core", "base", "misc", "shared", "lib"}
"""Names that say nothing about what they hold."""

FLOAT_MEANS = {"mean", "average", "nanmean", "fmean"}
"""Calls that give a float; the project's means are fractions (`ratings/means.py`)."""


def length(node):
    """Lines of a function behind its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = first.end_lineno + 1 if documented else first.lineno
    return node.end_lineno - start + 1


def test_no_file_is_long():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert [f"{path}: {n}" for path, n in lines.items() if n > 500] == []
    long = [f"{path.relative_to(PACKAGE)}: {n}" for path, n in lines.items() if n > 350]
    assert len(long) <= len(lines) / 10, long


def test_nine_functions_in_ten_are_short():
    functions = [
        (length(node), f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}")
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = sorted(entry for entry in functions if entry[0] > 25)
    assert len(long) <= len(functions) / 10, long


def test_no_name_is_empty():
    names = {part for path in FILES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert names & EMPTY_NAMES == set()


def test_no_mean_is_a_float():
    calls = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in FLOAT_MEANS
    ]
    assert calls == []
