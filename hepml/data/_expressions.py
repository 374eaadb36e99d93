"""Expressions: ``col("mjj") > 3300`` is built by Python's own operators and never parsed."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod

import numpy as np

from hepml.data._errors import DataError

__all__ = ["COMPARISONS", "FUNCTIONS", "NUMBER", "OPERATORS", "REDUCTIONS", "TEXT", "TRUTH"]
__all__ += ["Expression", "Reduction", "col"]

NUMBER, TEXT, TRUTH = "number", "text", "truth value"
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
LOGIC = {"&": operator.and_, "|": operator.or_}
# NumPy's functions that may be applied to columns: those that are operators, and all the others.
OPERATORS = {
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.greater_equal: operator.ge,
    np.greater: operator.gt,
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.power: operator.pow,
    np.negative: operator.neg,
    np.absolute: operator.abs,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.invert: operator.invert,
    np.logical_and: operator.and_,
    np.logical_or: operator.or_,
    np.logical_not: operator.invert,
    np.isfinite: operator.methodcaller("isfinite"),
}
FUNCTIONS = (np.sqrt, np.square, np.exp, np.log, np.log10, np.sin, np.cos, np.tan, np.arcsin)
FUNCTIONS += (np.arccos, np.arctan, np.arctan2, np.sinh, np.cosh, np.tanh, np.arcsinh, np.hypot)
FUNCTIONS += (np.minimum, np.maximum)


def col(name: str) -> Expression:
    """Column in a cut, such as ``(col("mjj") > 3300) & (abs(col("eta")) < 2.5)``.

    Compare it with numbers, text or other columns by ``< <= == != >= >``; compute with
    ``+ - * / ** abs()`` and with NumPy's ``sqrt``, ``exp``, ``log``, ``cos``, ``hypot`` and the
    like, as in ``np.hypot(col("px"), col("py")) > 20``; choose by ``.isin([…])``,
    ``.between(low, high)`` (both included) and ``.isfinite()``; combine by ``& | ~``, each side in
    parentheses.

    With a column of lists all this is done for each entry, and columns with one value per event
    hold for all entries of it. ``.any()``, ``.all()``, ``.count()``, ``.sum()``, ``.max()`` and
    ``.min()`` make one value per event of it, as in ``(col("Muon_pt") > 20).count() >= 2``.
    Without any of these, ``col("Muon_pt") > 20`` is a cut on entries: `read` keeps all events, and
    in their lists the entries that pass; in which columns, says `hepml.data.read`.

    Parameters
    ----------
    name : str
        The column; it is looked up when a file is read.

    Returns
    -------
    Expression
        To be given to `read`, `chunks` or `convert` as ``where``. As in NumPy a comparison with
        NaN, or with a missing value, is false; only ``!=`` is true then.
    """
    if not isinstance(name, str):
        raise TypeError(f"col() takes the name of a column, not {name!r}")
    return _Column(name)


class Expression(ABC):
    """Something computed from columns: a number, a text or a truth value per event."""

    __hash__ = None  # == builds a cut

    def __bool__(self):
        """Refuse: a cut has no truth value before it is applied to events."""
        message = (
            "a cut is neither true nor false by itself: combine cuts by & | ~ instead of "
            "'and or not', each in parentheses, and write a < col < b as "
            "(a < col) & (col < b) or col.between(a, b)"
        )
        raise TypeError(message)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        """Take what NumPy's functions and scalars would do to a column, if it is known."""
        if method == "__call__" and not options:
            parts = map(_expression, inputs)
            if ufunc in OPERATORS:
                return OPERATORS[ufunc](*parts)
            if ufunc in FUNCTIONS:
                return _Computed(ufunc, parts)
        known = ", ".join(["abs", *(function.__name__ for function in FUNCTIONS)])
        raise TypeError(f"np.{ufunc.__name__} cannot be used in a cut so, only plainly {known}")

    def __lt__(self, other):
        return _Comparison("<", self, other)

    def __le__(self, other):
        return _Comparison("<=", self, other)

    def __eq__(self, other):
        return _Comparison("==", self, other)

    def __ne__(self, other):
        return _Comparison("!=", self, other)

    def __ge__(self, other):
        return _Comparison(">=", self, other)

    def __gt__(self, other):
        return _Comparison(">", self, other)

    def __add__(self, other):
        return _Arithmetic("+", self, other)

    def __radd__(self, other):
        return _Arithmetic("+", other, self)

    def __sub__(self, other):
        return _Arithmetic("-", self, other)

    def __rsub__(self, other):
        return _Arithmetic("-", other, self)

    def __mul__(self, other):
        return _Arithmetic("*", self, other)

    def __rmul__(self, other):
        return _Arithmetic("*", other, self)

    def __truediv__(self, other):
        return _Arithmetic("/", self, other)

    def __rtruediv__(self, other):
        return _Arithmetic("/", other, self)

    def __pow__(self, other):
        return _Power("**", self, other)

    def __rpow__(self, other):
        return _Power("**", other, self)

    def __neg__(self):
        return _Negative(self)

    def __abs__(self):
        return _Magnitude(self)

    def __and__(self, other):
        return _Logic("&", self, other)

    def __rand__(self, other):
        return _Logic("&", other, self)

    def __or__(self, other):
        return _Logic("|", self, other)

    def __ror__(self, other):
        return _Logic("|", other, self)

    def __invert__(self):
        return _Not(self)

    def isin(self, values):
        """Whether the value is one of ``values``, numbers or texts."""
        if isinstance(values, str):
            raise TypeError(f"isin takes several values: isin([{values!r}])")
        return _OneOf(self, values)

    def between(self, low, high):
        """Whether the value lies from ``low`` to ``high``, both included."""
        return (self >= low) & (self <= high)

    def isfinite(self):
        """Whether the value is neither NaN nor infinite nor missing."""
        return _Finite(self)

    def any(self):
        """Whether any entry of the list passes; of an empty list none does."""
        return Reduction("any", self)

    def all(self):
        """Whether all entries of the list pass; of an empty list they do."""
        return Reduction("all", self)

    def count(self):
        """How many entries of the list pass; of numbers or texts, how many there are."""
        return Reduction("count", self)

    def sum(self):
        """Sum of the entries, or how many pass; 0 of an empty list."""
        return Reduction("sum", self)

    def max(self):
        """Largest entry of the list; NaN of an empty one, which passes no comparison but !=."""
        return Reduction("max", self)

    def min(self):
        """Smallest entry of the list; NaN of an empty one, which passes no comparison but !=."""
        return Reduction("min", self)

    # What each kind of expression defines:

    @property
    def columns(self):
        """Names of the columns in it, each once, in order."""
        return list(dict.fromkeys(name for part in self._parts for name in part.columns))

    def lists(self, known):
        """Which of the columns ``known`` to hold lists make it have a value for each entry."""
        return list(dict.fromkeys(name for part in self._parts for name in part.lists(known)))

    @abstractmethod
    def kind(self, kinds):
        """Say what it gives, number, text or truth value; ``kinds`` tells so of each column."""

    @abstractmethod
    def values(self, rows):
        """Its value for each of some `Events` or `Entries`, as array or single constant."""


