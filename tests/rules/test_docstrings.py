"""Whatever is public explains itself: functions in NumPy style, methods at least in words."""

import ast
import inspect
import re
import textwrap

import pytest

from tests.rules.public import CLASSES, FUNCTIONS, METHODS


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


def own_returns(node):
    """Yield the return statements of a function, not those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from own_returns(child)


def returns_value(function):
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    return any(node.value is not None for node in own_returns(body))


def section(text, title):
    """Return the body of one NumPy section, empty if there is none."""
    _before, found, after = text.partition(f"{title}\n{'-' * len(title)}\n")
    return after if found else ""


def has_summary(text):
    return text.strip().split("\n\n")[0].endswith(".")


def unnamed(text, names):
    return [name for name in names if not re.search(rf"\b{name}\b", text)]


@pytest.mark.parametrize(("name", "function"), FUNCTIONS)
def test_public_function_is_documented(name, function):
    text = inspect.getdoc(function) or ""
    assert has_summary(text), name
    assert unnamed(section(text, "Parameters"), parameters(function)) == [], name
    assert section(text, "Returns") or not returns_value(function), name


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_public_method_is_explained(name, method):
    text = inspect.getdoc(method) or ""
    assert has_summary(text), name
    assert unnamed(text, parameters(method)) == [], name


@pytest.mark.parametrize(("name", "cls"), CLASSES)
def test_public_class_is_documented(name, cls):
    assert has_summary(inspect.getdoc(cls) or ""), name
