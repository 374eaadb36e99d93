"""One look for all code, and functions that fit a glance."""

import ast
import statistics
import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff_is_content(command, root):
    ruff = [sys.executable, "-m", "ruff", *command, "--quiet", "."]
    done = subprocess.run(ruff, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def code_lines(node):
    """Return how many lines a function's statements take, its docstring left out."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("package", ["hepml", "hepml_widgets"])
def test_functions_are_short(package, root):
    trees = [ast.parse(path.read_text()) for path in (root / package).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    lengths = sorted(code_lines(node) for node in nodes if isinstance(node, ast.FunctionDef))
    assert statistics.median(lengths) <= 8
    assert lengths[len(lengths) * 9 // 10] < 30