class _Column(Expression):
    def __init__(self, name):
        self.name = name

    @property
    def columns(self):
        return [self.name]

    def lists(self, known):
        return [self.name] if self.name in known else []

    def kind(self, kinds):
        return kinds[self.name]

    def values(self, rows):
        import pyarrow as pa

        values = rows.column(self.name)
        if pa.types.is_boolean(values.type):
            return values.fill_null(False).to_numpy(zero_copy_only=False)
        # Missing integers become NaN here, missing texts None: both equal nothing.
        return values.to_numpy(zero_copy_only=False)

    def __repr__(self):
        return f"col({self.name!r})"


class _Constant(Expression):
    def __init__(self, value):
        # NumPy makes arrays without axes of its scalars before it hands them on.
        is_scalar = isinstance(value, np.generic | np.ndarray) and value.ndim == 0
        value = value.item() if is_scalar else value
        if not isinstance(value, bool | int | float | str):
            raise TypeError(f"a cut compares columns with numbers or text, not with {value!r}")
        if value != value:  # noqa: PLR0124 - NaN alone differs from itself
            raise DataError("nothing equals NaN: use col(…).isfinite()")
        self.value = _within_range(value) if isinstance(value, int) else value

    columns = ()

    def lists(self, _known):
        return []

    def kind(self, _kinds):
        return TEXT if isinstance(self.value, str) else NUMBER

    def values(self, _rows):
        return self.value

    def __repr__(self):
        return repr(self.value)


