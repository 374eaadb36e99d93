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


def test_words_are_spelled(root):
    """Settings and words that are right all the same stand in `pyproject.toml`."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=root, text=True)
    names = [name for name in listed.split("\0") if name and not (root / name).is_symlink()]
    command = [sys.executable, "-m", "codespell_lib", *names]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def code_lines(node):
    """Return how many lines a function's statements take, its docstring left out."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


# A check of an exercise is sentences, one for each misconception: they take their lines.
MEDIANS = {"hepml": 8, "hepml_lessons": 9, "hepml_widgets": 8, "hub": 8}


@pytest.mark.parametrize("package", MEDIANS)
def test_functions_are_short(package, root):
    trees = [ast.parse(path.read_text()) for path in (root / package).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    lengths = sorted(code_lines(node) for node in nodes if isinstance(node, ast.FunctionDef))
    assert statistics.median(lengths) <= MEDIANS[package]
    assert lengths[len(lengths) * 9 // 10] < 30
