"""Cuts as objects: ``col("mjj") > 3300`` is built by Python's own operators and never parsed."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from hepml.data._errors import DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["COMPARISONS", "Expression", "check_cut", "col", "selected"]

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

    def isin(self, values: Iterable[object]) -> Expression:
        """Whether the value is one of ``values``, numbers or texts."""
        if isinstance(values, str):
            raise TypeError(f"isin takes several values: isin([{values!r}])")
        return _OneOf(self, values)

    def between(self, low: object, high: object) -> Expression:
        """Whether the value lies from ``low`` to ``high``, both included."""
        return (self >= low) & (self <= high)

    def isfinite(self) -> Expression:
        """Whether the value is neither NaN nor infinite nor missing."""
        return _Finite(self)

    # What each kind of expression defines:

    @property
    def columns(self):
        """Names of the columns in it, each once, in order."""
        return list(dict.fromkeys(name for part in self._parts for name in part.columns))

    @abstractmethod
    def kind(self, kinds):
        """Say what it gives, number, text or truth value; ``kinds`` tells so of each column."""

    @abstractmethod
    def values(self, batch):
        """Its value for each row of an Arrow ``batch``, as NumPy array or single constant."""


class _Column(Expression):
    def __init__(self, name):
        self.name = name

    @property
    def columns(self):
        return [self.name]

    def kind(self, kinds):
        return kinds[self.name]

    def values(self, batch):
        import pyarrow as pa

        values = batch.column(batch.schema.get_field_index(self.name))
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

    def kind(self, _kinds):
        return TEXT if isinstance(self.value, str) else NUMBER

    def values(self, _batch):
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

    def values(self, batch):
        left, right = (part.values(batch) for part in self._parts)
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

    def values(self, batch):
        return np.abs(np.asarray(self._parts[0].values(batch), dtype=float))


class _Negative(_Function):
    gives, form = NUMBER, "-{0}"

    def values(self, batch):
        return -np.asarray(self._parts[0].values(batch), dtype=float)


class _Computed(Expression):
    """What one of NumPy's functions makes of numbers, in float64."""

    def __init__(self, function, parts):
        self.function, self._parts = function, tuple(parts)

    def kind(self, kinds):
        if any(part.kind(kinds) == TEXT for part in self._parts):
            raise DataError(f"{self!r} makes no sense for a {TEXT}")
        return NUMBER

    def values(self, batch):
        numbers = [np.asarray(part.values(batch), dtype=float) for part in self._parts]
        with np.errstate(all="ignore"):
            return self.function(*numbers)

    def __repr__(self):
        return f"np.{self.function.__name__}({', '.join(map(repr, self._parts))})"


class _Not(_Function):
    takes, gives, form = (TRUTH,), TRUTH, "~{0}"

    def values(self, batch):
        return ~self._parts[0].values(batch)


class _Finite(_Function):
    gives, form = TRUTH, "{0}.isfinite()"

    def values(self, batch):
        return np.isfinite(self._parts[0].values(batch))


class _OneOf(Expression):
    def __init__(self, part, values):
        self._parts, self._values = (part,), tuple(map(_Constant, values))

    def kind(self, kinds):
        for value in self._values:
            _Comparison("==", self._parts[0], value).kind(kinds)
        return TRUTH

    def values(self, batch):
        tests = (_Comparison("==", self._parts[0], value).values(batch) for value in self._values)
        return np.logical_or.reduce([np.zeros(batch.num_rows, dtype=bool), *tests])

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


def check_cut(path, cut, schema):
    """Raise a `DataError` unless a cut can be applied to a table.

    Parameters
    ----------
    path : pathlib.Path
        For the message.
    cut : Expression
    schema : pyarrow.Schema
    """
    if not isinstance(cut, Expression):
        raise TypeError(f'where= takes a cut such as col("mjj") > 3300, not {cut!r}')
    for name in cut.columns:
        if name not in schema.names:
            raise DataError(f"{path.name} has no column {name!r}; {nearest(name, schema.names)}")
    kind = cut.kind({name: _kind_of(path, schema.field(name)) for name in cut.columns})
    if kind != TRUTH:
        raise DataError(f"{cut!r} is a {kind}, not a cut: compare it with something")


def _kind_of(path, field):
    import pyarrow as pa

    if pa.types.is_nested(field.type):
        message = f"{field.name!r} of {path.name} holds several values per event: no cut can use it"
        raise DataError(message)
    if pa.types.is_boolean(field.type):
        return TRUTH
    is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    return NUMBER if is_number else TEXT


def selected(batch, cut):
    """Rows of a `pyarrow.RecordBatch` that pass a cut."""
    import pyarrow as pa

    passes = np.broadcast_to(cut.values(batch), batch.num_rows)
    return batch if passes.all() else batch.filter(pa.array(passes))