def _within_range(value):
    """Integer as it is, or infinity where not even a float reaches."""
    try:
        float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return value


def _expression(value):
    return value if isinstance(value, Expression) else _Constant(value)


class _Operation(Expression):
    """One of the binary operators; a class's ``symbols`` say what each does."""

    def __init__(self, symbol, left, right):
        self.symbol, self._parts = symbol, (_expression(left), _expression(right))

    def values(self, rows):
        left, right = (part.values(rows) for part in self._parts)
        with np.errstate(all="ignore"):
            return self._apply(left, right)

    def _apply(self, left, right):
        return self.symbols[self.symbol](left, right)

    def _wrong(self, kinds):
        left, right = (part.kind(kinds) for part in self._parts)
        return DataError(f"{self!r} makes no sense: {left} {self.symbol} {right}")

    def __repr__(self):
        return f" {self.symbol} ".join(map(_enclosed, self._parts))


class _Arithmetic(_Operation):
    symbols = ARITHMETIC

    def kind(self, kinds):
        if any(part.kind(kinds) == TEXT for part in self._parts):
            raise self._wrong(kinds)
        return NUMBER

    def _apply(self, left, right):
        # In float64: small integers would wrap round, float32 would lose digits.
        return super()._apply(np.asarray(left, dtype=float), np.asarray(right, dtype=float))


class _Power(_Arithmetic):
    def __repr__(self):
        base, exponent = map(_enclosed, self._parts)
        return f"({base}) ** {exponent}" if base.startswith("-") else f"{base} ** {exponent}"


class _Comparison(_Operation):
    symbols = COMPARISONS

    def kind(self, kinds):
        left, right = (part.kind(kinds) for part in self._parts)
        if (left == TEXT) != (right == TEXT):
            raise self._wrong(kinds)
        return TRUTH

    def _apply(self, left, right):
        if _is_text(left) or _is_text(right):
            return _compare_text(self.symbol, left, right)
        return super()._apply(left, right)


class _Logic(_Operation):
    symbols = LOGIC

    def kind(self, kinds):
        if any(part.kind(kinds) != TRUTH for part in self._parts):
            raise self._wrong(kinds)
        return TRUTH


class _Function(Expression):
    """Something done to one expression."""

    takes = (NUMBER, TRUTH)

    def __init__(self, part):
        self._parts = (part,)

    def kind(self, kinds):
        kind = self._parts[0].kind(kinds)
        if kind not in self.takes:
            raise DataError(f"{self!r} makes no sense for a {kind}")
        return self.gives

    def __repr__(self):
        return self.form.format(_enclosed(self._parts[0]), *map(repr, self._parts))


class _Magnitude(_Function):
    gives, form = NUMBER, "abs({1})"

    def values(self, rows):
        return np.abs(np.asarray(self._parts[0].values(rows), dtype=float))


class _Negative(_Function):
    gives, form = NUMBER, "-{0}"

    def values(self, rows):
        return -np.asarray(self._parts[0].values(rows), dtype=float)


class _Computed(Expression):
    """What one of NumPy's functions makes of numbers, in float64."""

    def __init__(self, function, parts):
        self.function, self._parts = function, tuple(parts)

    def kind(self, kinds):
        if any(part.kind(kinds) == TEXT for part in self._parts):
            raise DataError(f"{self!r} makes no sense for a {TEXT}")
        return NUMBER

    def values(self, rows):
        numbers = [np.asarray(part.values(rows), dtype=float) for part in self._parts]
        with np.errstate(all="ignore"):
            return self.function(*numbers)

    def __repr__(self):
        return f"np.{self.function.__name__}({', '.join(map(repr, self._parts))})"


