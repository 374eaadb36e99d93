"""Tests of damaged files give no input to anybody's library that exhausts memory or never ends.

A guard is tested with a small file under a lowered limit, and with counts a little beyond what is
there. Texts say what can happen to a reader, not how to bring it about.
"""

import ast
import re

import pytest

OPENING = set("([{<+-~!*/'\"")
MOST_DEEP, MOST_REPEATED, MOST_VALUES = 100, 1_000_000, 1_000_000
WORDS = re.compile("bo" + "mb|billion" + " laughs|zip of dea" + "th", re.IGNORECASE)
FILES = re.compile(r"tests/data/(damage|test_(csv|hdf5|malformed|np[yz]|parquet|read|root))\.py")


def number(node):
    """Value of an expression of integers; None if there is a name in it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) else None
    if not isinstance(node, ast.BinOp):
        return None
    left, right = number(node.left), number(node.right)
    if None in (left, right):
        return None
    if isinstance(node.op, ast.Pow):
        return left**right if right < 100 else 10**100
    return {ast.Mult: left * right, ast.Add: left + right}.get(type(node.op))


def repeated(node):
    """Text and number of times, of ``text * times``."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return None
    for text, times in ((node.left, node.right), (node.right, node.left)):
        if isinstance(text, ast.Constant) and isinstance(text.value, str | bytes):
            value = text.value if isinstance(text.value, str) else text.value.decode("latin1")
            return value, number(times) or 0
    return None


def is_deep(node):
    """Tell whether brackets or signs are opened so many times that a parser would nest deeply."""
    text, times = repeated(node) or ("", 0)
    return times > MOST_DEEP and not set(text) - OPENING and bool(text)


def is_long(node):
    text, times = repeated(node) or ("", 0)
    return len(text) * times > MOST_REPEATED


def is_wide(node):
    """Tell whether a dataset or an array is declared with more values than a test has."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    shapes = node.args[1:2] if node.func.attr == "create_dataset" else []
    shapes += node.args[:1] if node.func.attr in {"zeros", "ones", "empty"} else []
    sizes = [number(one) or 1 for s in shapes for one in getattr(s, "elts", [s])]
    return any(size > MOST_VALUES for size in sizes)


def bad_lines(text, *checks):
    nodes = ast.walk(ast.parse(text))
    return [node.lineno for node in nodes if any(check(node) for check in checks)]


@pytest.mark.parametrize(
    ("check", "line", "found"),
    [
        (is_deep, "'(' * 101", True),
        (is_deep, "3 * 10**2 * b'['", True),
        (is_deep, "'x' * 101", False),
        (is_deep, "'-' * 60", False),
        (is_long, "b'1,2' * 1_000_001", True),
        (is_long, "'1.25' * 1000", False),
        (is_wide, "f.create_dataset('x', (10**12,), 'f4')", True),
        (is_wide, "f.create_dataset('x', (10,), 'f4')", False),
        (is_wide, "np.zeros((1, 2_000_000))", True),
    ],
)
def test_checks_find_what_they_forbid(check, line, found):
    assert bool(bad_lines(line, check)) is found


def test_no_test_nests_deeply(root):
    tests = sorted((root / "tests").rglob("*.py"))
    bad = {path.name: bad_lines(path.read_text(encoding="utf-8"), is_deep) for path in tests}
    assert {name: lines for name, lines in bad.items() if lines} == {}


def test_files_of_tests_are_small(root):
    tests = [p for p in sorted((root / "tests").rglob("*.py")) if FILES.search(p.as_posix())]
    assert len(tests) > 7
    bad = {
        path.name: bad_lines(path.read_text(encoding="utf-8"), is_long, is_wide) for path in tests
    }
    assert {name: lines for name, lines in bad.items() if lines} == {}


def test_texts_say_what_can_happen_only(tracked, root):
    places = [path for path in tracked if path.suffix in {".py", ".md", ".js", ".toml", ".sh"}]
    bad = [path for path in places if WORDS.search(path.read_text(encoding="utf-8"))]
    assert [path.relative_to(root).as_posix() for path in bad] == []
