"""Two samples compared in every column, and what it costs to have looked at so many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._twosample import (
    Sample,
    TwoSampleTest,
    alike,
    as_sample,
    check_options,
    compared,
    joined,
    make_units,
    owners,
    p_value_of,
    relabellings,
    summary,
    thinned,
)
from hepml.stats.events import as_vector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

__all__ = ["ColumnTests", "column_tests", "sidak"]


def sidak(p_value: float, trials: int) -> float:
    """Probability that the smallest of some independent p-values is as small (Z. Šidák 1967).

    Parameters
    ----------
    p_value : float
        The smallest one, 0 to 1.
    trials : int
        Of how many.

    Returns
    -------
    float
        1 - (1 - p)^k, precise for small p as well.

    Examples
    --------
    >>> round(sidak(0.02, 30), 3)
    0.455
    """
    return float(-np.expm1(trials * np.log1p(-p_value))) + 0.0 if p_value < 1 else 1.0


@dataclass(frozen=True, repr=False)
class ColumnTests:
    """One test for each column, and one answer for all of them.

    Attributes
    ----------
    tests : dict of str to TwoSampleTest
        In the order of the columns; their p-values are local: of that column alone.
    largest : str
        The column with the largest distance, over its expected size.
    p_value : float
        Global: share of the permutations with a distance as large in *any* column.
    p_value_error : float
        Standard error of ``p_value`` from the number of permutations.
    """

    tests: dict[str, TwoSampleTest]
    largest: str
    p_value: float
    p_value_error: float

    @property
    def sidak(self) -> float:
        """Global p-value by Šidák: 1 - (1 - p)^k, of the smallest of k local ones.

        Right for independent columns, too large for others. It cannot fall below about k over the
        number of permutations, as no local p-value falls below one over it.
        """
        return sidak(min(test.p_value for test in self.tests.values()), len(self.tests))

    def __repr__(self):
        count = len(self.tests)
        return (
            f"ColumnTests({count} column{'s' * (count > 1)}, largest distance in {self.largest}: "
            f"p = {self.tests[self.largest].p_value:.3g} there, "
            f"{self.p_value:.3g} ± {self.p_value_error:.1g} for all, {self.sidak:.3g} by Šidák)"
        )


def column_tests(
    a: Mapping[str, ArrayLike],
    b: Mapping[str, ArrayLike],
    weights_a: ArrayLike | None = None,
    weights_b: ArrayLike | None = None,
    *,
    statistic: str = "ks",
    permutations: int = 999,
    rng: int | np.random.Generator = 0,
) -> ColumnTests:
    """Test two samples for one common distribution in each column, and in all of them at once.

    Whoever looks at thirty histograms finds one with p < 5 % nearly always. Here the same random
    relabellings serve all columns, so that the largest distance of each relabelling is known: its
    distribution makes the global p-value, whatever the correlations (the idea of P. H. Westfall
    and S. S. Young, Resampling-Based Multiple Testing, 1993).

    Parameters
    ----------
    a, b : mapping of str to array_like, shapes (n_a,) and (n_b,)
        Columns of the two samples, e.g. two tables; the same names in both, at least one.
    weights_a, weights_b : array_like, shapes (n_a,) and (n_b,), optional
        As in `two_sample_test`.
    statistic : {"ks", "cvm", "ad"}, default "ks"
        As in `two_sample_test`.
    permutations : int, default 999
    rng : int or numpy.random.Generator, default 0

    Returns
    -------
    ColumnTests

    Raises
    ------
    ValueError, TypeError
        For no columns, other names in one sample than in the other, columns of different lengths,
        and whatever `two_sample_test` refuses.

    Notes
    -----
    Distances are compared over their expected size, which makes those of "ks" alike in all
    columns with many distinct values; a column of few values (a number of jets) has smaller ones
    and is heard less.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = {name: rng.normal(size=500) for name in "xyz"}
    >>> b = {name: rng.normal(size=400) for name in "xyz"}
    >>> b["y"] += 0.4
    >>> column_tests(a, b)
    ColumnTests(3 columns, largest distance in y: p = 0.001 there, 0.001 ± 0.001 for all, \
0.003 by Šidák)
    """
    if statistic == "auc":
        raise ValueError('statistic "auc" is for one score: use two_sample_test.')
    check_options(statistic, permutations, ("ks", "cvm", "ad"))
    columns = common_columns(a, b)
    rng = np.random.default_rng(rng)
    samples = {name: pair_of(name, a, b, weights_a, weights_b) for name in columns}
    check_one_length(samples)
    rows = kept_rows(*next(iter(samples.values())), rng)
    owner, in_first = owners(*map(len, rows), rng)
    deals = list(relabellings(in_first, permutations, rng))
    found, drawn = {}, {}
    for name, pair in samples.items():
        chosen = (Sample(s.values[r], s.weights[r]) for s, r in zip(pair, rows, strict=True))
        units = make_units(*joined(*chosen), owner)
        found[name], drawn[name] = compared(units, in_first, deals, statistic)
    largest = max(found, key=lambda name: found[name][0])
    everywhere = np.max(list(drawn.values()), axis=0)
    tests = {n: summary(statistic, samples[n], found[n], drawn[n]) for n in samples}
    return ColumnTests(tests, largest, *p_value_of(found[largest][0], everywhere))


def common_columns(a, b):
    """Names of the columns, the same in both samples."""
    for name, table in (("a", a), ("b", b)):
        if not hasattr(table, "keys"):
            raise TypeError(
                f"{name} has type {type(table).__name__}: wanted columns by name, "
                "e.g. a dict of arrays or a table."
            )
    names, others = list(a.keys()), list(b.keys())
    if only := [name for name in names + others if name not in names or name not in others]:
        raise ValueError(f"Both samples must have the same columns; only one has {only[0]!r}.")
    if not names:
        raise ValueError("No columns: at least one is wanted.")
    return names


def pair_of(name, a, b, weights_a, weights_b):
    """Both samples of one column; the column is named in whatever is wrong with it."""
    try:
        columns = [as_vector(f"column {name!r}", table[name]) for table in (a, b)]
        return alike(as_sample("a", columns[0], weights_a), as_sample("b", columns[1], weights_b))
    except ValueError as error:
        message = str(error)
        raise ValueError(message if repr(name) in message else f"{name}: {message}") from None


def check_one_length(samples):
    for which, letter in enumerate("ab"):
        lengths = {name: len(pair[which].values) for name, pair in samples.items()}
        first = next(iter(lengths))
        for name, length in lengths.items():
            if length != lengths[first]:
                raise ValueError(
                    f"One entry per event is wanted, but in {letter} {first!r} has "
                    f"{lengths[first]} and {name!r} has {length} entries."
                )


def kept_rows(first, second, rng):
    """Rows of both samples that take part, the same in all columns."""
    pair = [Sample(np.arange(len(sample.values)), sample.weights) for sample in (first, second)]
    return thinned(*pair, rng).values, thinned(*pair[::-1], rng).values