class _Not(_Function):
    takes, gives, form = (TRUTH,), TRUTH, "~{0}"

    def values(self, rows):
        return ~self._parts[0].values(rows)


class _Finite(_Function):
    gives, form = TRUTH, "{0}.isfinite()"

    def values(self, rows):
        return np.isfinite(self._parts[0].values(rows))


class Reduction(Expression):
    """One value per event made of the entries of its list."""

    def __init__(self, name, part):
        self.name, self._parts = name, (part,)

    def lists(self, _known):
        return []

    def kind(self, kinds):
        kind = self._parts[0].kind(kinds)
        takes, gives = REDUCTIONS[self.name]
        if kind not in takes:
            raise DataError(f"{self!r} makes no sense for a {kind}{self._hint}")
        return gives

    @property
    def _hint(self):
        return ": compare it with something first" if self.name in ("any", "all") else ""

    def values(self, rows):
        part, events = self._parts[0], rows.events
        entries = events.entries(part.lists(events.lists), part)
        found = _reduced(self.name, np.broadcast_to(part.values(entries), len(entries)), entries)
        return found if rows is events else np.repeat(found, rows.counts)

    def __repr__(self):
        return f"{_enclosed(self._parts[0])}.{self.name}()"


REDUCTIONS = {
    "any": ((TRUTH,), TRUTH),
    "all": ((TRUTH,), TRUTH),
    "count": ((TRUTH, NUMBER, TEXT), NUMBER),
    "sum": ((TRUTH, NUMBER), NUMBER),
    "max": ((NUMBER,), NUMBER),
    "min": ((NUMBER,), NUMBER),
}
"""Ways to make one value of a list: what each takes, and what it gives."""


def _reduced(name, values, entries):
    counts = entries.counts
    if name in ("max", "min"):
        return _extreme({"max": np.maximum, "min": np.minimum}[name], values, counts)
    if name == "count" and values.dtype != bool:
        return counts
    if values.dtype != bool:
        with np.errstate(all="ignore"):
            return np.bincount(entries.numbers, values.astype(float), minlength=len(counts))
    passed = np.bincount(entries.numbers[values], minlength=len(counts))
    return {"any": passed > 0, "all": passed == counts}.get(name, passed)


def _extreme(function, values, counts):
    """Largest or smallest value of each list, NaN of empty ones."""
    if (counts == 0).any():
        found = np.full(len(counts), np.nan)
    else:  # integers beyond a float's reach stay what they are
        found = np.empty(len(counts), values.dtype)
    if len(values):
        starts = np.cumsum(counts) - counts
        found[counts > 0] = function.reduceat(values, starts[counts > 0])
    return found


class _OneOf(Expression):
    def __init__(self, part, values):
        self._parts, self._values = (part,), tuple(map(_Constant, values))

    def kind(self, kinds):
        for value in self._values:
            _Comparison("==", self._parts[0], value).kind(kinds)
        return TRUTH

    def values(self, rows):
        tests = (_Comparison("==", self._parts[0], value).values(rows) for value in self._values)
        return np.logical_or.reduce([np.zeros(len(rows), dtype=bool), *tests])

    def __repr__(self):
        return f"{_enclosed(self._parts[0])}.isin({list(self._values)!r})"


def _enclosed(part):
    return f"({part!r})" if isinstance(part, _Operation) else repr(part)


def _is_text(values):
    if isinstance(values, np.ndarray):
        return values.dtype.kind == "O"
    return isinstance(values, str)


def _compare_text(symbol, left, right):
    """Compare texts by code points; a missing one is like no other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = {"<": "less", "<=": "less_equal", "==": "equal"}
    names |= {"!=": "not_equal", ">=": "greater_equal", ">": "greater"}
    left, right = (v if isinstance(v, str) else pa.array(v, pa.string()) for v in (left, right))
    found = getattr(pc, names[symbol])(left, right)
    return found.fill_null(symbol == "!=").to_numpy(zero_copy_only=False)
